//! The problems of a request that is not valid, with the wire's names of its fields.

use patchbay_engine::{Error, ErrorCode, Field, Problem, ProblemPath};
use serde::Serialize;
use utoipa::ToSchema;

/// One problem of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemOut {
    /// The place in the request.
    #[schema(example = "body.approvals[0].order")]
    path: String,
    /// A stable code.
    #[schema(example = "required")]
    code: &'static str,
    /// What is wrong, for a person.
    message: String,
}

impl ProblemOut {
    /// Returns the problems as texts, each with its place.
    pub fn texts(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(|found| format!("{}: {}", wire_path(&found.path), found.message)).collect()
    }

    /// Returns the shape in which errors show problems.
    pub fn list(problems: &[Problem]) -> Vec<Self> {
        let problem =
            |found: &Problem| Self { path: wire_path(&found.path), code: found.code, message: found.message.clone() };
        problems.iter().map(problem).collect()
    }
}

/// Returns the path of a problem with the wire's name of its field.
fn wire_path(path: &ProblemPath) -> String {
    match path {
        ProblemPath::Input(path) => path.clone(),
        ProblemPath::Field(field, within) => format!("{}{within}", wire_name(*field)),
    }
}

/// Returns the wire's name of a field. Routes where it differs use [`with_name`].
const fn wire_name(field: Field) -> &'static str {
    match field {
        Field::OwnerId => "origin_owner_id",
        Field::OwnerName => "origin_owner_name",
        Field::OwnerUsername => "origin_username",
        Field::Label => "label",
        Field::Metadata => "metadata",
        Field::Categories => "categories",
        Field::ReturnUrl => "redirect_uri",
        Field::VersionPin => "connector_pinned_version",
        Field::AuthMethod => "authentication_config_key",
        Field::Profile => "integration_id",
        Field::Attempt => "connection_attempt_id",
        Field::Setup => "setup_information",
        Field::Connector => "connector",
        Field::Version => "version",
        Field::Environment => "environment",
        Field::Credentials => "credentials",
        Field::EnabledActions => "enabled_actions",
        Field::Default => "default",
        Field::Name => "name",
        Field::Status => "status",
        Field::Search => "search",
        Field::Page => "page",
        Field::PageSize => "page_size",
        Field::Next => "next",
        Field::Until => "until",
        Field::ExpiresIn => "expires_in",
        Field::AllowedOrigins => "allowed_origins",
        Field::ConfirmUrl => "confirm_url",
        Field::Url => "url",
        Field::Events => "events",
        Field::ConnectorEvents => "connector_events",
        Field::Headers => "headers",
        Field::Overlap => "overlap_seconds",
        Field::Limit => "limit",
        Field::Key => "key",
        Field::Password => "password",
        Field::CurrentPassword => "current_password",
    }
}

/// Returns an error whose problems with `field` have the name that the route uses for it.
pub(crate) fn with_name(mut error: Error, field: Field, name: &str) -> Error {
    for problem in error.problems.iter_mut().filter(|problem| problem.path == field.into()) {
        problem.path = name.into();
    }
    error
}

/// Returns 400 `ValidationError` with one problem.
pub(crate) fn invalid(path: &str, message: &str) -> Error {
    let problem = Problem { path: path.into(), code: "invalid", message: message.to_owned() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_of_the_wire() {
        for (path, wire) in [
            (Field::OwnerId.into(), "origin_owner_id"),
            (ProblemPath::key(Field::Setup, "clientId"), "setup_information.clientId"),
            (ProblemPath::index(Field::AllowedOrigins, 3), "allowed_origins[3]"),
            // Inputs of actions keep their names.
            ("owner_id".into(), "owner_id"),
            ("owner id".into(), "owner id"),
            ("body.profile.owner_id".into(), "body.profile.owner_id"),
        ] {
            assert_eq!(wire_path(&path), wire);
        }
        let problem = Problem { path: Field::Connector.into(), code: "unknown", message: "unknown".to_owned() };
        let error = Error::new(ErrorCode::Validation, "unknown").with_problems(vec![problem]);
        assert_eq!(with_name(error, Field::Connector, "provider").problems[0].path, "provider".into());
        let error = invalid("connector", "unknown");
        assert_eq!(with_name(error, Field::Connector, "provider").problems[0].path, "connector".into());
    }
}

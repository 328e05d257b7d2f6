//! The problems of a request that is not valid, with the wire's names of its fields.

use patchbay_engine::{Error, ErrorCode, Field, Problem};
use serde::Serialize;
use utoipa::ToSchema;

/// One problem of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemOut {
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
    pub(super) fn list(problems: &[Problem]) -> Vec<Self> {
        let problem =
            |found: &Problem| Self { path: wire_path(&found.path), code: found.code, message: found.message.clone() };
        problems.iter().map(problem).collect()
    }
}

/// Returns the path of a problem with the wire's name of the field that it begins with.
fn wire_path(path: &str) -> String {
    let (head, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
    let field = Field::ALL.into_iter().find(|field| field.as_str() == head);
    let name = match field {
        Some(field) => wire_name(field),
        None => head,
    };
    format!("{name}{rest}")
}

/// Returns the wire's name of a field. Routes where it differs use [`with_name`].
const fn wire_name(field: Field) -> &'static str {
    match field {
        Field::OwnerId => "origin_owner_id",
        Field::OwnerName => "origin_owner_name",
        Field::VersionPin => "connector_pinned_version",
        Field::AuthMethod => "authentication_config_key",
        Field::Profile => "integration_id",
        Field::Attempt => "connection_attempt_id",
        Field::Setup => "setup_information",
        Field::Connector
        | Field::Version
        | Field::Environment
        | Field::Credentials
        | Field::EnabledActions
        | Field::Default
        | Field::Name
        | Field::Status
        | Field::Search
        | Field::Page
        | Field::PageSize
        | Field::Next
        | Field::Until
        | Field::ExpiresIn
        | Field::AllowedOrigins
        | Field::ConfirmUrl
        | Field::Key
        | Field::Password
        | Field::CurrentPassword => field.as_str(),
    }
}

/// Returns an error whose problems with `field` have the name that the route uses for it.
pub(crate) fn with_name(mut error: Error, field: Field, name: &str) -> Error {
    for problem in error.problems.iter_mut().filter(|problem| problem.path == field.as_str()) {
        name.clone_into(&mut problem.path);
    }
    error
}

/// Returns 400 `ValidationError` with one problem.
pub(crate) fn invalid(path: &str, message: &str) -> Error {
    let problem = Problem { path: path.to_owned(), code: "invalid", message: message.to_owned() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_of_the_wire() {
        for (path, wire) in [
            ("owner id", "origin_owner_id"),
            ("setup values.clientId", "setup_information.clientId"),
            // Inputs of actions keep their names.
            ("owner_id", "owner_id"),
            ("profile", "profile"),
            ("allowed_origins[3]", "allowed_origins[3]"),
            ("body.profile.owner_id", "body.profile.owner_id"),
        ] {
            assert_eq!(wire_path(path), wire);
        }
        let error = invalid("connector", "unknown");
        assert_eq!(with_name(error, Field::Connector, "provider").problems[0].path, "provider");
    }
}

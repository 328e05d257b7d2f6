//! Logging in to the dashboard.

use std::collections::BTreeMap;

use patchbay_engine::MemberSession;
use patchbay_model::Project;
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::secrets::{optional_secret, secret};
use crate::config::{SandboxInfo, ServerConfig};

/// Who is logged in, and what the dashboard shows first.
#[derive(Serialize, ToSchema)]
#[schema(as = LoginSession)]
pub(crate) struct LoginSessionOut {
    /// Whether this browser is logged in.
    signed_in: bool,
    /// Whether a password is set. If not, a one-time login link is needed.
    password_set: bool,
    /// The project of requests without `x-project-id`; null if nobody is logged in.
    #[schema(required)]
    project: Option<ProjectOut>,
    /// The projects to choose from.
    projects: Vec<ProjectOut>,
    /// Null if the sandbox is off or nobody is logged in.
    #[schema(required)]
    sandbox: Option<SandboxOut>,
    /// The server's version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    #[schema(format = "uri")]
    public_url: String,
}

/// A project.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Project)]
pub(crate) struct ProjectOut {
    #[schema(example = "default-10001")]
    id: String,
    #[schema(example = "default")]
    name: String,
}

impl ProjectOut {
    fn new(project: &Project) -> Self {
        Self { id: project.id.to_string(), name: project.name.clone() }
    }
}

/// The credentials that link an account of the sandbox.
#[derive(Serialize, ToSchema)]
#[schema(as = Sandbox)]
pub(crate) struct SandboxOut {
    /// The connector's key.
    #[schema(example = "spotdraft")]
    provider: &'static str,
    /// Field values by the field's key.
    credentials: BTreeMap<&'static str, String>,
}

impl SandboxOut {
    fn new(sandbox: &SandboxInfo) -> Self {
        Self { provider: sandbox.connector, credentials: sandbox.credentials() }
    }
}

impl LoginSessionOut {
    pub(crate) fn new(config: &ServerConfig, session: Option<&MemberSession>, password_set: bool) -> Self {
        let projects = session.map(|session| session.projects.as_slice()).unwrap_or_default();
        let projects = projects.iter().map(ProjectOut::new).collect::<Vec<_>>();
        let sandbox = config.sandbox.as_ref().filter(|_| session.is_some());
        Self {
            signed_in: session.is_some(),
            password_set,
            project: projects.first().cloned(),
            projects,
            sandbox: sandbox.map(SandboxOut::new),
            version: config.version,
            public_url: config.urls.base().to_owned(),
        }
    }
}

/// The credentials of a login: exactly one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The token of a one-time login link.
    #[serde(default, deserialize_with = "optional_secret")]
    #[schema(value_type = Option<String>, format = Password)]
    pub(crate) login_token: Option<Secret>,
    /// The password.
    #[serde(default, deserialize_with = "optional_secret")]
    #[schema(value_type = Option<String>, format = Password)]
    pub(crate) password: Option<Secret>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetPassword {
    /// The new password.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 200)]
    pub(crate) password: Secret,
    /// The current password, if one is set.
    #[serde(default, deserialize_with = "optional_secret")]
    #[schema(value_type = Option<String>, format = Password)]
    pub(crate) current_password: Option<Secret>,
}

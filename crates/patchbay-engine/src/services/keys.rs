//! First start, projects and API keys.

use std::collections::BTreeSet;

use patchbay_model::{ApiKey, Organization, Project, ProjectId, Scope};
use patchbay_vault::Secret;

use super::Engine;
use crate::Error;

/// What the first start made; its secrets are shown this once.
#[derive(Debug)]
pub struct FirstStart {
    /// The organisation.
    pub organization: Organization,
    /// The project `default`.
    pub project: Project,
    /// The API key, unless the operator set one.
    pub api_key: Option<Secret>,
    /// The one-time login token of the dashboard link, good for 24 hours.
    pub login_token: Secret,
}

/// What a key is made from.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its label.
    pub name: String,
    /// What it may do; empty means the defaults.
    pub scopes: BTreeSet<Scope>,
    /// Its text, when the operator chose it (`PATCHBAY_API_KEY`): at least 20 characters.
    pub text: Option<Secret>,
}

/// A key with the text that is shown this once (`v1.local.…`).
#[derive(Debug)]
pub struct CreatedKey {
    /// The key.
    pub key: ApiKey,
    /// Its text.
    pub text: Secret,
}

impl Engine {
    /// Makes organisation, project `default` with its profiles, key and login token when the storage is
    /// empty; `None` when it is not. With `operator_key` (from `PATCHBAY_API_KEY`) that key is accepted in
    /// the first project, at the first and at every later start.
    pub async fn first_start(&self, _operator_key: Option<Secret>) -> Result<Option<FirstStart>, Error> {
        todo!()
    }

    /// Makes a project with an active profile for each connector that needs no set-up fields.
    pub async fn create_project(&self, _name: &str) -> Result<Project, Error> {
        todo!()
    }

    /// All projects.
    pub async fn list_projects(&self) -> Result<Vec<Project>, Error> {
        todo!()
    }

    /// Makes a key.
    pub async fn create_key(&self, _project: &ProjectId, _new: NewKey) -> Result<CreatedKey, Error> {
        todo!()
    }

    /// A project's keys.
    pub async fn list_keys(&self, _project: &ProjectId) -> Result<Vec<ApiKey>, Error> {
        todo!()
    }
}

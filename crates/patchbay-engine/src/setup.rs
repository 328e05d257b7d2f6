//! The first start: creates the organization, a project, an API key and a login token.

use std::sync::Arc;

use patchbay_model::{ApiScope, Organization, Project, ProjectId};
use patchbay_storage::Storage;
use patchbay_vault::{Secret, Vault};

use crate::{
    EngineParts, Error, ErrorCode,
    api_keys::{ApiKeys, NewKey},
    members::Members,
    projects::Projects,
};

/// The result of the first start. Its secrets are shown only once.
#[derive(Debug)]
pub struct FirstStart {
    /// The organization.
    pub organization: Organization,
    /// The project `default`.
    pub project: Project,
    /// The API key, unless the operator set one.
    pub api_key: Option<Secret>,
    /// The one-time login token of the dashboard link, good for 24 hours.
    pub login_token: Secret,
}

/// The record that the first start showed its secrets.
const FIRST_START_RECORD: &str = "first_start";

/// Sets up an empty storage.
pub struct Setup {
    storage: Arc<dyn Storage>,
    projects: Arc<Projects>,
    api_keys: Arc<ApiKeys>,
    members: Arc<Members>,
}

impl Setup {
    pub(crate) fn new(
        parts: &EngineParts,
        projects: Arc<Projects>,
        api_keys: Arc<ApiKeys>,
        members: Arc<Members>,
    ) -> Self {
        Self { storage: parts.storage.clone(), projects, api_keys, members }
    }

    /// Creates the organization, the project `default` with its profiles, an API key and a login token if the storage is
    /// empty; otherwise returns `None`. `operator_key` (from `PATCHBAY_API_KEY`) is accepted in the first project at every
    /// start.
    ///
    /// The caller shows the secrets, then calls [`Setup::finish_first_start`]. Until then each start counts as the first and
    /// creates another key and login token: a start that was interrupted before it showed them must not lock the operator
    /// out.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if `operator_key` is too short; 500 `StorageError` if the database lost its projects; errors of
    /// the storage.
    pub async fn first_start(&self, operator_key: Option<Secret>) -> Result<Option<FirstStart>, Error> {
        let storage = &self.storage;
        let first = match storage.organizations().first().await? {
            Some(organization) => storage.projects().list(&organization.id).await?.into_iter().next(),
            None => None,
        };
        let is_finished = storage.meta().get(FIRST_START_RECORD).await?.is_some();
        if first.is_none() && is_finished {
            return Err(Error::new(
                ErrorCode::Storage,
                "the database was set up, but contains no project: it is damaged. Restore the database from your backup",
            ));
        }
        if let (Some(project), true) = (&first, is_finished) {
            self.accept_operator_key(&project.id, operator_key).await?;
            self.projects.offer_new_connectors().await?;
            return Ok(None);
        }
        let project = match first {
            Some(project) => project,
            None => self.projects.create("default").await?,
        };
        // An interrupted start, or one without this connector, may have created the project.
        self.projects.offer_new_connectors().await?;
        let organization = self.projects.organization().await?;
        let has_key = operator_key.is_some();
        self.accept_operator_key(&project.id, operator_key).await?;
        let api_key = if has_key {
            None
        } else {
            let new = NewKey { name: "first key".to_owned(), scopes: ApiScope::defaults(), text: None };
            Some(self.api_keys.create(&project.id, new).await?.text)
        };
        let login_token = self.members.create_login_token(&project.id).await?;
        Ok(Some(FirstStart { organization, project, api_key, login_token }))
    }

    /// Records that the secrets of the first start were shown: later starts show none.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn finish_first_start(&self) -> Result<(), Error> {
        self.storage.meta().set_once(FIRST_START_RECORD, b"1").await?;
        Ok(())
    }

    async fn accept_operator_key(&self, project: &ProjectId, text: Option<Secret>) -> Result<(), Error> {
        let Some(text) = text else { return Ok(()) };
        let known = self.storage.api_keys().by_hash(&Vault::hash_token(text.expose())).await?;
        if known.is_none() {
            let new = NewKey { name: "operator key".to_owned(), scopes: ApiScope::defaults(), text: Some(text) };
            self.api_keys.create(project, new).await?;
        }
        Ok(())
    }
}

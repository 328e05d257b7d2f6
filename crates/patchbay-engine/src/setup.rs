//! The first start: creates the organization, a project, an API key and a login token.

use std::sync::Arc;

use patchbay_model::{ApiKey, ApiScope, Organization, Project, ProjectId};
use patchbay_storage::{SharedLock, Storage};
use patchbay_vault::{Secret, Vault};

use crate::{
    EngineParts, Error, ErrorCode,
    api_keys::{ApiKeys, NewKey, check_chosen},
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
/// The record of the hash of the API key that the environment sets.
const ENVIRONMENT_KEY_RECORD: &str = "environment_key";
/// The name of that key.
const ENVIRONMENT_KEY_NAME: &str = "environment";
/// The name that earlier versions gave to such keys, of which they had no record.
const FORMER_ENVIRONMENT_KEY_NAME: &str = "operator key";
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
    /// empty; otherwise returns `None`. `operator_key` (from `PATCHBAY_API_KEY`) is the environment's key of the first
    /// project: a start with another one, or without one, revokes the one of the start before.
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
            self.replace_environment_key(&project.id, operator_key).await?;
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
        self.replace_environment_key(&project.id, operator_key).await?;
        let api_key = if has_key {
            None
        } else {
            let new = NewKey { name: "first key".to_owned(), scopes: ApiScope::defaults(), text: None };
            Some(self.api_keys.create(&project.id, new).await?.text)
        };
        let login_token = self.members.create_login_token(&project.id).await?;
        Ok(Some(FirstStart { organization, project, api_key, login_token }))
    }

    /// Waits until no other server that shares the database starts. Others wait until the value is dropped, after
    /// [`Setup::finish_first_start`]: only one of them creates and shows the secrets of the first start.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn lock(&self) -> Result<Option<SharedLock>, Error> {
        match self.storage.replicas() {
            Some(replicas) => Ok(Some(replicas.lock("start").await?)),
            None => Ok(None),
        }
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

    /// Makes `text` the one API key of the environment, and revokes the keys that the environment set before. The record
    /// is written before the key: an interrupted start leaves no key that the next one would not find.
    async fn replace_environment_key(&self, project: &ProjectId, text: Option<Secret>) -> Result<(), Error> {
        let (keys, meta) = (self.storage.api_keys(), self.storage.meta());
        let hash = text.as_ref().map(|text| Vault::hash_token(text.expose()));
        let mut known = match &hash {
            Some(hash) => keys.by_hash(hash).await?,
            None => None,
        };
        if let Some(changed) = known.take_if(|key| !self.api_keys.is_authentic(key)) {
            self.api_keys.revoke(&changed).await?;
            tracing::error!(key = %changed.id, "the row of the API key in PATCHBAY_API_KEY was changed; it is created again");
        }
        // Before anything is revoked: the start fails, and the earlier key remains.
        if let (Some(text), None) = (&text, &known) {
            check_chosen(text)?;
        }
        let record = meta.get(ENVIRONMENT_KEY_RECORD).await?;
        let is_of_environment = |key: &ApiKey| match &record {
            Some(recorded) => key.hash.0.as_slice() == recorded.as_slice(),
            None => key.name == FORMER_ENVIRONMENT_KEY_NAME,
        };
        let mut is_current = false;
        for key in self.api_keys.list_of_project(project).await?.into_iter().filter(is_of_environment) {
            if Some(key.hash) == hash {
                is_current = true;
                if record.is_none() {
                    let named = ApiKey { name: ENVIRONMENT_KEY_NAME.to_owned(), ..key.clone() };
                    keys.update(&named, &key).await?;
                }
                continue;
            }
            self.api_keys.revoke(&key).await?;
            let now = if hash.is_some() { "has another value" } else { "is no longer set" };
            tracing::warn!(key = %key.id, "PATCHBAY_API_KEY {now}: the API key of the earlier start is revoked");
        }
        let Some((text, hash)) = text.zip(hash) else {
            return Ok(meta.set(ENVIRONMENT_KEY_RECORD, b"").await?);
        };
        if !is_current && known.is_some() {
            // Somebody created this key by the API: it is not the environment's to revoke.
            return Ok(meta.set(ENVIRONMENT_KEY_RECORD, b"").await?);
        }
        meta.set(ENVIRONMENT_KEY_RECORD, &hash.0).await?;
        if !is_current {
            let name = ENVIRONMENT_KEY_NAME.to_owned();
            let new = NewKey { name, scopes: ApiScope::defaults(), text: Some(text) };
            self.api_keys.create(project, new).await?;
        }
        Ok(())
    }
}

//! First start, projects and API keys.

use std::{collections::BTreeSet, sync::Arc};

use patchbay_connector::{Connector, definition::ReleaseStage};
use patchbay_model::{ApiKey, ApiScope, Organization, Project, ProjectId};
use patchbay_model::{ApiKeyId, EnabledActions, OrganizationId};
use patchbay_storage::{ProfileFilter, StorageError};
use patchbay_vault::{Secret, Vault};

use crate::{
    Caller, Engine, Error, ErrorCode, Field, keyed_locks::LockKey, profiles::NewProfile, validation::invalid_at,
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

/// The values of a new API key.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its label.
    pub name: String,
    /// Its API scopes; empty means the defaults.
    pub scopes: BTreeSet<ApiScope>,
    /// Its text if the operator chose it (`PATCHBAY_API_KEY`): at least 20 characters.
    pub text: Option<Secret>,
}

/// Changes of an API key; `None` keeps a value.
#[derive(Clone, Debug, Default)]
pub struct KeyPatch {
    /// Its label.
    pub name: Option<String>,
    /// True if calls with it are accepted.
    pub enabled: Option<bool>,
}

/// A new API key with its text (`v1.local.…`), which is shown only once.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key.
    pub key: ApiKey,
    /// Its text.
    pub text: Secret,
}

/// The minimum length of an API key that an operator chooses.
const MIN_KEY_CHARS: usize = 20;
/// The record that the first start showed its secrets.
const FIRST_START_RECORD: &str = "first_start";
/// The record of the connectors for which a project got a profile.
const OFFERED_CONNECTORS_RECORD: &str = "offered_connectors";

impl Engine {
    /// Creates the organization, the project `default` with its profiles, an API key and a login token if the storage is
    /// empty; otherwise returns `None`. `operator_key` (from `PATCHBAY_API_KEY`) is accepted in the first project at every
    /// start.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if `operator_key` is too short; errors of the storage.
    pub async fn first_start(&self, operator_key: Option<Secret>) -> Result<Option<FirstStart>, Error> {
        let storage = self.storage();
        let first = match storage.organizations().first().await? {
            Some(organization) => storage.projects().list(&organization.id).await?.into_iter().next(),
            None => None,
        };
        // A start that was interrupted before it showed its secrets does not count.
        if let (Some(project), Some(_)) = (&first, storage.meta().get(FIRST_START_RECORD).await?) {
            self.accept_operator_key(&project.id, operator_key).await?;
            self.offer_new_connectors().await?;
            return Ok(None);
        }
        let project = match first {
            Some(project) => project,
            None => self.create_project("default").await?,
        };
        // An interrupted start, or one without this connector, may have created the project.
        self.offer_new_connectors().await?;
        let organization = self.organization().await?;
        let has_key = operator_key.is_some();
        self.accept_operator_key(&project.id, operator_key).await?;
        let api_key = if has_key {
            None
        } else {
            let new = NewKey { name: "first key".to_owned(), scopes: ApiScope::defaults(), text: None };
            Some(self.create_key(&project.id, new).await?.text)
        };
        let login_token = self.create_login_token(&project.id).await?;
        storage.meta().set_once(FIRST_START_RECORD, b"1").await?;
        Ok(Some(FirstStart { organization, project, api_key, login_token }))
    }

    async fn accept_operator_key(&self, project: &ProjectId, text: Option<Secret>) -> Result<(), Error> {
        let Some(text) = text else { return Ok(()) };
        let known = self.storage().api_keys().by_hash(&Vault::hash_token(text.expose())).await?;
        if known.is_none() {
            let new = NewKey { name: "operator key".to_owned(), scopes: ApiScope::defaults(), text: Some(text) };
            self.create_key(project, new).await?;
        }
        Ok(())
    }

    /// Returns the organization; creates it if it is missing.
    pub(super) async fn organization(&self) -> Result<Organization, Error> {
        if let Some(organization) = self.storage().organizations().first().await? {
            return Ok(organization);
        }
        let organization = Organization {
            id: OrganizationId::generate(&*self.parts().entropy),
            name: "My organization".to_owned(),
            created_at: self.clock().now(),
        };
        self.storage().organizations().create(&organization).await?;
        Ok(organization)
    }

    /// Creates a project with an active profile for each generally available connector without required setup fields.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an invalid name.
    pub async fn create_project(&self, name: &str) -> Result<Project, Error> {
        check_name("a project", name)?;
        let organization = self.organization().await?;
        let mut number = 10_001 + self.storage().projects().list(&organization.id).await?.len();
        loop {
            let project = Project {
                id: ProjectId::new(format!("{}-{number}", slug(name))),
                organization_id: organization.id.clone(),
                name: name.trim().to_owned(),
                created_at: self.clock().now(),
            };
            match self.storage().projects().create(&project).await {
                Ok(()) => {
                    self.offer_connectors(&project.id).await?;
                    return Ok(project);
                }
                Err(StorageError::Conflict(_)) => number += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Lists all projects.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn list_projects(&self) -> Result<Vec<Project>, Error> {
        match self.storage().organizations().first().await? {
            Some(organization) => Ok(self.storage().projects().list(&organization.id).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Returns the project with this ID; otherwise 404 `ProjectNotFoundError`.
    pub(crate) async fn known_project(&self, id: &ProjectId) -> Result<Project, Error> {
        self.storage().projects().get(id).await?.ok_or_else(|| {
            Error::new(
                ErrorCode::ProjectNotFound,
                format!("project `{id}` does not exist; `patchbay project list` lists the projects"),
            )
        })
    }

    /// Returns a caller for the operator in a project, with every API scope and without a key.
    ///
    /// # Errors
    ///
    /// 404 `ProjectNotFoundError` if the project does not exist.
    pub async fn operator_caller(&self, project: &ProjectId) -> Result<Caller, Error> {
        let project = self.known_project(project).await?;
        Ok(Caller {
            organization_id: project.organization_id,
            project_id: project.id,
            key_id: None,
            scopes: ApiScope::ALL.into_iter().collect(),
        })
    }

    /// Creates profiles for connectors that are newer than a project.
    pub(super) async fn offer_new_connectors(&self) -> Result<(), Error> {
        for project in self.list_projects().await? {
            self.offer_connectors(&project.id).await?;
        }
        Ok(())
    }

    /// Creates an active default profile for each connector that is generally available (`ga`), needs no setup and did not
    /// get one before: a profile that the operator deleted is not created again.
    async fn offer_connectors(&self, project: &ProjectId) -> Result<(), Error> {
        let record = format!("{OFFERED_CONNECTORS_RECORD}:{project}");
        let stored = self.storage().meta().get(&record).await?;
        let mut offered: BTreeSet<String> =
            stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let state = self.connector_catalog().state();
        let registry = state.instance();
        let is_new = |connector: &&Arc<Connector>| {
            // Operators create the profiles of beta connectors and of their own pushed connectors themselves.
            let is_own = state
                .project_connectors(project)
                .is_some_and(|project_connectors| project_connectors.versions(&connector.key).is_some());
            !is_own && !offered.contains(&connector.key)
        };
        let new = registry.of_stage(ReleaseStage::Ga).filter(is_new).cloned().collect::<Vec<_>>();
        if new.is_empty() {
            return Ok(());
        }
        for connector in new {
            let ready =
                connector.authentication.iter().find(|method| method.setup_fields.iter().all(|field| !field.required));
            let filter = ProfileFilter { connector: Some(connector.key.clone()), active: None, page: 1, page_size: 1 };
            let has_one = self.storage().profiles().list(project, &filter).await?.total > 0;
            if let (Some(method), false) = (ready, has_one) {
                self.profiles
                    .add(
                        project,
                        NewProfile {
                            connector: connector.key.clone(),
                            name: None,
                            auth_config_key: Some(method.key.clone()),
                            environment: None,
                            version_pin: None,
                            active: true,
                            default: true,
                            enabled_actions: EnabledActions::All,
                            setup: Vec::new(),
                        },
                    )
                    .await?;
            }
            offered.insert(connector.key.clone());
        }
        let bytes = serde_json::to_vec(&offered).unwrap_or_default();
        Ok(self.storage().meta().set(&record, &bytes).await?)
    }

    /// Creates an API key.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if a chosen text is too short or contains a colon or space; 404 `ProjectNotFoundError`.
    pub async fn create_key(&self, project: &ProjectId, new: NewKey) -> Result<CreatedKey, Error> {
        if new
            .text
            .as_ref()
            .is_some_and(|text| text.expose().len() < MIN_KEY_CHARS || text.expose().contains([':', ' ']))
        {
            return Err(invalid_at(
                Field::Key,
                "length",
                format!(
                    "an API key that you choose needs at least {MIN_KEY_CHARS} characters, without colons and spaces"
                ),
            ));
        }
        self.known_project(project).await?;
        let text = new.text.unwrap_or_else(|| Secret::new(format!("v1.local.{}", self.parts().entropy.token())));
        let key = ApiKey {
            id: ApiKeyId::generate(&*self.parts().entropy),
            project_id: project.clone(),
            name: new.name,
            hash: Vault::hash_token(text.expose()),
            scopes: if new.scopes.is_empty() { ApiScope::defaults() } else { new.scopes },
            enabled: true,
            created_at: self.clock().now(),
        };
        self.storage().api_keys().create(&key).await?;
        Ok(CreatedKey { key, text })
    }

    /// Creates an API key for a caller, with at most the caller's own API scopes.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError` if the caller lacks `platform:write` or one of the scopes; 400 `ValidationError` for an
    /// invalid name.
    pub async fn create_key_for(&self, caller: &Caller, new: NewKey) -> Result<CreatedKey, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let scopes = if new.scopes.is_empty() { ApiScope::defaults() } else { new.scopes };
        caller.require_all(&scopes)?;
        let name = key_name(&new.name)?;
        self.create_key(&caller.project_id, NewKey { name, scopes, text: None }).await
    }

    /// Lists the API keys of the caller's project, oldest first, without their texts.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError` if the caller lacks `platform:read`.
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, Error> {
        caller.require(ApiScope::PlatformRead)?;
        self.list_keys(&caller.project_id).await
    }

    /// Enables, disables or renames an API key.
    ///
    /// # Errors
    ///
    /// 404 `KeyNotFoundError`; 403 `MissingScopeError` if the key has scopes that the caller lacks.
    pub async fn patch_key(&self, caller: &Caller, id: &ApiKeyId, patch: KeyPatch) -> Result<ApiKey, Error> {
        let _key_lock = self.locks.lock(LockKey::ApiKey(caller.project_id.clone(), id.clone())).await;
        let mut key = self.key_within_reach(caller, id).await?;
        if let Some(name) = &patch.name {
            key.name = key_name(name)?;
        }
        key.enabled = patch.enabled.unwrap_or(key.enabled);
        let (engine, changed) = (self.clone(), key.clone());
        let found = self
            .run_to_completion(async move {
                let found = engine.storage().api_keys().update(&changed).await;
                engine.caller_cache.evict(&changed.hash);
                found
            })
            .await?;
        if found { Ok(key) } else { Err(no_key()) }
    }

    /// Deletes an API key; later calls with it are rejected.
    ///
    /// # Errors
    ///
    /// As [`Engine::patch_key`].
    pub async fn delete_key(&self, caller: &Caller, id: &ApiKeyId) -> Result<(), Error> {
        let key = self.key_within_reach(caller, id).await?;
        let engine = self.clone();
        let found = self
            .run_to_completion(async move {
                let found = engine.storage().api_keys().delete(&key.project_id, &key.id).await;
                engine.caller_cache.evict(&key.hash);
                found
            })
            .await?;
        if found { Ok(()) } else { Err(no_key()) }
    }

    /// Returns an API key of the caller's project whose scopes the caller has.
    async fn key_within_reach(&self, caller: &Caller, id: &ApiKeyId) -> Result<ApiKey, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let keys = self.list_keys(&caller.project_id).await?;
        let key = keys.into_iter().find(|key| key.id == *id).ok_or_else(no_key)?;
        caller.require_all(&key.scopes)?;
        Ok(key)
    }

    /// Lists the API keys of a project.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn list_keys(&self, project: &ProjectId) -> Result<Vec<ApiKey>, Error> {
        Ok(self.storage().api_keys().list(project).await?)
    }
}

/// Validates the label of an API key: 1 to 100 characters.
fn key_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    check_name("a key", name)?;
    Ok(name.to_owned())
}

fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        let message = format!("the name of {what} needs 1 to 100 characters without line breaks");
        return Err(invalid_at(Field::Name, "length", message));
    }
    Ok(())
}

fn no_key() -> Error {
    Error::new(ErrorCode::KeyNotFound, "this project has no such API key")
}

/// Reduces a name to lower-case letters, digits and hyphens, at most 40 characters.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "project".to_owned() } else { slug.chars().take(40).collect() }
}

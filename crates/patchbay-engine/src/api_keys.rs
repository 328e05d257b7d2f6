//! API keys: create, list, change, delete, and authenticate calls with them.

use std::{collections::BTreeSet, num::NonZeroU32, sync::Arc};

use patchbay_metrics::{CacheName, metrics};
use patchbay_model::{ApiKey, ApiKeyId, ApiScope, Clock, Entropy, KeyHash, ProjectId};
use patchbay_runtime::Cache;
use patchbay_storage::{Storage, StorageError};
use patchbay_vault::{Secret, Vault};

use crate::{
    CallOrigin, Caller, EngineParts, Error, ErrorCode, Field,
    changes::Changes,
    guessability::guesses_log10,
    key_budget::{KeyBudget, KeyQuota},
    keyed_locks::{KeyedLocks, LockKey},
    parts::MAX_CACHE_ENTRIES,
    projects::Projects,
    replicas::{freshness::Freshness, kept::KeptCache, limits::FleetLimits},
    row_seals::{self, is_authentic, sealed},
    texts::TextRule,
    validation::invalid_at,
};

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

/// How many times a change is applied when other servers change the key at the same time.
const MAX_PATCH_ATTEMPTS: usize = 8;
/// The minimum length of an API key that an operator chooses.
const MIN_KEY_CHARS: usize = 20;
/// The decimal logarithm of the guesses that such a key must withstand. Strangers can try keys without a delay.
const MIN_KEY_GUESSES_LOG10: f64 = 12.0;
/// What to do if the row of a key was changed.
const RESTORE: &str = "Delete the key and create another one, or restore the database from your backup";

/// An API key that was found valid.
struct ValidKey {
    caller: Arc<Caller>,
    /// `None` without a limit.
    budget: Option<Arc<KeyBudget>>,
}

/// The API keys of all projects.
pub struct ApiKeys {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    projects: Arc<Projects>,
    valid: Arc<KeptCache<KeyHash, ValidKey>>,
    /// The budgets by key: a change of a key evicts it from `valid`, and must not restore its budget.
    budgets: Cache<ApiKeyId, KeyBudget>,
    requests_per_minute: Option<NonZeroU32>,
    limits: Arc<FleetLimits>,
    locks: Arc<KeyedLocks>,
    changes: Changes,
}

impl ApiKeys {
    pub(crate) fn new(
        parts: &EngineParts,
        projects: Arc<Projects>,
        locks: Arc<KeyedLocks>,
        changes: Changes,
        freshness: Arc<Freshness>,
        limits: Arc<FleetLimits>,
    ) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            projects,
            valid: Arc::new(KeptCache::new(freshness)),
            budgets: Cache::new(MAX_CACHE_ENTRIES),
            requests_per_minute: NonZeroU32::new(parts.config.key_requests_per_minute),
            limits,
            locks,
            changes,
        }
    }

    /// Evicts a key that another server may have changed.
    pub(crate) fn evict(&self, hash: &KeyHash) {
        self.valid.evict(hash);
    }

    /// Evicts all keys.
    pub(crate) fn evict_all(&self) {
        self.valid.clear();
    }

    /// Returns the caller of an API key, from the cache if possible.
    ///
    /// # Errors
    ///
    /// 401 `UnauthorizedError` if the key is unknown or disabled; 500 `VaultError` if its row was changed in the database.
    pub async fn authenticate(&self, key: &Secret) -> Result<Arc<Caller>, Error> {
        Ok(self.valid(key).await?.caller.clone())
    }

    /// Counts a request with an API key. Returns its caller, and what is left to the key if it has a limit; the request
    /// must be refused if that says so ([`KeyQuota::check`]).
    ///
    /// # Errors
    ///
    /// As [`ApiKeys::authenticate`].
    pub async fn count(&self, key: &Secret) -> Result<(Arc<Caller>, Option<KeyQuota>), Error> {
        let valid = self.valid(key).await?;
        let quota = match (&valid.budget, &valid.caller.key_id) {
            (Some(budget), Some(id)) => Some(budget.count(|| self.clock.monotonic(), &*self.limits, id.as_str()).await),
            _ => None,
        };
        Ok((valid.caller.clone(), quota))
    }

    async fn valid(&self, key: &Secret) -> Result<Arc<ValidKey>, Error> {
        let unauthorized = || {
            Error::new(
                ErrorCode::Unauthorized,
                "the API key is not valid; send it as the user name of Basic authentication, or as a Bearer token",
            )
        };
        let hash = Vault::hash_token(key.expose());
        metrics().cache_lookups.of(CacheName::Keys).add_one();
        let read = async || {
            metrics().cache_misses.of(CacheName::Keys).add_one();
            let found = self.storage.api_keys().by_hash(&hash).await?;
            let found = found.ok_or_else(unauthorized)?;
            row_seals::check(&self.vault, &found, RESTORE)?;
            if !found.enabled {
                return Err(unauthorized());
            }
            let project = self.storage.projects().get(&found.project_id).await?.ok_or_else(unauthorized)?;
            let budget = match self.requests_per_minute {
                Some(limit) => {
                    let new = async || Ok::<_, Error>(KeyBudget::new(limit));
                    Some(self.budgets.get_or_read(&found.id, new).await?)
                }
                None => None,
            };
            let caller = Arc::new(Caller {
                organization_id: project.organization_id,
                project_id: found.project_id,
                key_id: Some(found.id),
                scopes: found.scopes,
                origin: CallOrigin::default(),
            });
            Ok(ValidKey { caller, budget })
        };
        self.valid.get_or_read(&hash, read).await
    }

    /// Creates an API key.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an invalid name, or if a chosen text is too short, easy to guess, or contains a colon or
    /// space; 404 `ProjectNotFoundError`.
    pub async fn create(&self, project: &ProjectId, new: NewKey) -> Result<CreatedKey, Error> {
        if let Some(text) = &new.text {
            check_chosen(text)?;
        }
        let name = key_name(&new.name)?;
        self.projects.get(project).await?;
        let text = new.text.unwrap_or_else(|| Secret::new(format!("v1.local.{}", self.entropy.token())));
        let key = ApiKey {
            id: ApiKeyId::generate(&*self.entropy),
            project_id: project.clone(),
            name,
            hash: Vault::hash_token(text.expose()),
            scopes: if new.scopes.is_empty() { ApiScope::defaults() } else { new.scopes },
            enabled: true,
            created_at: self.clock.now(),
            seal: None,
        };
        let key = sealed(&self.vault, key);
        self.storage.api_keys().create(&key).await?;
        Ok(CreatedKey { key, text })
    }

    /// Creates an API key for a caller, with at most the caller's own API scopes.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError` if the caller lacks `platform:write` or one of the scopes; 400 `ValidationError` for an
    /// invalid name.
    pub async fn create_for(&self, caller: &Caller, new: NewKey) -> Result<CreatedKey, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let scopes = if new.scopes.is_empty() { ApiScope::defaults() } else { new.scopes };
        caller.require_all(&scopes)?;
        self.create(&caller.project_id, NewKey { name: new.name, scopes, text: None }).await
    }

    /// Lists the API keys of the caller's project, oldest first, without their texts.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError` if the caller lacks `platform:read`.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<ApiKey>, Error> {
        caller.require(ApiScope::PlatformRead)?;
        self.list_of_project(&caller.project_id).await
    }

    /// Enables, disables or renames an API key.
    ///
    /// # Errors
    ///
    /// 404 `KeyNotFoundError`; 403 `MissingScopeError` if the key has scopes that the caller lacks; 409 `ConflictError` if other
    /// servers change the key again and again.
    pub async fn patch(&self, caller: &Caller, id: &ApiKeyId, patch: KeyPatch) -> Result<ApiKey, Error> {
        let _key_lock = self.locks.lock(LockKey::ApiKey(caller.project_id.clone(), id.clone())).await;
        // The lock is of this server: another one may change the key meanwhile.
        for _ in 0..MAX_PATCH_ATTEMPTS {
            let read = self.key_within_reach(caller, id).await?;
            // The change must not seal what somebody wrote to the database.
            row_seals::check(&self.vault, &read, RESTORE)?;
            let mut key = read.clone();
            if let Some(name) = &patch.name {
                key.name = key_name(name)?;
            }
            key.enabled = patch.enabled.unwrap_or(key.enabled);
            let key = sealed(&self.vault, key);
            let (storage, valid, changed) = (self.storage.clone(), self.valid.clone(), key.clone());
            let found = self
                .changes
                .run_to_completion(async move {
                    let found = storage.api_keys().update(&changed, &read).await;
                    valid.evict(&changed.hash);
                    found
                })
                .await;
            match found {
                Ok(true) => return Ok(key),
                Ok(false) => return Err(no_key()),
                Err(StorageError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(ErrorCode::Conflict, "other requests change the key at the same time; try again"))
    }

    /// Deletes an API key; later calls with it are rejected.
    ///
    /// # Errors
    ///
    /// As [`ApiKeys::patch`].
    pub async fn delete(&self, caller: &Caller, id: &ApiKeyId) -> Result<(), Error> {
        let key = self.key_within_reach(caller, id).await?;
        if self.revoke(&key).await? { Ok(()) } else { Err(no_key()) }
    }

    /// Deletes an API key. Returns false if it does not exist.
    pub(crate) async fn revoke(&self, key: &ApiKey) -> Result<bool, Error> {
        let (storage, valid, key) = (self.storage.clone(), self.valid.clone(), key.clone());
        let found = self
            .changes
            .run_to_completion(async move {
                let found = storage.api_keys().delete(&key.project_id, &key.id).await;
                valid.evict(&key.hash);
                found
            })
            .await?;
        Ok(found)
    }

    /// Returns true if the row of a key is as this server stored it.
    pub(crate) fn is_authentic(&self, key: &ApiKey) -> bool {
        is_authentic(&self.vault, key)
    }

    /// Returns an API key of the caller's project whose scopes the caller has.
    async fn key_within_reach(&self, caller: &Caller, id: &ApiKeyId) -> Result<ApiKey, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let keys = self.list_of_project(&caller.project_id).await?;
        let key = keys.into_iter().find(|key| key.id == *id).ok_or_else(no_key)?;
        caller.require_all(&key.scopes)?;
        Ok(key)
    }

    /// Lists the API keys of a project.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn list_of_project(&self, project: &ProjectId) -> Result<Vec<ApiKey>, Error> {
        Ok(self.storage.api_keys().list(project).await?)
    }
}

/// Checks the label of an API key, and trims it.
fn key_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    TextRule::KEY_NAME.check(name)?;
    Ok(name.to_owned())
}

fn no_key() -> Error {
    Error::new(ErrorCode::KeyNotFound, "this project has no such API key")
}

/// Checks the text of an API key that an operator chose.
pub(crate) fn check_chosen(text: &Secret) -> Result<(), Error> {
    if text.expose().len() < MIN_KEY_CHARS || text.expose().contains([':', ' ']) {
        let message =
            format!("an API key that you choose needs at least {MIN_KEY_CHARS} characters, without colons and spaces");
        return Err(invalid_at(Field::Key, "length", message));
    }
    if guesses_log10(text) < MIN_KEY_GUESSES_LOG10 {
        let message = "this API key is easy to guess; use a random one, for example from `openssl rand -hex 24`";
        return Err(invalid_at(Field::Key, "weak", message.to_owned()));
    }
    Ok(())
}

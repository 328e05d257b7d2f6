//! Connector profiles: create, change, delete.

mod alarms;
mod lookup;
mod validation;

use std::{collections::BTreeSet, sync::Arc};

use patchbay_connector::{Connector, VersionPin};
use patchbay_model::{ApiScope, Clock, EnabledActions, Entropy, Profile, ProfileId, ProjectId};
use patchbay_storage::{SharedLock, Storage, StorageError};
use patchbay_vault::{Secret, Vault};
use tokio::sync::{OwnedMutexGuard, OwnedRwLockReadGuard};

use self::validation::{check_actions, environment_of, method_of};
use crate::{
    Caller, EngineParts, Error, ErrorCode, Field,
    accounts::binder::AddressBinder,
    address_binding::{ProfileSecrets, bind_profile, setup_names},
    changes::Changes,
    connector_catalog::{ConnectorCatalog, Resolution},
    form_values::check_fields,
    keyed_locks::{KeyedLocks, LockKey},
    previous_clients,
    replicas::{freshness::Freshness, kept::KeptCache},
    sealed_fields::{reseal_profile, seal_profile},
    texts::TextRule,
    validation::{invalid, invalid_at},
};

/// The values of a new connector profile.
#[derive(Clone, Debug)]
pub struct NewProfile {
    /// The connector's key; it must exist.
    pub connector: String,
    /// Its display name; by default the connector's title.
    pub name: Option<String>,
    /// The authentication method; by default the connector's first.
    pub auth_config_key: Option<String>,
    /// The provider's environment; by default the method's first.
    pub environment: Option<String>,
    /// The version pin.
    pub version_pin: Option<String>,
    /// True if it is enabled.
    pub active: bool,
    /// True if it becomes the connector's default.
    pub default: bool,
    /// The actions it allows; unknown actions are rejected with similar names.
    pub enabled_actions: EnabledActions,
    /// The values of the setup fields, secret or not.
    pub setup: Vec<(String, Secret)>,
}

/// Changes of a connector profile; `None` keeps a value.
#[derive(Clone, Debug, Default)]
pub struct ProfilePatch {
    /// Its display name.
    pub name: Option<String>,
    /// True if it is enabled.
    pub active: Option<bool>,
    /// Makes it the default. `false` is rejected: make another profile the default instead.
    pub default: Option<bool>,
    /// The provider's environment.
    pub environment: Option<String>,
    /// The version pin; `Some(None)` follows the latest.
    pub version_pin: Option<Option<String>>,
    /// The actions it allows.
    pub enabled_actions: Option<EnabledActions>,
    /// Setup values to change; omitted fields keep their values.
    pub setup: Vec<(String, Secret)>,
}

/// A query for connector profiles.
#[derive(Clone, Debug, Default)]
pub struct ProfileQuery {
    /// Only of this connector.
    pub connector: Option<String>,
    /// Only enabled or only disabled profiles.
    pub active: Option<bool>,
    /// The page, from 1.
    pub page: u32,
    /// Profiles on a page, 1 to 100.
    pub page_size: u32,
}

/// The lock of a profile.
pub(crate) struct ProfileLock {
    _own: OwnedMutexGuard<()>,
    /// None if no other server uses the database.
    _shared: Option<SharedLock>,
}

/// The connector profiles.
pub struct Profiles {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    connectors: Arc<ConnectorCatalog>,
    cache: Arc<KeptCache<ProfileId, Profile>>,
    locks: Arc<KeyedLocks>,
    binder: Arc<AddressBinder>,
    changes: Changes,
}

impl Profiles {
    pub(crate) fn new(
        parts: &EngineParts,
        connectors: Arc<ConnectorCatalog>,
        locks: Arc<KeyedLocks>,
        binder: Arc<AddressBinder>,
        changes: Changes,
        freshness: Arc<Freshness>,
    ) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            connectors,
            cache: Arc::new(KeptCache::new(freshness)),
            locks,
            binder,
            changes,
        }
    }

    /// Creates a connector profile.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` with every invalid value; 403 `MissingScopeError` if the caller lacks `platform:write`.
    pub async fn create(&self, caller: &Caller, new: NewProfile) -> Result<Arc<Profile>, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        self.add(&caller.project_id, new).await
    }

    pub(crate) async fn add(&self, project: &ProjectId, new: NewProfile) -> Result<Arc<Profile>, Error> {
        if let Some(pin) = &new.version_pin {
            TextRule::VERSION_PIN.check(pin)?;
        }
        // While the lock is held, this server deletes no pinned version. Others may: the storage checks a pin to a pushed one.
        let catalog_lock = self.connectors.change_lock.clone().read_owned().await;
        let connector = self.connector_at(project, &new.connector, new.version_pin.as_deref()).await?;
        let method = method_of(&connector, new.auth_config_key.as_deref())?;
        let environment = environment_of(method, new.environment.as_deref())?;
        check_actions(&connector, &new.enabled_actions)?;
        let name = new.name.unwrap_or_else(|| connector.title.clone());
        TextRule::PROFILE_NAME.check(&name)?;
        let typed = check_fields(&method.setup_fields, new.setup, Field::Setup, |_| false).map_err(invalid)?;
        let id = ProfileId::generate(&*self.entropy);
        let now = self.clock.now();
        let mut profile = Profile {
            secrets: seal_profile(&self.vault, project, &id, &typed.secrets),
            id,
            project_id: project.clone(),
            name,
            connector: connector.key.clone(),
            auth_config_key: method.key.clone(),
            environment,
            version_pin: new.version_pin,
            active: new.active,
            default: new.default,
            enabled_actions: new.enabled_actions,
            setup_information: typed.plain,
            alarm: None,
            created_at: now,
            updated_at: now,
        };
        let names = setup_names(connector.address_fields(&profile.auth_config_key), &method.setup_fields);
        bind_profile(&self.vault, &names, &mut profile, true)?;
        let (storage, cache, writing) = (self.storage.clone(), self.cache.clone(), profile.clone());
        let is_pinned = self.is_pinned_to_pushed(&profile);
        self.changes
            .run_to_completion(async move {
                let _catalog_lock = catalog_lock;
                let profiles = storage.profiles();
                let stored =
                    if is_pinned { profiles.create_pinned(&writing).await } else { profiles.create(&writing).await };
                // Another profile may no longer be the default.
                cache.clear();
                stored
            })
            .await?;
        Ok(Arc::new(profile))
    }

    /// Changes a connector profile.
    ///
    /// # Errors
    ///
    /// 404 `ProfileNotFoundError`; 400 `ValidationError` with every invalid value; 403 `MissingScopeError` if the caller
    /// lacks `platform:write`.
    pub async fn patch(&self, caller: &Caller, id: &ProfileId, patch: ProfilePatch) -> Result<Arc<Profile>, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        if let Some(Some(pin)) = &patch.version_pin {
            TextRule::VERSION_PIN.check(pin)?;
        }
        let _profile_lock = self.lock(&caller.project_id, id).await?;
        let mut profile = (*self.load(&caller.project_id, id).await?).clone();
        let catalog_lock = self.connectors.change_lock.clone().read_owned().await;
        let pin = patch.version_pin.clone().unwrap_or_else(|| profile.version_pin.clone());
        // A profile without a connector can still be renamed, disabled and pinned to another version.
        let connector = self.connector_at(&caller.project_id, &profile.connector, pin.as_deref()).await;
        let read = profile.clone();
        if let Some(name) = patch.name {
            TextRule::PROFILE_NAME.check(&name)?;
            profile.name = name;
        }
        profile.active = patch.active.unwrap_or(profile.active);
        match patch.default {
            Some(false) if profile.default => {
                return Err(invalid_at(Field::Default, "invalid", "make another profile the default instead"));
            }
            Some(default) => profile.default = default,
            None => {}
        }
        if let Some(pin) = patch.version_pin {
            // The accounts use the profile's method: a version without it would leave them without a method.
            let connector = connector.as_ref().map_err(Clone::clone)?;
            if connector.auth_method(&profile.auth_config_key).is_none() {
                return Err(invalid_at(
                    Field::VersionPin,
                    "auth_method_missing",
                    format!(
                        "{} {} has no authentication method `{}`, which this profile uses",
                        connector.title, connector.version, profile.auth_config_key
                    ),
                ));
            }
            profile.version_pin = pin;
        }
        if let Some(actions) = patch.enabled_actions {
            check_actions(connector.as_ref().map_err(Clone::clone)?, &actions)?;
            profile.enabled_actions = actions;
        }
        if patch.environment.is_some() || !patch.setup.is_empty() {
            let connector = connector.as_ref().map_err(Clone::clone)?;
            let method = method_of(connector, Some(&profile.auth_config_key))?;
            if let Some(environment) = &patch.environment {
                profile.environment = environment_of(method, Some(environment))?;
            }
            let kept = |key: &str| profile.secrets.contains_key(key) || profile.setup_information.contains_key(key);
            let typed = check_fields(&method.setup_fields, patch.setup, Field::Setup, kept).map_err(invalid)?;
            let names = setup_names(connector.address_fields(&method.key), &method.setup_fields);
            let moved = ProfileSecrets::open(&self.vault, &profile)?.moved_by(&names, &typed);
            let problems = moved.problems(&method.setup_fields, Field::Setup, |_| true);
            if !problems.is_empty() {
                return Err(invalid(problems));
            }
            // These are of fields that the method no longer has.
            profile.secrets.retain(|field, _| !moved.keys.contains(field));
            profile.secrets.extend(seal_profile(&self.vault, &profile.project_id, &profile.id, &typed.secrets));
            profile.setup_information.extend(typed.plain);
            bind_profile(&self.vault, &names, &mut profile, true)?;
            if method.is_interactive() {
                let minting = self.storage.accounts().token_client_ids(&profile.project_id, id).await?;
                previous_clients::retain(&self.vault, &read, &mut profile, &minting)?;
            }
            // The alarm concerned the previous values.
            profile.alarm = None;
        }
        self.bind_accounts(&read, &profile, connector.ok().as_deref()).await?;
        reseal_profile(&self.vault, &mut profile)?;
        profile.updated_at = self.clock.now();
        let is_pinned = profile.version_pin != read.version_pin && self.is_pinned_to_pushed(&profile);
        if !self.store(profile.clone(), Some(catalog_lock), is_pinned).await? {
            return Err(Error::new(ErrorCode::ProfileNotFound, "the profile was deleted in the meantime"));
        }
        Ok(Arc::new(profile))
    }

    /// Binds the secret fields of a profile that an older version of Patchbay sealed to its values of today.
    ///
    /// # Errors
    ///
    /// The errors of the storage. A profile whose secrets do not open, or whose connector is missing, is left as it is.
    pub(crate) async fn bind_older(&self, project: &ProjectId, id: &ProfileId) -> Result<(), Error> {
        let _profile_lock = self.lock(project, id).await?;
        let mut profile = match self.load(project, id).await {
            Ok(profile) => (*profile).clone(),
            Err(error) if error.code == ErrorCode::ProfileNotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let Ok(Some(installed)) = self.connectors.find_for_profile(&profile).await else { return Ok(()) };
        let Some(method) = installed.connector.auth_method(&profile.auth_config_key) else { return Ok(()) };
        let names = setup_names(installed.connector.address_fields(&method.key), &method.setup_fields);
        if let Err(error) = bind_profile(&self.vault, &names, &mut profile, false) {
            tracing::warn!(%error, profile = %id, "could not bind a profile's secrets to their address");
            return Ok(());
        }
        self.store(profile, None, false).await?;
        Ok(())
    }

    /// Binds the accounts of a profile to the values that they were entered for, before the profile gets others. They must
    /// be reconnected then. Accounts that an older version of Patchbay or of the connector sealed are bound to less.
    async fn bind_accounts(&self, read: &Profile, now: &Profile, connector: Option<&Connector>) -> Result<(), Error> {
        if read.setup_information == now.setup_information && read.secrets == now.secrets {
            return Ok(());
        }
        let former = self.connectors.find_for_profile(read).await?;
        let former = former.as_ref().map(|installed| &*installed.connector);
        let names = former.into_iter().chain(connector).flat_map(|one| one.address_fields(&read.auth_config_key));
        let names = names.cloned().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        let (before, after) = (ProfileSecrets::open(&self.vault, read)?, ProfileSecrets::open(&self.vault, now)?);
        if names.iter().all(|name| before.value(name) == after.value(name)) {
            return Ok(());
        }
        self.binder.bind_accounts_of(read, &names).await
    }

    /// Returns whether a profile's pin is the number of a version that the project pushed, as this server knows it.
    fn is_pinned_to_pushed(&self, profile: &Profile) -> bool {
        let Some(pin) = &profile.version_pin else { return false };
        let state = self.connectors.state();
        let found = state.resolve(&profile.project_id, &profile.connector, Some(pin));
        found.is_some_and(|found| matches!(found, Resolution::Pushed(_)) && found.version() == *pin)
    }

    /// Writes a changed profile, even if the caller disconnects. Returns false if it was deleted in the meantime. The caller
    /// holds the profile's lock. `is_pinned`: it gets a pin to a pushed version.
    async fn store(
        &self,
        profile: Profile,
        catalog_lock: Option<OwnedRwLockReadGuard<()>>,
        is_pinned: bool,
    ) -> Result<bool, StorageError> {
        let (storage, cache) = (self.storage.clone(), self.cache.clone());
        self.changes
            .run_to_completion(async move {
                let _catalog_lock = catalog_lock;
                let profiles = storage.profiles();
                let found =
                    if is_pinned { profiles.update_pinned(&profile).await } else { profiles.update(&profile).await };
                cache.clear();
                found
            })
            .await
    }

    /// Waits for the lock of a profile, which a change holds from the read to the write, on this server and on the others of the
    /// database. What another server wrote before is read then.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(crate) async fn lock(&self, project: &ProjectId, id: &ProfileId) -> Result<ProfileLock, Error> {
        let own = self.locks.lock(LockKey::Profile(project.clone(), id.clone())).await;
        let shared = match self.storage.replicas() {
            Some(replicas) => {
                let lock = replicas.lock(&format!("profile {project} {id}")).await?;
                self.cache.evict(id);
                Some(lock)
            }
            None => None,
        };
        Ok(ProfileLock { _own: own, _shared: shared })
    }

    /// Seals an internal secret in a profile, next to those of its fields. The caller holds the profile's lock. `updated_at`
    /// does not change, because no typed value changed.
    pub(crate) async fn keep_secret(
        &self,
        project: &ProjectId,
        id: &ProfileId,
        field: &str,
        value: &Secret,
    ) -> Result<(), Error> {
        let mut profile = (*self.load(project, id).await?).clone();
        reseal_profile(&self.vault, &mut profile)?;
        let secret = [(field.to_owned(), value.clone())];
        profile.secrets.extend(seal_profile(&self.vault, project, id, &secret));
        self.store(profile, None, false).await?;
        Ok(())
    }

    /// Deletes a connector profile and returns it.
    ///
    /// # Errors
    ///
    /// 409 `ProfileInUseError` while accounts use it; 404 `ProfileNotFoundError`.
    pub async fn delete(&self, caller: &Caller, id: &ProfileId) -> Result<Arc<Profile>, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        self.load(&caller.project_id, id).await?;
        let (storage, cache) = (self.storage.clone(), self.cache.clone());
        let (project, gone) = (caller.project_id.clone(), id.clone());
        let deleted = self
            .changes
            .run_to_completion(async move {
                let deleted = storage.profiles().delete(&project, &gone).await;
                cache.clear();
                deleted
            })
            .await;
        match deleted {
            Ok(Some(profile)) => Ok(Arc::new(profile)),
            Ok(None) => Err(Error::new(ErrorCode::ProfileNotFound, "the profile was deleted in the meantime")),
            Err(StorageError::Conflict(_)) => Err(Error::new(
                ErrorCode::ProfileInUse,
                "accounts use this connector profile; delete them or move them to another profile first, or disable the profile",
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the connector version that a pin selects, or the latest without a pin; otherwise 400 `ValidationError`.
    async fn connector_at(&self, project: &ProjectId, key: &str, pin: Option<&str>) -> Result<Arc<Connector>, Error> {
        let Some(pin) = pin else { return self.connectors.known(project, key).await };
        let wrong = |code, message: String| invalid_at(Field::VersionPin, code, message);
        if let Err(error) = pin.parse::<VersionPin>() {
            return Err(wrong("format", error.to_string()));
        }
        let state = self.connectors.state();
        let known = state.versions(project, key);
        if known.is_empty() {
            return self.connectors.known(project, key).await;
        }
        let Some(resolution) = state.resolve(project, key, Some(pin)) else {
            let known = known.iter().map(Resolution::version).collect::<Vec<_>>().join(", ");
            return Err(wrong("unknown_version", format!("the installed versions of {key} are: {known}")));
        };
        self.connectors.install(&resolution).await?.map(|installed| installed.connector).map_err(|pushed| {
            let message =
                format!("{key} {} has errors in this version of Patchbay and cannot be used", pushed.info.version);
            wrong("unknown_version", message)
        })
    }
}

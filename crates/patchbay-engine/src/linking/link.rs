//! The Hub's operations within a connect session: list connectors, link and edit accounts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use patchbay_connector::Connector;
use patchbay_model::{
    Account, AccountId, AccountStatus, Clock, ConnectSession, Entropy, Metadata, Owner, Profile, ProfileId,
};
use patchbay_storage::{InsertRule, StorageError};
use patchbay_vault::{Secret, Vault};
use tokio::sync::OwnedMutexGuard;

use super::verify::{CredentialVerifier, Verification};
use crate::{
    EngineParts, Error, ErrorCode, Field, HubSession,
    accounts::{
        manage::{AccountPatch, Accounts, MethodRule},
        store::CachedAccounts,
    },
    connector_catalog::{ConnectorCatalog, InstalledConnector, Origin},
    form_values::check_fields,
    keyed_locks::{KeyedLocks, LockKey},
    profiles::Profiles,
    tokens::token_response::TokenSet,
    validation::{invalid, invalid_at},
};

/// A profile as the Hub lists it.
#[derive(Clone, Debug)]
pub struct HubProfile {
    /// The profile; disabled ones are not listed.
    pub profile: Arc<Profile>,
    /// The connector that it runs.
    pub connector: Arc<Connector>,
    /// The owner of the connector: the instance or the project.
    pub origin: Origin,
}

/// An account as the Hub edits it.
#[derive(Clone, Debug)]
pub struct HubAccount {
    /// The account.
    pub account: Arc<Account>,
    /// The keys of its secret fields that hold a value; shown as the redaction placeholder.
    pub secret_keys: Vec<String>,
}

/// The values that the customer typed.
#[derive(Clone, Debug)]
pub struct LinkRequest {
    /// The profile to link with. Without it, an edit keeps the account's profile.
    pub profile_id: Option<ProfileId>,
    /// Field keys with the typed values. Redaction placeholders and empty strings count as omitted.
    pub credentials: Vec<(String, Secret)>,
}

/// The longest time that a link waits for the owner's other links to the connector.
const MAX_LINK_WAIT: Duration = Duration::from_secs(30);
/// The `Retry-After` of a link that does not wait.
const LINK_RETRY_AFTER_SECS: u64 = 5;

/// The Hub's operations on accounts.
pub struct Linking {
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    store: Arc<CachedAccounts>,
    accounts: Arc<Accounts>,
    profiles: Arc<Profiles>,
    connectors: Arc<ConnectorCatalog>,
    verifier: Arc<CredentialVerifier>,
    locks: Arc<KeyedLocks>,
}

impl Linking {
    pub(crate) fn new(
        parts: &EngineParts,
        store: Arc<CachedAccounts>,
        accounts: Arc<Accounts>,
        profiles: Arc<Profiles>,
        connectors: Arc<ConnectorCatalog>,
        verifier: Arc<CredentialVerifier>,
        locks: Arc<KeyedLocks>,
    ) -> Self {
        Self {
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            store,
            accounts,
            profiles,
            connectors,
            verifier,
            locks,
        }
    }

    /// Lists the active profiles that the session may use, optionally of one connector.
    ///
    /// # Errors
    ///
    /// The errors of the storage.
    pub async fn profiles(&self, hub: &HubSession, connector: Option<&str>) -> Result<Vec<HubProfile>, Error> {
        let session = &hub.session;
        let profiles = self.profiles.all(&session.project_id, connector, Some(true)).await?;
        let mut visible = Vec::new();
        for profile in profiles {
            let Some(InstalledConnector { connector, origin }) = self.connectors.find_for_profile(&profile).await?
            else {
                continue;
            };
            if is_visible(session, &profile, &connector) {
                visible.push(HubProfile { profile: Arc::new(profile), connector, origin });
            }
        }
        // A session for one connector opens on its default profile.
        if session.connector.is_some() && session.profile_id.is_none() && session.account_id.is_none() {
            let default = visible.iter().position(|hub| hub.profile.default).unwrap_or(0);
            visible = visible.into_iter().skip(default).take(1).collect();
        }
        Ok(visible)
    }

    /// Returns a profile that the session may use.
    ///
    /// # Errors
    ///
    /// 404 `ProfileNotFoundError` for any other profile, 412 `ProfileInactiveError` if it is disabled.
    pub async fn profile(&self, hub: &HubSession, id: &ProfileId) -> Result<HubProfile, Error> {
        let profile = self.profiles.load(&hub.session.project_id, id).await?;
        let missing = || Error::new(ErrorCode::ProfileNotFound, "this connect session has no such integration");
        let InstalledConnector { connector, origin } =
            self.connectors.find_for_profile(&profile).await?.ok_or_else(missing)?;
        if !is_visible(&hub.session, &profile, &connector) {
            return Err(missing());
        }
        if !profile.active {
            return Err(Error::new(
                ErrorCode::ProfileInactive,
                format!("{} is not available at the moment: its profile is disabled", connector.title),
            ));
        }
        Ok(HubProfile { profile, connector, origin })
    }

    /// Validates the fields, runs the test actions at the provider, then stores the account or updates the owner's
    /// existing one. Success uses the session up, unless it was created with `multiple` or for an account.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for invalid fields; 409 `SessionUsedError` if the session has linked an account before; the
    /// error of a required test action with the provider's response. Nothing is stored then.
    pub async fn link(&self, hub: &HubSession, request: LinkRequest) -> Result<Arc<Account>, Error> {
        self.link_with(hub, request, None).await
    }

    /// Links an account with the typed values and, after an authorization, the token set.
    pub(crate) async fn link_with(
        &self,
        hub: &HubSession,
        request: LinkRequest,
        token_set: Option<&TokenSet>,
    ) -> Result<Arc<Account>, Error> {
        let session = &hub.session;
        hub.require_unused()?;
        if let Some(account) = &session.account_id {
            return self.reconnect_with(hub, account, request, token_set).await;
        }
        let Some(profile_id) = &request.profile_id else {
            return Err(invalid_at(Field::Profile, "required", "a connector profile is required"));
        };
        let HubProfile { profile, connector, .. } = self.profile(hub, profile_id).await?;
        let _owner_lock = self.owner_lock(session, &session.owner, &connector.key).await?;
        if !session.multiple {
            let existing = self.store.find_by_owner(&session.project_id, &session.owner, &connector.key).await?;
            if let Some(existing) = existing {
                return self.reconnect_owned(session, &existing, &profile, request.credentials, token_set).await;
            }
        }
        let fields = connector
            .auth_method(&profile.auth_config_key)
            .map(|method| method.config_fields.as_slice())
            .unwrap_or_default();
        let form = check_fields(fields, request.credentials, Field::Credentials, |_| false).map_err(invalid)?;
        let id = AccountId::generate(&*self.entropy);
        let now = self.clock.now();
        let mut account = Account {
            secrets: BTreeMap::new(),
            id,
            project_id: session.project_id.clone(),
            profile_id: profile.id.clone(),
            connector: connector.key.clone(),
            connector_version: connector.version.to_string(),
            auth_config_key: profile.auth_config_key.clone(),
            environment: profile.environment.clone(),
            owner: session.owner.clone(),
            label: session.label.clone(),
            kind: session.kind,
            shared: false,
            status: AccountStatus::Active,
            status_reasons: Vec::new(),
            setup_information: Metadata::new(),
            token: None,
            missing_scopes: BTreeMap::new(),
            refresh_at: None,
            expiries: Vec::new(),
            metadata: session.metadata.clone(),
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        let verification =
            Verification { connector: &connector, profile: &profile, form: &form, is_new: true, token_set };
        let accepted = Box::pin(self.verifier.verify(&account, &verification)).await?;
        accepted.seal_into(&self.vault, &mut account)?;
        account.status_reasons = accepted.reasons;
        let rule = if session.multiple { InsertRule::Multiple } else { InsertRule::OnePerOwner };
        // The connector must still exist: while the lock is held, no version is deleted.
        let catalog_lock = self.connectors.change_lock.clone().read_owned().await;
        self.connectors.for_profile_locked(&profile).await?;
        match self.store.link(&account, rule, session.id, catalog_lock).await {
            Ok(()) => Ok(Arc::new(account)),
            // The owner was changed through the API in between, or the profile was deleted.
            Err(StorageError::Conflict(_)) => Err(Error::new(
                ErrorCode::Conflict,
                "the account was linked or its profile was deleted in the meantime; open the Hub again",
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the owner's other links to a connector, new ones and changed ones: each calls the provider.
    ///
    /// # Errors
    ///
    /// 429 `TooManyLinksError` if too many wait already, or if they take too long.
    async fn owner_lock(
        &self,
        session: &ConnectSession,
        owner: &Owner,
        connector: &str,
    ) -> Result<OwnedMutexGuard<()>, Error> {
        let key = LockKey::owner(&session.project_id, owner, connector);
        self.locks.lock_in_line(key, MAX_LINK_WAIT).await.ok_or_else(|| {
            let message = "too many links of this customer to this provider are under way; try again when they have \
                           finished";
            Error::new(ErrorCode::TooManyLinks, message).with_retry_after(LINK_RETRY_AFTER_SECS)
        })
    }

    /// Updates the owner's existing account with the chosen profile; label, kind and metadata come from the newer session.
    async fn reconnect_owned(
        &self,
        session: &ConnectSession,
        existing: &Account,
        profile: &Profile,
        credentials: Vec<(String, Secret)>,
        token_set: Option<&TokenSet>,
    ) -> Result<Arc<Account>, Error> {
        let patch = AccountPatch {
            owner_username: session.owner.username.clone().map(Some),
            label: session.label.clone().map(Some),
            metadata: (!session.metadata.is_empty()).then(|| session.metadata.clone()),
            kind: Some(session.kind),
            profile_id: Some(profile.id.clone()),
            credentials,
            ..AccountPatch::default()
        };
        let id = &existing.id;
        let through = Some(session.id);
        Ok(self.accounts.change(&session.project_id, id, &patch, MethodRule::Follow, token_set, through).await?.account)
    }

    /// Returns an account that the session may edit: the session's own, or one of its owner.
    ///
    /// # Errors
    ///
    /// 404 `AccountNotFoundError` for any other account.
    pub async fn account(&self, hub: &HubSession, id: &AccountId) -> Result<HubAccount, Error> {
        let account = self.store.get(&hub.session.project_id, id).await?;
        let is_own = hub.session.account_id.as_ref() == Some(id);
        let is_owners = account.owner.id == hub.session.owner.id && account.owner.name == hub.session.owner.name;
        if !is_own && !is_owners {
            return Err(Error::new(ErrorCode::AccountNotFound, "this connect session has no such account"));
        }
        // Tokens are not fields: they are not typed.
        let profile = self.profiles.load(&account.project_id, &account.profile_id).await?;
        let installed = self.connectors.find_for_profile(&profile).await?;
        let method = installed.as_ref().and_then(|found| found.connector.auth_method(&account.auth_config_key));
        let is_field =
            |key: &String| method.is_none_or(|method| method.config_fields.iter().any(|field| field.key == *key));
        let secret_keys = account.secrets.keys().filter(|key| is_field(key)).cloned().collect();
        Ok(HubAccount { account, secret_keys })
    }

    /// Changes an account's field values after the provider accepted them; omitted fields keep their values. Success uses
    /// the session up as [`Linking::link`] does.
    ///
    /// # Errors
    ///
    /// As [`Linking::link`].
    pub async fn reconnect(
        &self,
        hub: &HubSession,
        id: &AccountId,
        request: LinkRequest,
    ) -> Result<Arc<Account>, Error> {
        self.reconnect_with(hub, id, request, None).await
    }

    async fn reconnect_with(
        &self,
        hub: &HubSession,
        id: &AccountId,
        request: LinkRequest,
        token_set: Option<&TokenSet>,
    ) -> Result<Arc<Account>, Error> {
        hub.require_unused()?;
        let HubAccount { account, .. } = self.account(hub, id).await?;
        // The session can move an account only to a profile that it may use.
        let profile = match &request.profile_id {
            Some(id) if *id != account.profile_id => self.profile(hub, id).await?.profile,
            _ => self.profiles.load(&account.project_id, &account.profile_id).await?,
        };
        if !profile.active {
            return Err(Error::new(
                ErrorCode::ProfileInactive,
                "the integration is not available at the moment: its profile is disabled",
            ));
        }
        let _owner_lock = self.owner_lock(&hub.session, &account.owner, &account.connector).await?;
        let patch = AccountPatch {
            profile_id: request.profile_id,
            credentials: request.credentials,
            ..AccountPatch::default()
        };
        let (project, through) = (&account.project_id, Some(hub.session.id));
        Ok(self.accounts.change(project, id, &patch, MethodRule::Keep, token_set, through).await?.account)
    }
}

/// Returns true if a session may use a profile.
fn is_visible(session: &ConnectSession, profile: &Profile, connector: &Connector) -> bool {
    let category = session.categories.is_empty()
        || session.categories.iter().any(|category| connector.categories.contains(category));
    category
        && session.connector.as_ref().is_none_or(|key| *key == profile.connector)
        && session.profile_id.as_ref().is_none_or(|id| *id == profile.id)
}

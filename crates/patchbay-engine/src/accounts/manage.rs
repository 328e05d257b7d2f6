//! Linked accounts: list, read, change, delete.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use patchbay_connector::{
    Connector,
    definition::{Action, FormField},
};
use patchbay_model::{
    Account, AccountId, AccountKind, AccountStatus, ApiScope, Clock, Metadata, Profile, ProfileAlarm, ProfileId,
    ProjectId, SessionId, StatusReason, Timestamp,
};
use patchbay_runtime::Revocation;
use patchbay_storage::{AccountFilter, Storage};
use patchbay_vault::{Secret, Vault};
use tokio::sync::OwnedRwLockReadGuard;

use super::{
    credentials::CredentialSet,
    resolver::revoked,
    revocations::Revocations,
    store::{AccountChange, CachedAccounts, Change, MAX_UPDATE_ATTEMPTS, account_not_found},
};
use crate::{
    Caller, EngineParts, Error, Field, Page,
    address_binding::MovedSecrets,
    changes::Changes,
    connector_catalog::ConnectorCatalog,
    form_values::check_fields,
    linking::verify::{CredentialVerifier, Verification},
    previous_clients::previous_client_id,
    profiles::Profiles,
    scopes::lacking_scopes,
    texts::{TextChecks, TextRule},
    tokens::{expiry_notices::expiry_message, token_response::TokenSet},
    validation::{check_page, invalid, invalid_at},
};

/// A query for a list of accounts. An empty list does not filter. Pages count from 1.
#[derive(Clone, Debug, Default)]
pub struct AccountQuery {
    /// Only accounts with these ids.
    pub ids: Vec<AccountId>,
    /// Only accounts of these connectors.
    pub connectors: Vec<String>,
    /// Only accounts of these owners.
    pub owner_ids: Vec<String>,
    /// Only accounts with these statuses.
    pub statuses: Vec<EffectiveStatus>,
    /// Only accounts of this kind.
    pub kind: Option<AccountKind>,
    /// Only accounts whose id, label, connector or owner contains this string.
    pub search: Option<String>,
    /// Only accounts of these profiles.
    pub profile_ids: Vec<ProfileId>,
    /// Only accounts that must be reconnected soon.
    pub reconnect_due: bool,
    /// The page, from 1.
    pub page: u32,
    /// The number of accounts on a page, 1 to 100.
    pub page_size: u32,
}

/// An account with what its view needs.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The account. Its `secrets` are sealed, and the server never returns them.
    pub account: Arc<Account>,
    /// The profile's connector; none if it is not installed.
    pub connector: Option<Arc<Connector>>,
    /// The connector's display name.
    pub connector_title: Option<String>,
    /// The connector's logo.
    pub logo_url: Option<String>,
    /// The profile's name.
    pub profile_name: Option<String>,
    /// Whether its profile is enabled.
    pub profile_active: bool,
    /// The alarm while the provider rejects the profile's OAuth client.
    pub profile_alarm: Option<ProfileAlarm>,
    /// How many of the connector's actions its profile allows.
    pub allowed_actions: usize,
    /// The scopes that actions of the profile require and that the provider did not grant.
    pub missing_scopes: Vec<String>,
    /// The notice of the account's next expiry, for people; none if nothing expires.
    pub expiry_notice: Option<String>,
    /// Whether a client that the profile had before issued its token, and refreshes it.
    pub uses_previous_client: bool,
    /// The outcome of the revocation; none unless the account was deleted.
    pub revocation: Option<Revocation>,
}

/// The status of an account that takes its profile into account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectiveStatus {
    /// The account is active, and its profile is disabled: calls are rejected.
    ProfileDisabled,
    /// The stored status. An account with [`AccountStatus::Active`] has an enabled profile.
    Stored(AccountStatus),
}

impl AccountView {
    /// Returns the account's status, with [`EffectiveStatus::ProfileDisabled`] while the profile of an active account is
    /// disabled.
    pub fn status(&self) -> EffectiveStatus {
        if self.account.status == AccountStatus::Active && !self.profile_active {
            EffectiveStatus::ProfileDisabled
        } else {
            EffectiveStatus::Stored(self.account.status)
        }
    }
}

/// A change of an account. `None` keeps a value, `Some(None)` clears it. New credentials are verified at the provider before
/// they are stored.
#[derive(Clone, Debug, Default)]
pub struct AccountPatch {
    /// The connector's key, if the caller names it: it must be the account's own, because it cannot be changed.
    pub connector: Option<String>,
    /// The authentication method's key, if the caller names it: it must be the account's own, because it cannot be changed.
    pub auth_config_key: Option<String>,
    /// The owner's id.
    pub owner_id: Option<String>,
    /// The owner's name.
    pub owner_name: Option<String>,
    /// The person who linked it.
    pub owner_username: Option<Option<String>>,
    /// The label.
    pub label: Option<Option<String>>,
    /// The metadata, which is replaced as a whole.
    pub metadata: Option<Metadata>,
    /// The kind.
    pub kind: Option<AccountKind>,
    /// Whether it is shared among the owner's users.
    pub shared: Option<bool>,
    /// `Active` or `Suspended`; other statuses cannot be set.
    pub status: Option<AccountStatus>,
    /// The provider's environment.
    pub environment: Option<String>,
    /// Another profile of the same connector and authentication method.
    pub profile_id: Option<ProfileId>,
    /// The field values to change, secret or not. Omitted fields keep their values.
    pub credentials: Vec<(String, Secret)>,
}

/// Whether a change may move an account to another authentication method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MethodRule {
    /// It may not: an edit keeps field values that the other method does not have.
    Keep,
    /// It may, because the owner reconnects the account with values for all fields.
    Follow,
}

/// How many times new credentials are verified at the provider when other changes of the account conflict with them.
const MAX_VERIFICATIONS: usize = 4;
/// The longest search string.
const MAX_SEARCH_CHARS: usize = 200;

/// The linked accounts.
pub struct Accounts {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    store: Arc<CachedAccounts>,
    profiles: Arc<Profiles>,
    connectors: Arc<ConnectorCatalog>,
    verifier: Arc<CredentialVerifier>,
    revocations: Arc<Revocations>,
    changes: Changes,
}

impl Accounts {
    pub(crate) fn new(
        parts: &EngineParts,
        store: Arc<CachedAccounts>,
        profiles: Arc<Profiles>,
        connectors: Arc<ConnectorCatalog>,
        verifier: Arc<CredentialVerifier>,
        revocations: Arc<Revocations>,
        changes: Changes,
    ) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            store,
            profiles,
            connectors,
            verifier,
            revocations,
            changes,
        }
    }

    /// Returns a page of accounts, newest first.
    ///
    /// # Errors
    /// `MissingScopeError` (403); `ValidationError` (400) for a page or search out of range.
    pub async fn list(&self, caller: &Caller, query: AccountQuery) -> Result<Page<AccountView>, Error> {
        caller.require(ApiScope::PlatformRead)?;
        let filter = filter(query, self.clock.now())?;
        let page = self.storage.accounts().list(&caller.project_id, &filter).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for account in page.items {
            items.push(self.view(Arc::new(account)).await?);
        }
        Ok(Page { items, total: page.total })
    }

    /// Returns an account.
    ///
    /// # Errors
    /// `MissingScopeError` (403); `AccountNotFoundError` (404), also for an account of another project.
    pub async fn get(&self, caller: &Caller, id: &AccountId) -> Result<AccountView, Error> {
        caller.require(ApiScope::PlatformRead)?;
        self.view(self.store.get(&caller.project_id, id).await?).await
    }

    /// Changes an account.
    ///
    /// # Errors
    /// `MissingScopeError` (403); `ValidationError` (400); `AccountNotFoundError` (404); `ConflictError` (409) if other changes win
    /// repeatedly; the error of the verification if new credentials do not work.
    pub async fn patch(&self, caller: &Caller, id: &AccountId, patch: AccountPatch) -> Result<AccountView, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        if let Some(status) = patch.status
            && !matches!(status, AccountStatus::Active | AccountStatus::Suspended)
        {
            return Err(invalid_at(Field::Status, "enum", "status can be set to active or suspended"));
        }
        let mut texts = TextChecks::default();
        texts.optional(TextRule::OWNER_ID, patch.owner_id.as_ref());
        texts.optional(TextRule::OWNER_NAME, patch.owner_name.as_ref());
        texts.optional(TextRule::OWNER_USERNAME, patch.owner_username.as_ref().and_then(Option::as_ref));
        texts.optional(TextRule::LABEL, patch.label.as_ref().and_then(Option::as_ref));
        texts.optional(TextRule::ENVIRONMENT, patch.environment.as_ref());
        if let Some(metadata) = &patch.metadata {
            texts.metadata(metadata);
        }
        texts.finish()?;
        self.change(&caller.project_id, id, &patch, MethodRule::Keep, None, None).await
    }

    /// Deletes an account and returns it as it was. Its credentials are revoked at the provider first, if the provider
    /// supports it; a failed revocation does not keep the account.
    ///
    /// # Errors
    /// `MissingScopeError` (403); `AccountNotFoundError` (404).
    pub async fn delete(self: &Arc<Self>, caller: &Caller, id: &AccountId) -> Result<AccountView, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let (accounts, project, id) = (Arc::clone(self), caller.project_id.clone(), id.clone());
        // Otherwise a cancelled caller would leave an account with revoked credentials.
        self.changes.run_to_completion(async move { accounts.delete_whole(&project, &id).await }).await
    }

    async fn delete_whole(&self, project: &ProjectId, id: &AccountId) -> Result<AccountView, Error> {
        let account = self.store.get(project, id).await?;
        let view = self.view(Arc::clone(&account)).await?;
        let revocation = Some(self.revocations.revoke_upstream(&account).await);
        match self.store.delete(project, id).await? {
            Some(deleted) => Ok(AccountView { account: Arc::new(deleted), revocation, ..view }),
            None => Err(account_not_found(id)),
        }
    }

    /// Applies a change. New credentials are verified at the provider first. A conflicting change is retried. A change through
    /// a connect session uses the session up.
    pub(crate) async fn change(
        &self,
        project: &ProjectId,
        id: &AccountId,
        patch: &AccountPatch,
        rule: MethodRule,
        token_set: Option<&TokenSet>,
        session: Option<SessionId>,
    ) -> Result<AccountView, Error> {
        let mut change = PatchChange { accounts: self, patch, rule, token_set, session, catalog_lock: None };
        let changed = self.store.update_with(project, id, &mut change).await?;
        self.view(changed.ok_or_else(|| account_not_found(id))?).await
    }

    /// Applies everything except the credentials, and returns the account's profile after the change.
    async fn apply(
        &self,
        account: &mut Account,
        patch: &AccountPatch,
        rule: MethodRule,
    ) -> Result<Arc<Profile>, Error> {
        for (field, what, given, current) in [
            (Field::Connector, "connector", &patch.connector, &account.connector),
            (Field::AuthMethod, "authentication method", &patch.auth_config_key, &account.auth_config_key),
        ] {
            if given.as_ref().is_some_and(|given| given != current) {
                return Err(invalid_at(
                    field,
                    "invalid",
                    format!("the {what} of an account cannot be changed; link another account instead"),
                ));
            }
        }
        let now = self.clock.now();
        let profile_id = patch.profile_id.as_ref().unwrap_or(&account.profile_id).clone();
        let profile = self.profiles.load(&account.project_id, &profile_id).await?;
        let is_other_method = profile.auth_config_key != account.auth_config_key;
        if profile.connector != account.connector || (is_other_method && rule == MethodRule::Keep) {
            return Err(invalid_at(
                Field::Profile,
                "mismatch",
                "the profile belongs to another connector or authentication method",
            ));
        }
        if is_other_method {
            // Fields of two methods are unrelated, even if their keys are equal.
            account.auth_config_key.clone_from(&profile.auth_config_key);
            account.secrets.clear();
            account.setup_information.clear();
            account.token = None;
            account.refresh_at = None;
            account.expiries.clear();
        }
        if account.profile_id != profile_id {
            account.environment.clone_from(&profile.environment);
            account.profile_id = profile_id;
        }
        if let Some(id) = &patch.owner_id {
            account.owner.id.clone_from(id);
        }
        if let Some(name) = &patch.owner_name {
            account.owner.name.clone_from(name);
        }
        if let Some(username) = &patch.owner_username {
            account.owner.username.clone_from(username);
        }
        if let Some(label) = &patch.label {
            account.label.clone_from(label);
        }
        if let Some(metadata) = &patch.metadata {
            account.metadata.clone_from(metadata);
        }
        if let Some(environment) = &patch.environment {
            let installed = self.connectors.find_for_profile(&profile).await?;
            let method = installed.as_ref().and_then(|found| found.connector.auth_method(&account.auth_config_key));
            let known = method.is_none_or(|method| method.environments.iter().any(|known| known.key == *environment));
            if !known {
                return Err(invalid_at(Field::Environment, "enum", "the connector has no such environment"));
            }
            account.environment.clone_from(environment);
        }
        account.kind = patch.kind.unwrap_or(account.kind);
        account.shared = patch.shared.unwrap_or(account.shared);
        if let Some(status) = patch.status.filter(|status| *status != account.status) {
            if account.status == AccountStatus::Revoked {
                return Err(revoked());
            }
            account.status = status;
            account.status_reasons = if status == AccountStatus::Suspended {
                vec![StatusReason {
                    code: Some("Suspended".to_owned()),
                    description: Some("suspended through the API".to_owned()),
                    timestamp: now,
                }]
            } else {
                Vec::new()
            };
        }
        Ok(profile)
    }

    /// Checks new field values, verifies them together with the stored ones, and seals them. `read` is the account before
    /// the change.
    async fn apply_credentials(
        &self,
        account: &mut Account,
        read: &Account,
        profile: &Arc<Profile>,
        patch: &AccountPatch,
        rule: MethodRule,
        token_set: Option<&TokenSet>,
    ) -> Result<(), Error> {
        let connector = &self.connectors.for_profile(profile).await?.connector;
        let fields = connector
            .auth_method(&account.auth_config_key)
            .map(|method| method.config_fields.as_slice())
            .unwrap_or_default();
        let kept = |key: &str| account.holds(key);
        let form = check_fields(fields, patch.credentials.clone(), Field::Credentials, kept).map_err(invalid)?;
        let former_profile = self.profiles.load(&read.project_id, &read.profile_id).await?;
        let before = CredentialSet::stored(read, &former_profile);
        let after = CredentialSet::candidate(profile, Some(account), &form);
        let after = if token_set.is_some() { after } else { after.keeping_token() };
        let moved = moved_secrets(&self.vault, connector, &account.auth_config_key, before, after)?;
        // The form of a new link may leave out optional fields, whose former values are then deleted.
        let is_reported = |field: &FormField| field.required || rule == MethodRule::Keep;
        let problems = moved.problems(fields, Field::Credentials, is_reported);
        if !problems.is_empty() {
            return Err(invalid(problems));
        }
        forget_moved(account, &moved.keys);
        let verification = Verification { connector, profile, form: &form, is_new: false, token_set };
        let accepted = Box::pin(self.verifier.verify(account, &verification)).await?;
        accepted.seal_into(&self.vault, account)?;
        account.connector_version = connector.version.to_string();
        // Working credentials make the account active again, unless the operator suspended it.
        if account.status != AccountStatus::Suspended {
            account.status = AccountStatus::Active;
            account.status_reasons = accepted.reasons;
        }
        Ok(())
    }

    /// Returns true if the id or name of an account's owner is a part of the connector's addresses.
    async fn owner_shapes_address(&self, profile: &Profile) -> Result<bool, Error> {
        let installed = self.connectors.find_for_profile(profile).await?;
        let names = installed.as_ref().map(|found| found.connector.address_fields(&profile.auth_config_key));
        Ok(names.is_some_and(|names| names.iter().any(|name| name.contains('.'))))
    }

    pub(crate) async fn view(&self, account: Arc<Account>) -> Result<AccountView, Error> {
        let profile = self.profiles.load(&account.project_id, &account.profile_id).await?;
        let connector = self.connectors.find_for_profile(&profile).await?.map(|installed| installed.connector);
        let allowed_actions = connector.as_ref().map_or(0, |connector| allowed(connector, &profile).count());
        let missing_scopes =
            connector.as_ref().map(|connector| lacking(connector, &profile, &account)).unwrap_or_default();
        let title = connector.as_ref().map_or(account.connector.as_str(), |connector| connector.title.as_str());
        Ok(AccountView {
            expiry_notice: account.next_expiry().map(|expiry| expiry_message(expiry, title)),
            uses_previous_client: previous_client_id(&account, &profile).is_some(),
            account,
            allowed_actions,
            missing_scopes,
            profile_alarm: profile.alarm.clone(),
            connector_title: connector.as_ref().map(|connector| connector.title.clone()),
            logo_url: connector.as_ref().map(|connector| connector.icon.clone()),
            connector,
            profile_name: Some(profile.name.clone()),
            profile_active: profile.active,
            revocation: None,
        })
    }
}

/// A patch of an account, with the token set of a completed authorization.
struct PatchChange<'a> {
    accounts: &'a Accounts,
    patch: &'a AccountPatch,
    rule: MethodRule,
    token_set: Option<&'a TokenSet>,
    /// The connect session of a change by the customer.
    session: Option<SessionId>,
    /// Held until the account is written: prevents the deletion of the connector version that it uses.
    catalog_lock: Option<OwnedRwLockReadGuard<()>>,
}

#[async_trait]
impl AccountChange for PatchChange<'_> {
    async fn apply(&mut self, account: &mut Account) -> Result<Change, Error> {
        let Self { accounts, patch, rule, token_set, session, catalog_lock } = self;
        let read = account.clone();
        let profile = accounts.apply(account, patch, *rule).await?;
        let is_elsewhere = account.profile_id != read.profile_id || account.environment != read.environment;
        let is_addressed_otherwise = account.owner != read.owner && accounts.owner_shapes_address(&profile).await?;
        if !patch.credentials.is_empty() || is_elsewhere || is_addressed_otherwise || token_set.is_some() {
            accounts.apply_credentials(account, &read, &profile, patch, *rule, *token_set).await?;
        }
        if *account == read {
            // A session is used up also by a link that changes nothing: the account is written for that.
            return Ok(if session.is_some() { Change::Records } else { Change::Nothing });
        }
        *catalog_lock = Some(accounts.connectors.change_lock.clone().read_owned().await);
        if is_elsewhere {
            accounts.connectors.for_profile_locked(&profile).await?;
        }
        Ok(Change::Account)
    }

    fn session(&self) -> Option<SessionId> {
        self.session
    }

    fn take_lock(&mut self) -> Option<OwnedRwLockReadGuard<()>> {
        self.catalog_lock.take()
    }

    fn waits_in_line(&self) -> bool {
        true
    }

    fn max_attempts(&self) -> usize {
        let AccountPatch { credentials, profile_id, environment, .. } = self.patch;
        let is_verified = !credentials.is_empty() || profile_id.is_some() || environment.is_some();
        // A token set was issued for a code that works once, and must not be lost.
        if is_verified && self.token_set.is_none() { MAX_VERIFICATIONS } else { MAX_UPDATE_ATTEMPTS }
    }
}

/// Returns the secrets of an account that were entered for other addresses than those after a change.
pub(crate) fn moved_secrets(
    vault: &Vault,
    connector: &Connector,
    method: &str,
    before: CredentialSet<'_>,
    after: CredentialSet<'_>,
) -> Result<MovedSecrets, Error> {
    let after = after.open_unproven(vault)?;
    Ok(after.moved_since(connector.address_fields(method), &before.open_unproven(vault)?))
}

/// Deletes secrets that were issued or entered for another address, and the account's token with them.
fn forget_moved(account: &mut Account, keys: &[String]) {
    if keys.is_empty() {
        return;
    }
    account.secrets.retain(|key, _| !keys.contains(key));
    account.token = None;
    account.refresh_at = None;
    account.expiries.clear();
}

/// Returns the scopes that any action of the profile requires and that the provider did not grant.
fn lacking(connector: &Connector, profile: &Profile, account: &Account) -> Vec<String> {
    let Some(method) = connector.auth_method(&account.auth_config_key) else { return Vec::new() };
    let missing: BTreeSet<String> =
        allowed(connector, profile).flat_map(|action| lacking_scopes(connector, method, account, action)).collect();
    missing.into_iter().collect()
}

/// Returns the actions that a profile allows.
fn allowed<'a>(connector: &'a Connector, profile: &'a Profile) -> impl Iterator<Item = &'a Action> {
    let actions = connector.actions.iter().map(|action| &**action);
    actions.filter(|action| profile.enabled_actions.allows(&action.public_id))
}

/// Returns the storage filter for a query.
fn filter(query: AccountQuery, now: Timestamp) -> Result<AccountFilter, Error> {
    check_page(query.page, query.page_size)?;
    let disabled = query.statuses.contains(&EffectiveStatus::ProfileDisabled);
    let stored = |status: &EffectiveStatus| match status {
        EffectiveStatus::Stored(status) => Some(*status),
        EffectiveStatus::ProfileDisabled => None,
    };
    let mut statuses = query.statuses.iter().filter_map(stored).collect::<Vec<_>>();
    let search = query.search.map(|text| text.trim().to_owned()).unwrap_or_default();
    if search.chars().count() > MAX_SEARCH_CHARS {
        let message = format!("search takes at most {MAX_SEARCH_CHARS} characters");
        return Err(invalid_at(Field::Search, "length", message));
    }
    let profile_active = match (disabled, statuses.contains(&AccountStatus::Active)) {
        (true, true) | (false, false) => None,
        (false, true) => Some(true),
        (true, false) => {
            statuses.push(AccountStatus::Active);
            Some(false)
        }
    };
    Ok(AccountFilter {
        ids: query.ids,
        connectors: query.connectors,
        owner_ids: query.owner_ids,
        statuses,
        profile_active,
        profile_ids: query.profile_ids,
        reconnect_due_by: query.reconnect_due.then_some(now),
        created_since: None,
        created_before: None,
        kind: query.kind,
        search,
        page: query.page,
        page_size: query.page_size,
    })
}

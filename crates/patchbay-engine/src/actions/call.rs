//! A call to a provider: it resolves the account first and records the call at the end.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_metrics::{RunOutcome, metrics};
use patchbay_model::{AccountId, ApiKeyId, CallId, CallKind, Clock, Entropy, Profile, ProfileId, Timestamp};
use tokio::time::{Duration, Instant};

use crate::{
    CallOrigin, Caller, EngineParts, Error, ErrorCode,
    accounts::{
        credentials::CredentialSet,
        resolver::{self, AccountResolver, ResolvedAccount},
    },
    address_binding::{address_changed, check_listed},
    call_entry::RunEntry,
    call_log::CallLog,
    connector_catalog::{ConnectorCatalog, InstalledConnector, Origin},
    error_hints,
    profiles::Profiles,
    tokens::refresh::TokenRefresher,
    webhooks::connector_events::ConnectorEvents,
};
use patchbay_runtime::{Credentials, Effects, RunContext, RunIds, RunLog, RuntimeConfig, kept_text};
use patchbay_vault::Vault;

/// The status in the record of a call that its caller cancelled.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// What metrics call requests of the proxy, and runs of actions that do not exist.
const PROXY: &str = "proxy";
const UNKNOWN_ACTION: &str = "unknown";

/// Begins calls.
pub(crate) struct Calls {
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    config: RuntimeConfig,
    connectors: Arc<ConnectorCatalog>,
    profiles: Arc<Profiles>,
    resolver: Arc<AccountResolver>,
    refresher: Arc<TokenRefresher>,
    call_log: Arc<CallLog>,
    events: Arc<ConnectorEvents>,
}

/// A running call. Its record is queued when it ends, also if its caller is cancelled or the server stops.
pub(super) struct Call {
    calls: Arc<Calls>,
    /// The call's id.
    pub(super) id: CallId,
    /// The account with its connector.
    pub(super) resolved: Arc<ResolvedAccount>,
    /// The profile that it uses.
    pub(super) profile: Arc<Profile>,
    /// The profile's connector, and the index of the account's authentication method.
    pub(super) connector: Arc<Connector>,
    connector_origin: Origin,
    auth_index: usize,
    /// The deadline.
    pub(super) deadline: Instant,
    /// The longest wait for a rate limit before each request; none means until the deadline.
    pub(super) max_rate_limit_wait: Option<Duration>,
    kind: CallKind,
    action: Option<String>,
    started_at: Timestamp,
    pub(super) began: Instant,
    is_recorded: bool,
    /// What the call may have changed outside of this server.
    pub(super) effects: Effects,
    /// What its steps do.
    pub(super) log: RunLog,
    key_id: Option<ApiKeyId>,
    origin: CallOrigin,
}

impl Calls {
    pub(crate) fn new(
        parts: &EngineParts,
        connectors: Arc<ConnectorCatalog>,
        profiles: Arc<Profiles>,
        resolver: Arc<AccountResolver>,
        refresher: Arc<TokenRefresher>,
        call_log: Arc<CallLog>,
        events: Arc<ConnectorEvents>,
    ) -> Self {
        Self {
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            config: parts.config.runtime(),
            connectors,
            profiles,
            resolver,
            refresher,
            call_log,
            events,
        }
    }

    /// Resolves the account and, if the caller named one, another profile.
    pub(super) async fn begin(
        self: &Arc<Self>,
        caller: &Caller,
        account: &AccountId,
        profile: Option<&ProfileId>,
        kind: CallKind,
        action: Option<String>,
    ) -> Result<Call, Error> {
        let (began, started_at) = (Instant::now(), self.clock.now());
        let deadline = began + self.config.call_budget;
        let resolved = self.resolver.resolve(&caller.project_id, account).await?;
        // It exists before its token is refreshed: a call that is cut while it waits for that is recorded too.
        let mut call = Call {
            calls: Arc::clone(self),
            id: CallId::generate(started_at, &*self.entropy),
            profile: resolved.profile.clone(),
            connector: resolved.connector.clone(),
            connector_origin: resolved.connector_origin,
            resolved,
            auth_index: 0,
            deadline,
            max_rate_limit_wait: None,
            kind,
            action,
            started_at,
            began,
            is_recorded: false,
            effects: Effects::default(),
            log: RunLog::default(),
            key_id: caller.key_id.clone(),
            origin: caller.origin.clone(),
        };
        match self.prepare(&mut call, profile).await {
            Ok(()) => Ok(call),
            Err(error) => {
                // It did not begin.
                call.is_recorded = true;
                Err(error)
            }
        }
    }

    /// Refreshes the account's token if necessary, and finds the profile and the connector that the call uses.
    async fn prepare(&self, call: &mut Call, profile: Option<&ProfileId>) -> Result<(), Error> {
        let resolved = self.refresher.with_valid_token(call.resolved.clone()).await?;
        let profile = match profile {
            Some(id) if *id != resolved.profile.id => self.other_profile(&resolved, id).await?,
            _ => resolved.profile.clone(),
        };
        // The other profile may pin another version.
        let InstalledConnector { connector, origin } = if Arc::ptr_eq(&profile, &resolved.profile) {
            InstalledConnector { connector: resolved.connector.clone(), origin: resolved.connector_origin }
        } else {
            self.connectors.for_profile(&profile).await?
        };
        call.auth_index = resolver::method_index(&connector, &resolved.account.auth_config_key)?;
        (call.resolved, call.profile, call.connector, call.connector_origin) = (resolved, profile, connector, origin);
        Ok(())
    }

    /// Returns the profile that the caller named instead of the account's.
    async fn other_profile(&self, resolved: &ResolvedAccount, id: &ProfileId) -> Result<Arc<Profile>, Error> {
        let mismatch = |why: &str| {
            Error::new(
                ErrorCode::ProfileMismatch,
                format!("the connector profile of this request {why}; leave it out to use the account's own"),
            )
        };
        let account = &resolved.account;
        let profile = self.profiles.load(&account.project_id, id).await.map_err(|error| match error.code {
            ErrorCode::ProfileNotFound => mismatch("does not exist in this project"),
            _ => error,
        })?;
        if profile.connector != account.connector {
            return Err(mismatch("belongs to another connector than the account"));
        }
        if profile.auth_config_key != account.auth_config_key {
            return Err(mismatch("uses another authentication method than the account"));
        }
        if !profile.active {
            return Err(resolver::profile_disabled(&profile));
        }
        Ok(profile)
    }
}

impl Call {
    /// Refreshes the token once if the provider rejected it (401) before its expiry. Returns true if the call can run again
    /// with another token; a failed refresh becomes the outcome.
    pub(super) async fn refresh_if_rejected<T>(&mut self, status: Option<u16>, outcome: &mut Result<T, Error>) -> bool {
        if status != Some(401) {
            return false;
        }
        self.refresh_token().await.unwrap_or_else(|error| {
            *outcome = Err(error);
            false
        })
    }

    async fn refresh_token(&mut self) -> Result<bool, Error> {
        let Some(refreshed) = self.calls.refresher.refresh_after_rejection(&self.resolved).await? else {
            return Ok(false);
        };
        if Arc::ptr_eq(&self.profile, &self.resolved.profile) {
            self.profile = refreshed.profile.clone();
            self.auth_index = resolver::method_index(&refreshed.connector, &refreshed.account.auth_config_key)?;
            self.connector = refreshed.connector.clone();
            self.connector_origin = refreshed.connector_origin;
        }
        self.resolved = refreshed;
        Ok(true)
    }

    /// Opens the account's field values for this call.
    pub(super) fn credentials(&self) -> Result<Credentials, Error> {
        let credentials = self.bound_credentials()?;
        check_listed(&self.connector, self.method(), &self.resolved.account.environment, &credentials)?;
        Ok(credentials)
    }

    fn bound_credentials(&self) -> Result<Credentials, Error> {
        let vault = &self.calls.vault;
        if Arc::ptr_eq(&self.profile, &self.resolved.profile) {
            return self.resolved.credentials(vault);
        }
        // A version of the connector that only the other profile pins may have further address fields.
        let account = &self.resolved.account;
        let own = CredentialSet::stored(account, &self.resolved.profile).open_unproven(vault)?;
        let opened = CredentialSet::stored(account, &self.profile).open_unproven(vault)?;
        let moved = opened.moved_since(self.connector.address_fields(&account.auth_config_key), &own);
        if moved.keys.is_empty() { opened.proven() } else { Err(address_changed(&moved.changed)) }
    }

    /// Records the call as one of this action, which the connector has.
    pub(super) fn name_action(&mut self, action: &str) {
        self.action = Some(action.to_owned());
    }

    /// Returns the account's authentication method.
    pub(super) fn method(&self) -> &AuthMethod {
        &self.connector.authentication[self.auth_index]
    }

    /// Returns what the runtime runs an action with.
    pub(super) fn context<'a>(&'a self, caller: &Caller, credentials: &'a Credentials) -> RunContext<'a> {
        let account = &self.resolved.account;
        let ids = RunIds {
            organization_id: Some(caller.organization_id.clone()),
            project_id: caller.project_id.clone(),
            account_id: Some(account.id.clone()),
            profile_id: self.profile.id.clone(),
            environment: account.environment.clone(),
            owner: Some(account.owner.clone()),
            call_id: self.id.clone(),
        };
        let (config, deadline) = (self.calls.config, self.deadline);
        RunContext {
            events: Some(&*self.calls.events),
            log: Some(&self.log),
            max_rate_limit_wait: self.max_rate_limit_wait,
            granted: account.token.as_ref().map(|token| &*token.scopes).filter(|scopes| !scopes.is_empty()),
            ..RunContext::new(&self.connector, self.method(), credentials, ids, config, deadline)
        }
    }

    /// Ends the call and records it.
    pub(super) fn end<T>(mut self, outcome: Result<T, Error>, status: impl FnOnce(&T) -> u16) -> Result<T, Error> {
        let mut outcome = outcome.map_err(error_hints::for_call);
        if let Err(error) = &mut outcome {
            error.may_have_effect = self.effects.any();
        }
        match &outcome {
            Ok(answer) => self.record(status(answer), None, None),
            Err(error) => self.record(error.status(), Some(error.code.as_str()), Some(&error.message)),
        }
        outcome
    }

    /// Ends a call whose response was streamed, and records it.
    pub(super) fn close(mut self, status_code: u16, error_code: Option<&str>) {
        self.record(status_code, error_code, None);
    }

    /// Returns the name that metrics count the call under. What a caller sent could be anything: only names that the connector has.
    fn counted_as(&self) -> &str {
        let is_own = |name: &&str| self.connector.action(name).is_some_and(|action| action.public_id == *name);
        match self.kind {
            CallKind::Proxy => PROXY,
            _ => self.action.as_deref().filter(is_own).unwrap_or(UNKNOWN_ACTION),
        }
    }

    fn record(&mut self, status: u16, error_code: Option<&str>, message: Option<&str>) {
        self.is_recorded = true;
        let (steps, steps_left_out) = self.log.take();
        let duration = self.began.elapsed();
        let connector = &self.connector.key;
        metrics().actions.observe(connector, self.counted_as(), RunOutcome::of_status(status), duration);
        self.calls.call_log.record_run(RunEntry {
            id: self.id.clone(),
            kind: self.kind,
            resolved: self.resolved.clone(),
            profile: self.profile.clone(),
            connector: self.connector.clone(),
            connector_origin: self.connector_origin,
            action: self.action.take(),
            key_id: self.key_id.take(),
            origin: std::mem::take(&mut self.origin),
            status,
            error_code: error_code.map(str::to_owned),
            message: message.map(|message| kept_text(message, None)),
            started_at: self.started_at,
            began: self.began,
            duration,
            steps,
            steps_left_out,
        });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.is_recorded {
            return;
        }
        if self.calls.call_log.is_stopping() {
            let code = ErrorCode::ServerStopped;
            self.record(code.status(), Some(code.as_str()), None);
        } else {
            self.record(CLIENT_CLOSED_REQUEST, None, None);
        }
    }
}

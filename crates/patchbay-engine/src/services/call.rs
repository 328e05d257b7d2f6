//! A call to a provider: it resolves the account first and records the call at the end.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_model::{AccountId, CallId, CallKind, CallRecord, Profile, ProfileId, Timestamp};
use tokio::time::{Duration, Instant};

use super::{ResolvedAccount, error_hints, resolve};
use crate::{Caller, Engine, Error, ErrorCode, accounts::credentials::CredentialSet};
use patchbay_runtime::{Credentials, RunContext, RunIds};

/// The status in the record of a call that its caller cancelled.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// A running call. Its record is queued when it ends, also if its caller is cancelled.
pub(super) struct Call {
    engine: Engine,
    /// The call's id.
    pub(super) id: CallId,
    /// The account with its connector.
    pub(super) resolved: Arc<ResolvedAccount>,
    /// The profile that it uses.
    pub(super) profile: Arc<Profile>,
    /// The profile's connector, and the index of the account's authentication method.
    pub(super) connector: Arc<Connector>,
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
}

impl Call {
    /// Resolves the account and, if the caller named one, another profile.
    pub(super) async fn begin(
        engine: &Engine,
        caller: &Caller,
        account: &AccountId,
        profile: Option<&ProfileId>,
        kind: CallKind,
        action: Option<String>,
    ) -> Result<Self, Error> {
        let (began, started_at) = (Instant::now(), engine.clock().now());
        let deadline = began + engine.config().runtime().call_budget;
        let resolved = engine.resolve_account(&caller.project_id, account).await?;
        let resolved = engine.with_valid_token(resolved).await?;
        let profile = match profile {
            Some(id) if *id != resolved.profile.id => other_profile(engine, &resolved, id).await?,
            _ => resolved.profile.clone(),
        };
        // The other profile may pin another version.
        let connector = if Arc::ptr_eq(&profile, &resolved.profile) {
            resolved.connector.clone()
        } else {
            engine.connector_of(&profile).await?
        };
        let auth_index = resolve::method_index(&connector, &resolved.account.auth_config_key)?;
        Ok(Self {
            engine: engine.clone(),
            id: CallId::generate(started_at, &*engine.parts().entropy),
            resolved,
            profile,
            connector,
            auth_index,
            deadline,
            max_rate_limit_wait: None,
            kind,
            action,
            started_at,
            began,
            is_recorded: false,
        })
    }

    /// Refreshes the token once if the provider rejected it (401) before its expiry. Returns true if the call can run again
    /// with another token; a failed refresh becomes the outcome.
    pub(super) async fn refresh_if_rejected<T>(
        &mut self,
        provider_status: Option<u16>,
        outcome: &mut Result<T, Error>,
    ) -> bool {
        if provider_status != Some(401) {
            return false;
        }
        self.refresh_token().await.unwrap_or_else(|error| {
            *outcome = Err(error);
            false
        })
    }

    async fn refresh_token(&mut self) -> Result<bool, Error> {
        let Some(refreshed) = self.engine.refresh_after_rejection(&self.resolved).await? else { return Ok(false) };
        if Arc::ptr_eq(&self.profile, &self.resolved.profile) {
            self.profile = refreshed.profile.clone();
            self.auth_index = resolve::method_index(&refreshed.connector, &refreshed.account.auth_config_key)?;
            self.connector = refreshed.connector.clone();
        }
        self.resolved = refreshed;
        Ok(true)
    }

    /// Opens the account's field values for this call.
    pub(super) fn credentials(&self) -> Result<Credentials, Error> {
        let vault = self.engine.vault();
        if Arc::ptr_eq(&self.profile, &self.resolved.profile) {
            return self.resolved.credentials(vault);
        }
        CredentialSet::stored(&self.resolved.account, &self.profile).open(vault)
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
        let (config, deadline) = (self.engine.config().runtime(), self.deadline);
        RunContext {
            events: self.engine.events(),
            max_rate_limit_wait: self.max_rate_limit_wait,
            granted: account.token.as_ref().map(|token| &*token.scopes).filter(|scopes| !scopes.is_empty()),
            ..RunContext::new(&self.connector, self.method(), credentials, ids, config, deadline)
        }
    }

    /// Ends the call and records it.
    pub(super) fn end<T>(mut self, outcome: Result<T, Error>, status: impl FnOnce(&T) -> u16) -> Result<T, Error> {
        let outcome = outcome.map_err(error_hints::for_call);
        match &outcome {
            Ok(answer) => self.record(status(answer), None),
            Err(error) => self.record(error.status(), Some(error.code.as_str())),
        }
        outcome
    }

    /// Ends a call whose response was streamed, and records it.
    pub(super) fn close(mut self, status_code: u16, error_code: Option<&str>) {
        self.record(status_code, error_code);
    }

    fn record(&mut self, status_code: u16, error_code: Option<&str>) {
        self.is_recorded = true;
        let connector = &self.connector;
        self.engine.record(CallRecord {
            id: self.id.clone(),
            project_id: self.profile.project_id.clone(),
            account_id: Some(self.resolved.account.id.clone()),
            profile_id: self.profile.id.clone(),
            connector: connector.key.clone(),
            connector_version: connector.version.to_string(),
            action: self.action.take(),
            kind: self.kind,
            status_code,
            error_code: error_code.map(str::to_owned),
            started_at: self.started_at,
            duration_micros: i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX),
        });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_recorded {
            self.record(CLIENT_CLOSED_REQUEST, None);
        }
    }
}

/// Returns the profile that the caller named instead of the account's.
async fn other_profile(engine: &Engine, resolved: &ResolvedAccount, id: &ProfileId) -> Result<Arc<Profile>, Error> {
    let mismatch = |why: &str| {
        Error::new(
            ErrorCode::ProfileMismatch,
            format!("the connector profile of this request {why}; leave it out to use the account's own"),
        )
    };
    let account = &resolved.account;
    let profile = engine.profile(&account.project_id, id).await.map_err(|error| match error.code {
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
        return Err(resolve::profile_disabled(&profile));
    }
    Ok(profile)
}

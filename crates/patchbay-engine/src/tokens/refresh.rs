//! Renewing an account's token.
//!
//! The order is what makes it safe: lease, write-ahead, token call, commit. Whoever holds an older lease commits
//! nothing; whoever comes after a crash knows that a call may have been made, tries what is stored once more (the
//! provider may never have got the call, or allows for a retry), and believes the provider's answer.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_model::{
    Account, AccountId, AccountStatus, Lease, LeaseOutcome, LeasePriority, Profile, ProjectId, StatusReason, Timestamp,
    TokenMetadata,
};
use patchbay_storage::StorageError;
use tokio::time::{Duration, sleep};

use super::{
    REFRESH_TOKEN, TokenContext, TokenError, TokenFailure, TokenSet, apply_token_set,
    refresh_policy::{self, Freshness},
    request_token,
    token_request::{refresh_grant, uses_token},
};
use crate::{
    Engine, Error, ErrorCode,
    services::{ResolvedAccount, credentials_of},
};

/// How long a lease lasts beyond the time that a call may take, in seconds: to store what it brought.
const LEASE_MARGIN_SECS: i64 = 30;
/// How long someone else's renewal is waited for, looking so often.
const LEASE_POLL_INTERVAL: Duration = Duration::from_millis(200);
const MAX_LEASE_POLLS: usize = 300;
/// How often a token_set token is tried to be stored.
const MAX_STORE_ATTEMPTS: u32 = 12;
/// The first rest after a failure, and the longest, in seconds.
const MIN_BACKOFF_SECS: i64 = 5;
const MAX_BACKOFF_SECS: i64 = 15 * 60;
/// The longest rest that a provider can ask for, in seconds: a day.
const MAX_RETRY_AFTER_SECS: i64 = 86_400;

/// What is asked of a renewal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RefreshGoal {
    /// A token other than this one, which was seen to be over or was refused.
    Replace(Option<TokenMetadata>),
    /// A new one when the time for it has come.
    IfDue,
}

impl Engine {
    /// The account with a token that holds: renewed first when it does not. A token that still holds is used while
    /// its renewal is under way. 412 when the account must be linked again, 502 when the provider gives none now.
    pub(crate) async fn with_valid_token(&self, resolved: Arc<ResolvedAccount>) -> Result<Arc<ResolvedAccount>, Error> {
        if !uses_token(resolved.method()) {
            return Ok(resolved);
        }
        let account = &resolved.account;
        if account.status == AccountStatus::ReconnectRequired {
            return Err(reconnect_required(account));
        }
        let now = self.clock().now();
        match refresh_policy::freshness(account, now) {
            Freshness::Fresh => Ok(resolved),
            Freshness::Stale => {
                if !self.single_flight().is_backing_off(&account.id, now) {
                    drop(self.refresh_account(
                        &account.project_id,
                        &account.id,
                        RefreshGoal::Replace(account.token.clone()),
                    ));
                }
                Ok(resolved)
            }
            Freshness::Expired => {
                self.refresh_account(&account.project_id, &account.id, RefreshGoal::Replace(account.token.clone()))
                    .await?;
                self.resolve_account(&account.project_id, &account.id).await
            }
        }
    }

    /// The account with another token than the one that the provider has just refused; none when there is no
    /// other to be had without a person.
    pub(crate) async fn refresh_after_rejection(
        &self,
        resolved: &ResolvedAccount,
    ) -> Result<Option<Arc<ResolvedAccount>>, Error> {
        let account = &resolved.account;
        let has_refresh_token = account.secrets.contains_key(REFRESH_TOKEN);
        if !uses_token(resolved.method()) || refresh_grant(resolved.method(), has_refresh_token).is_none() {
            return Ok(None);
        }
        self.refresh_account(&account.project_id, &account.id, RefreshGoal::Replace(account.token.clone())).await?;
        self.resolve_account(&account.project_id, &account.id).await.map(Some)
    }

    /// Joins or starts the account's renewal.
    pub(crate) fn refresh_account(
        &self,
        project: &ProjectId,
        id: &AccountId,
        goal: RefreshGoal,
    ) -> impl Future<Output = Result<(), Error>> + use<> {
        let (engine, project, own) = (self.clone(), project.clone(), id.clone());
        self.single_flight().join(id, move || async move {
            let mut guard = engine.single_flight().guard(&own);
            let outcome = refresh_with_lease(&engine, &project, &own, goal).await;
            guard.retry_after = match &outcome {
                Err(error) => {
                    let seconds = error.retry_after.and_then(|seconds| i64::try_from(seconds).ok());
                    seconds.map(|seconds| engine.clock().now().plus_seconds(seconds))
                }
                Ok(()) => None,
            };
            drop(guard);
            outcome
        })
    }
}

async fn refresh_with_lease(
    engine: &Engine,
    project: &ProjectId,
    id: &AccountId,
    goal: RefreshGoal,
) -> Result<(), Error> {
    let budget = i64::try_from(engine.config().call_budget_millis).unwrap_or(i64::MAX);
    for _ in 0..MAX_LEASE_POLLS {
        let now = engine.clock().now();
        let until = now.plus_seconds(LEASE_MARGIN_SECS).plus_millis(budget);
        match engine.storage().refresh_leases().acquire(project, id, now, until, LeasePriority::Normal).await? {
            LeaseOutcome::Granted(lease) => {
                let outcome = run_with_lease(engine, &lease, goal).await;
                // Whatever it failed with: nobody waits for a lease that nobody holds any more.
                if outcome.is_err()
                    && let Err(error) = engine.storage().refresh_leases().release(&lease).await
                {
                    tracing::warn!(%error, account = %id, "a lease could not be given back; it ends by itself");
                }
                return outcome;
            }
            LeaseOutcome::BackingOff(moment) => return Err(backing_off(moment, now)),
            LeaseOutcome::Held(_) => {
                sleep(LEASE_POLL_INTERVAL).await;
                let found = engine.storage().accounts().get(project, id).await?;
                if found.is_none_or(|found| !is_needed(&found, &goal, engine.clock().now())) {
                    engine.evict_account(id);
                    return Ok(());
                }
            }
        }
    }
    Err(Error::new(
        ErrorCode::TokenRenewal,
        "the account's token is being renewed by another process, which does not end; try again later",
    )
    .with_retry_after(5))
}

fn is_needed(account: &Account, goal: &RefreshGoal, now: Timestamp) -> bool {
    match goal {
        RefreshGoal::Replace(seen) => account.token == *seen,
        RefreshGoal::IfDue => account.refresh_at.is_some_and(|due| due <= now),
    }
}

async fn run_with_lease(engine: &Engine, lease: &Lease, goal: RefreshGoal) -> Result<(), Error> {
    let found = engine.storage().accounts().get(&lease.project_id, &lease.account_id).await?;
    let Some(account) = found else { return Ok(()) };
    let usable = matches!(account.status, AccountStatus::Active | AccountStatus::Suspended);
    if !usable || !is_needed(&account, &goal, engine.clock().now()) {
        engine.storage().refresh_leases().release(lease).await?;
        engine.evict_account(&account.id);
        return if usable { Ok(()) } else { Err(reconnect_required(&account)) };
    }
    let profile = engine.profile(&account.project_id, &account.profile_id).await?;
    let installed = engine.connector_for_profile(&profile).await;
    if installed.is_err() {
        engine.storage().refresh_leases().release(lease).await?;
    }
    let connector = installed?.map(|installed| installed.connector);
    let method =
        connector.as_ref().and_then(|connector| Some((connector, connector.auth_method(&account.auth_config_key)?)));
    let Some((connector, method)) = method else {
        engine.storage().refresh_leases().release(lease).await?;
        return Err(Error::new(
            ErrorCode::ConnectorMissing,
            format!("the connector `{}` or its authentication method is not installed", account.connector),
        ));
    };
    let run = TokenRefresh { engine, lease, connector, method, profile: &profile };
    run.run(account).await
}

struct TokenRefresh<'a> {
    engine: &'a Engine,
    lease: &'a Lease,
    connector: &'a Arc<Connector>,
    method: &'a AuthMethod,
    profile: &'a Profile,
}

impl TokenRefresh<'_> {
    async fn run(&self, account: Account) -> Result<(), Error> {
        let Self { engine, lease, connector, method, profile } = self;
        let has_refresh_token = account.secrets.contains_key(REFRESH_TOKEN);
        let Some(grant) = refresh_grant(method, has_refresh_token) else {
            let error = reconnect_required_for(
                connector,
                "its token has ended, and the provider gave nothing to renew it with",
            );
            self.mark_reconnect_required(&account, &error).await?;
            return Err(error);
        };
        let credentials = credentials_of(engine.vault(), &account, profile)?;
        if !engine.storage().refresh_leases().mark_sent(lease, account.revision).await? {
            return Err(lost_lease());
        }
        let token_context = TokenContext {
            connector,
            method,
            profile,
            environment: &account.environment,
            owner: &account.owner,
            account_id: Some(&account.id),
            credentials: &credentials,
        };
        match request_token(engine, &token_context, &grant).await {
            Ok(token_set) => self.store_token_set(account, &token_set).await,
            Err(failure) => self.handle_failure(&account, failure).await,
        }
    }

    /// Stores what was token_set, over changes that others made to the account in the meantime. It is tried for some
    /// time: the provider may honour nothing else any more.
    async fn store_token_set(&self, read: Account, token_set: &TokenSet) -> Result<(), Error> {
        let mut base = read.clone();
        let mut attempt = 0;
        loop {
            let now = self.engine.clock().now();
            let mut changed = base.clone();
            apply_token_set(self.engine.vault(), &mut changed, token_set, self.method, self.profile, now);
            changed.revision = base.revision + 1;
            changed.updated_at = now;
            let outcome = self.engine.storage().refresh_leases().commit(self.lease, &changed, base.revision).await;
            self.engine.evict_account(&read.id);
            match outcome {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(lost_lease()),
                Err(StorageError::Conflict(_)) => {
                    let found = self.engine.storage().accounts().get(&read.project_id, &read.id).await?;
                    let Some(found) = found else { return Ok(()) };
                    if found.token != read.token || found.auth_config_key != read.auth_config_key {
                        // It was linked again: its new token is not ours to replace.
                        self.engine.storage().refresh_leases().release(self.lease).await?;
                        return Ok(());
                    }
                    base = found;
                }
                Err(error) if attempt < MAX_STORE_ATTEMPTS => {
                    attempt += 1;
                    tracing::warn!(%error, account = %read.id, attempt, "a renewed token could not be stored yet");
                    sleep(Duration::from_millis(100 << attempt.min(5))).await;
                }
                Err(error) => {
                    tracing::error!(%error, account = %read.id, "a renewed token is lost: it could not be stored");
                    return Err(error.into());
                }
            }
        }
    }

    async fn handle_failure(&self, account: &Account, failure: TokenFailure) -> Result<(), Error> {
        let TokenFailure { cause, error } = failure;
        let title = &self.connector.title;
        match cause {
            TokenError::InvalidGrant => {
                let now = self.engine.clock().now();
                let ended_at = account.token.as_ref().and_then(|token| token.refresh_expires_at);
                let (ended, interrupted) = match ended_at.filter(|end| *end <= now) {
                    Some(end) => (format!("; its refresh token ended on {end}"), ""),
                    None if self.lease.unresolved_revision.is_some() => {
                        (String::new(), "; an earlier renewal was interrupted before its answer was stored")
                    }
                    None => (String::new(), ""),
                };
                let mut ended =
                    reconnect_required_for(self.connector, &format!("{}{ended}{interrupted}", error.message));
                ended.provider = error.provider;
                self.mark_reconnect_required(account, &ended).await?;
                Err(ended)
            }
            TokenError::InvalidClient => {
                // It concerns every account of the profile, and none of them is to blame: the profile's alarm tells.
                let mut told = error;
                told.message = format!(
                    "{title} refuses the app's credentials in the connector profile `{}`, so no token can be renewed; correct them there ({})",
                    self.profile.name, told.message
                );
                told.set_code(ErrorCode::ProfileCredentials);
                Err(self.back_off(told, true).await?)
            }
            TokenError::Transient => {
                let mut told = error;
                told.message = format!("the account's token could not be renewed: {}", told.message);
                Err(self.back_off(told, false).await?)
            }
        }
    }

    /// Lets the next renewal wait: twice as long after each failure, with chance in it, and as long as the
    /// provider asks for.
    async fn back_off(&self, error: Error, outcome_known: bool) -> Result<Error, Error> {
        let ceiling = MIN_BACKOFF_SECS.saturating_mul(1 << self.lease.failures.min(10)).min(MAX_BACKOFF_SECS);
        let mut byte = [0];
        self.engine.parts().entropy.fill(&mut byte);
        let own = ceiling / 2 + ceiling * i64::from(byte[0]) / 510;
        let asked = error.retry_after.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
        let seconds = own.max(asked.min(MAX_RETRY_AFTER_SECS)).max(1);
        let until = self.engine.clock().now().plus_seconds(seconds);
        self.engine.storage().refresh_leases().fail(self.lease, until, outcome_known).await?;
        Ok(error.with_retry_after(seconds.unsigned_abs()))
    }

    /// The account is used no more until someone links it again.
    async fn mark_reconnect_required(&self, read: &Account, why: &Error) -> Result<(), Error> {
        let mut base = read.clone();
        loop {
            let now = self.engine.clock().now();
            let mut changed = base.clone();
            changed.status = AccountStatus::ReconnectRequired;
            changed.status_reasons = vec![StatusReason {
                code: Some(why.code.to_string()),
                description: Some(why.message.clone()),
                timestamp: now,
            }];
            changed.refresh_at = None;
            changed.expiries.clear();
            changed.revision = base.revision + 1;
            changed.updated_at = now;
            let outcome = self.engine.storage().refresh_leases().commit(self.lease, &changed, base.revision).await;
            self.engine.evict_account(&read.id);
            match outcome {
                Ok(_) => {
                    tracing::warn!(account = %read.id, connector = self.connector.key, "an account must be linked again: {}", why.message);
                    return Ok(());
                }
                Err(StorageError::Conflict(_)) => {
                    let found = self.engine.storage().accounts().get(&read.project_id, &read.id).await?;
                    match found {
                        Some(found) if found.token == read.token => base = found,
                        _ => {
                            self.engine.storage().refresh_leases().release(self.lease).await?;
                            return Ok(());
                        }
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// 412: only a person can help.
fn reconnect_required(account: &Account) -> Error {
    let why = account.status_reasons.last().and_then(|reason| reason.description.as_deref());
    let message = match why {
        Some(why) => why.to_owned(),
        None => "the account's credentials are refused by the provider; link it again".to_owned(),
    };
    Error::new(ErrorCode::AccountExpiredCredentials, message)
}

fn reconnect_required_for(connector: &Connector, why: &str) -> Error {
    Error::new(
        ErrorCode::AccountExpiredCredentials,
        format!("{} does not honour this account any more, link it again: {why}", connector.title),
    )
}

fn lost_lease() -> Error {
    Error::new(
        ErrorCode::TokenRenewal,
        "the account's token was renewed by another process at the same time; try again",
    )
    .with_retry_after(1)
}

fn backing_off(until: Timestamp, now: Timestamp) -> Error {
    let seconds = (until.as_micros() - now.as_micros()).max(0) / 1_000_000 + 1;
    Error::new(
        ErrorCode::TokenRenewal,
        format!("the account's token could not be renewed a moment ago; it is tried again in {seconds} s"),
    )
    .with_retry_after(seconds.unsigned_abs())
}

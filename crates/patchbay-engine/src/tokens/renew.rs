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
    Applicant, Failure, Minted, REFRESH_TOKEN, Refusal, apply, mint,
    mint::{renewal, works_by_token},
    when::{self, Standing},
};
use crate::{
    Engine, Error, ErrorCode,
    services::{ResolvedAccount, credentials_of},
};

/// How long a lease lasts beyond the time that a call may take, in seconds: to store what it brought.
const LEASE: i64 = 30;
/// How long someone else's renewal is waited for, looking so often.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const LOOKS: usize = 300;
/// How often a minted token is tried to be stored.
const STORE_ATTEMPTS: u32 = 12;
/// The first rest after a failure, and the longest, in seconds.
const REST: i64 = 5;
const LONGEST_REST: i64 = 15 * 60;
/// The longest rest that a provider can ask for, in seconds: a day.
const LONGEST_ASKED: i64 = 86_400;

/// What is asked of a renewal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Want {
    /// A token other than this one, which was seen to be over or was refused.
    Other(Option<TokenMetadata>),
    /// A new one when the time for it has come.
    WhenDue,
}

impl Engine {
    /// The account with a token that holds: renewed first when it does not. A token that still holds is used while
    /// its renewal is under way. 412 when the account must be linked again, 502 when the provider gives none now.
    pub(crate) async fn with_live_token(&self, resolved: Arc<ResolvedAccount>) -> Result<Arc<ResolvedAccount>, Error> {
        if !works_by_token(resolved.method()) {
            return Ok(resolved);
        }
        let account = &resolved.account;
        if account.status == AccountStatus::ReconnectRequired {
            return Err(must_relink(account));
        }
        let now = self.clock().now();
        match when::standing(account, now) {
            Standing::Fresh => Ok(resolved),
            Standing::Due => {
                if !self.flights().is_resting(&account.id, now) {
                    drop(self.renewal(&account.project_id, &account.id, Want::Other(account.token.clone())));
                }
                Ok(resolved)
            }
            Standing::Over => {
                self.renewal(&account.project_id, &account.id, Want::Other(account.token.clone())).await?;
                self.resolve_account(&account.project_id, &account.id).await
            }
        }
    }

    /// The account with another token than the one that the provider has just refused; none when there is no
    /// other to be had without a person.
    pub(crate) async fn after_refusal(
        &self,
        resolved: &ResolvedAccount,
    ) -> Result<Option<Arc<ResolvedAccount>>, Error> {
        let account = &resolved.account;
        let has_refresh_token = account.secrets.contains_key(REFRESH_TOKEN);
        if !works_by_token(resolved.method()) || renewal(resolved.method(), has_refresh_token).is_none() {
            return Ok(None);
        }
        self.renewal(&account.project_id, &account.id, Want::Other(account.token.clone())).await?;
        self.resolve_account(&account.project_id, &account.id).await.map(Some)
    }

    /// Joins or starts the account's renewal.
    pub(crate) fn renewal(
        &self,
        project: &ProjectId,
        id: &AccountId,
        want: Want,
    ) -> impl Future<Output = Result<(), Error>> + use<> {
        let (engine, project, own) = (self.clone(), project.clone(), id.clone());
        self.flights().join(id, move || async move {
            let mut landing = engine.flights().landing(&own);
            let outcome = renew(&engine, &project, &own, want).await;
            landing.rest_until = match &outcome {
                Err(error) => {
                    let seconds = error.retry_after.and_then(|seconds| i64::try_from(seconds).ok());
                    seconds.map(|seconds| engine.clock().now().plus_seconds(seconds))
                }
                Ok(()) => None,
            };
            drop(landing);
            outcome
        })
    }
}

async fn renew(engine: &Engine, project: &ProjectId, id: &AccountId, want: Want) -> Result<(), Error> {
    let budget = i64::try_from(engine.config().call_budget_millis).unwrap_or(i64::MAX);
    for _ in 0..LOOKS {
        let now = engine.clock().now();
        let until = now.plus_seconds(LEASE).plus_millis(budget);
        match engine.storage().refresh_leases().acquire(project, id, now, until, LeasePriority::Normal).await? {
            LeaseOutcome::Granted(lease) => {
                let outcome = with_lease(engine, &lease, want).await;
                // Whatever it failed with: nobody waits for a lease that nobody holds any more.
                if outcome.is_err()
                    && let Err(error) = engine.storage().refresh_leases().release(&lease).await
                {
                    tracing::warn!(%error, account = %id, "a lease could not be given back; it ends by itself");
                }
                return outcome;
            }
            LeaseOutcome::BackingOff(moment) => return Err(resting(moment, now)),
            LeaseOutcome::Held(_) => {
                sleep(LOOK_EVERY).await;
                let found = engine.storage().accounts().get(project, id).await?;
                if found.is_none_or(|found| !is_wanted(&found, &want, engine.clock().now())) {
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

fn is_wanted(account: &Account, want: &Want, now: Timestamp) -> bool {
    match want {
        Want::Other(seen) => account.token == *seen,
        Want::WhenDue => account.refresh_at.is_some_and(|due| due <= now),
    }
}

async fn with_lease(engine: &Engine, lease: &Lease, want: Want) -> Result<(), Error> {
    let found = engine.storage().accounts().get(&lease.project_id, &lease.account_id).await?;
    let Some(account) = found else { return Ok(()) };
    let usable = matches!(account.status, AccountStatus::Active | AccountStatus::Suspended);
    if !usable || !is_wanted(&account, &want, engine.clock().now()) {
        engine.storage().refresh_leases().release(lease).await?;
        engine.evict_account(&account.id);
        return if usable { Ok(()) } else { Err(must_relink(&account)) };
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
    let run = Renewal { engine, lease, connector, method, profile: &profile };
    run.run(account).await
}

struct Renewal<'a> {
    engine: &'a Engine,
    lease: &'a Lease,
    connector: &'a Arc<Connector>,
    method: &'a AuthMethod,
    profile: &'a Profile,
}

impl Renewal<'_> {
    async fn run(&self, account: Account) -> Result<(), Error> {
        let Self { engine, lease, connector, method, profile } = self;
        let has_refresh_token = account.secrets.contains_key(REFRESH_TOKEN);
        let Some(grant) = renewal(method, has_refresh_token) else {
            let error =
                must_relink_for(connector, "its token has ended, and the provider gave nothing to renew it with");
            self.end_use(&account, &error).await?;
            return Err(error);
        };
        let credentials = credentials_of(engine.vault(), &account, profile)?;
        if !engine.storage().refresh_leases().mark_sent(lease, account.revision).await? {
            return Err(overtaken());
        }
        let applicant = Applicant {
            connector,
            method,
            profile,
            environment: &account.environment,
            owner: &account.owner,
            account_id: Some(&account.id),
            credentials: &credentials,
        };
        match mint(engine, &applicant, &grant).await {
            Ok(minted) => self.store(account, &minted).await,
            Err(failure) => self.failed(&account, failure).await,
        }
    }

    /// Stores what was minted, over changes that others made to the account in the meantime. It is tried for some
    /// time: the provider may honour nothing else any more.
    async fn store(&self, read: Account, minted: &Minted) -> Result<(), Error> {
        let mut base = read.clone();
        let mut attempt = 0;
        loop {
            let now = self.engine.clock().now();
            let mut changed = base.clone();
            apply(self.engine.vault(), &mut changed, minted, self.method, self.profile, now);
            changed.revision = base.revision + 1;
            changed.updated_at = now;
            let outcome = self.engine.storage().refresh_leases().commit(self.lease, &changed, base.revision).await;
            self.engine.evict_account(&read.id);
            match outcome {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(overtaken()),
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
                Err(error) if attempt < STORE_ATTEMPTS => {
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

    async fn failed(&self, account: &Account, failure: Failure) -> Result<(), Error> {
        let Failure { refusal, error } = failure;
        let title = &self.connector.title;
        match refusal {
            Refusal::Grant => {
                let now = self.engine.clock().now();
                let ended_at = account.token.as_ref().and_then(|token| token.refresh_expires_at);
                let (ended, interrupted) = match ended_at.filter(|end| *end <= now) {
                    Some(end) => (format!("; its refresh token ended on {end}"), ""),
                    None if self.lease.unresolved_revision.is_some() => {
                        (String::new(), "; an earlier renewal was interrupted before its answer was stored")
                    }
                    None => (String::new(), ""),
                };
                let mut ended = must_relink_for(self.connector, &format!("{}{ended}{interrupted}", error.message));
                ended.provider = error.provider;
                self.end_use(account, &ended).await?;
                Err(ended)
            }
            Refusal::Client => {
                // It concerns every account of the profile, and none of them is to blame: the profile's alarm tells.
                let mut told = error;
                told.message = format!(
                    "{title} refuses the app's credentials in the connector profile `{}`, so no token can be renewed; correct them there ({})",
                    self.profile.name, told.message
                );
                told.set_code(ErrorCode::ProfileCredentials);
                Err(self.rest(told, true).await?)
            }
            Refusal::Later => {
                let told =
                    Error { message: format!("the account's token could not be renewed: {}", error.message), ..error };
                Err(self.rest(told, false).await?)
            }
        }
    }

    /// Lets the next renewal wait: twice as long after each failure, with chance in it, and as long as the
    /// provider asks for.
    async fn rest(&self, error: Error, outcome_known: bool) -> Result<Error, Error> {
        let ceiling = REST.saturating_mul(1 << self.lease.failures.min(10)).min(LONGEST_REST);
        let mut byte = [0];
        self.engine.parts().entropy.fill(&mut byte);
        let own = ceiling / 2 + ceiling * i64::from(byte[0]) / 510;
        let asked = error.retry_after.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
        let seconds = own.max(asked.min(LONGEST_ASKED)).max(1);
        let until = self.engine.clock().now().plus_seconds(seconds);
        self.engine.storage().refresh_leases().fail(self.lease, until, outcome_known).await?;
        Ok(error.with_retry_after(seconds.unsigned_abs()))
    }

    /// The account is used no more until someone links it again.
    async fn end_use(&self, read: &Account, why: &Error) -> Result<(), Error> {
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
fn must_relink(account: &Account) -> Error {
    let why = account.status_reasons.last().and_then(|reason| reason.description.as_deref());
    let message = match why {
        Some(why) => why.to_owned(),
        None => "the account's credentials are refused by the provider; link it again".to_owned(),
    };
    Error::new(ErrorCode::AccountExpiredCredentials, message)
}

fn must_relink_for(connector: &Connector, why: &str) -> Error {
    Error::new(
        ErrorCode::AccountExpiredCredentials,
        format!("{} does not honour this account any more, link it again: {why}", connector.title),
    )
}

fn overtaken() -> Error {
    Error::new(
        ErrorCode::TokenRenewal,
        "the account's token was renewed by another process at the same time; try again",
    )
    .with_retry_after(1)
}

fn resting(until: Timestamp, now: Timestamp) -> Error {
    let seconds = (until.as_micros() - now.as_micros()).max(0) / 1_000_000 + 1;
    Error::new(
        ErrorCode::TokenRenewal,
        format!("the account's token could not be renewed a moment ago; it is tried again in {seconds} s"),
    )
    .with_retry_after(seconds.unsigned_abs())
}

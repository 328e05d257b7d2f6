//! Refreshes an account's token.
//!
//! The order makes it safe: acquire the lease, record the request, send the token request, commit. The holder of an older
//! lease cannot commit.
//!
//! A lease is short and is extended while its holder works: one of a server that died is free within [`LEASE`], however long a
//! token request may take. While the database was away, nobody could extend a lease, so that this time does not count for those
//! that were held then.
//!
//! A failure ends an account only if the provider says that its grant has ended ([`TokenError::InvalidGrant`]), and for good
//! only if the grant was a customer's consent. An account with its own credentials is then shown as failed, and its next call
//! after a pause tries again; a success makes it active. After every other failure the account stays active, and the refreshes
//! pause, longer each time.
//!
//! After a crash the record shows that a request may have been sent: the stored refresh token is
//! tried once more (the provider may not have received the request, or may allow a retry), and the response decides.

use std::{convert::Infallible, future::pending, sync::Arc};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_metrics::{RefreshOutcome, metrics};
use patchbay_model::{
    Account, AccountId, AccountStatus, Clock, Entropy, Lease, LeaseOutcome, LeasePriority, Profile, ProjectId,
    StatusReason, Timestamp, TokenMetadata,
};
use patchbay_storage::{DueLease, Storage};
use patchbay_vault::Vault;
use tokio::time::{Duration, sleep};

use super::{
    account_token::apply_token_set,
    refresh_policy::{self, Freshness},
    single_flight::SingleFlight,
    token_context::TokenContext,
    token_error::TokenError,
    token_request::{TokenFailure, has_own_credentials, refresh_grant, uses_token},
    token_requests::TokenRequests,
    token_response::{REFRESH_TOKEN, TokenSet},
};
use crate::{
    EngineParts, Error, ErrorCode,
    accounts::{
        credentials::{CredentialSet, bind_account},
        resolver::{AccountResolver, ResolvedAccount},
        store::{CachedAccounts, Change, Commit},
    },
    connector_catalog::ConnectorCatalog,
    profiles::Profiles,
    replicas::freshness::Freshness as DatabaseFreshness,
};

/// How long a lease lasts that nobody extends.
const LEASE: Duration = Duration::from_secs(12);
/// The interval in which its holder extends it.
const LEASE_EXTENSION: Duration = Duration::from_secs(3);
/// The interval of the checks while another process refreshes the token.
const LEASE_POLL_INTERVAL: Duration = Duration::from_millis(200);
/// The most attempts to store a new token.
const MAX_STORE_ATTEMPTS: u32 = 12;
/// The pauses after failures that a retry may solve soon.
const AFTER_FAILURE: Backoff = Backoff { first_secs: 5, factor: 2, max_secs: 15 * 60 };
/// The pauses after refusals that a retry by itself may not solve.
const AFTER_REFUSAL: Backoff = Backoff { first_secs: 5, factor: 2, max_secs: 60 * 60 };
/// The pauses after a refusal of the account's own credentials. The first one is short, because a wrong clock may be the
/// cause; they grow fast, because a provider may lock a user out after a few wrong passwords.
const AFTER_OWN_REFUSAL: Backoff = Backoff { first_secs: 2, factor: 6, max_secs: 60 * 60 };
/// The longest wait that a provider can request by `Retry-After`, in seconds: a day.
const MAX_RETRY_AFTER_SECS: i64 = 86_400;

/// The most concurrent refreshes of the background worker.
const MAX_CONCURRENT_REFRESHES: usize = 8;

/// The goal of a refresh: it does nothing if the goal is already met.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RefreshGoal {
    /// Replaces this token, which has expired or was rejected.
    Replace(Option<TokenMetadata>),
    /// Refreshes the token if it is due.
    IfDue,
}

/// Refreshes the tokens of accounts: at most one refresh at a time for an account.
pub(crate) struct TokenRefresher {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    connectors: Arc<ConnectorCatalog>,
    profiles: Arc<Profiles>,
    accounts: Arc<CachedAccounts>,
    resolver: Arc<AccountResolver>,
    requests: Arc<TokenRequests>,
    single_flight: SingleFlight,
    database: Arc<DatabaseFreshness>,
}

impl TokenRefresher {
    pub(crate) fn new(
        parts: &EngineParts,
        connectors: Arc<ConnectorCatalog>,
        profiles: Arc<Profiles>,
        accounts: Arc<CachedAccounts>,
        resolver: Arc<AccountResolver>,
        requests: Arc<TokenRequests>,
        database: Arc<DatabaseFreshness>,
    ) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            connectors,
            profiles,
            accounts,
            resolver,
            requests,
            single_flight: SingleFlight::default(),
            database,
        }
    }

    /// Returns the account with a valid token. An expired token is refreshed first; a stale one is used while its refresh
    /// runs in the background.
    ///
    /// # Errors
    /// 412 `AccountExpiredCredentialsError` when the account must be reconnected, 412 `ProfileCredentialsError` when the
    /// provider rejects the client's credentials, 503 `TokenRenewalError` during a wait after a failure; the provider's
    /// errors otherwise.
    pub(crate) async fn with_valid_token(
        self: &Arc<Self>,
        resolved: Arc<ResolvedAccount>,
    ) -> Result<Arc<ResolvedAccount>, Error> {
        if !uses_token(resolved.method()) {
            return Ok(resolved);
        }
        let account = &resolved.account;
        if account.status == AccountStatus::ReconnectRequired {
            return self.retry_own_credentials(&resolved).await;
        }
        let now = self.clock.now();
        match refresh_policy::freshness(account, now) {
            Freshness::Fresh => Ok(resolved),
            Freshness::Stale => {
                if !self.single_flight.is_backing_off(&account.id, now) {
                    drop(self.refresh(&account.project_id, &account.id, RefreshGoal::Replace(account.token.clone())));
                }
                Ok(resolved)
            }
            Freshness::Expired => {
                self.refresh(&account.project_id, &account.id, RefreshGoal::Replace(account.token.clone())).await?;
                self.resolver.resolve(&account.project_id, &account.id).await
            }
        }
    }

    /// Tries the account's own credentials once more after the provider refused them, unless the pause is not over.
    async fn retry_own_credentials(
        self: &Arc<Self>,
        resolved: &ResolvedAccount,
    ) -> Result<Arc<ResolvedAccount>, Error> {
        let account = &resolved.account;
        if !has_own_credentials(resolved.method()) {
            return Err(reconnect_required(account));
        }
        let goal = RefreshGoal::Replace(account.token.clone());
        match self.refresh(&account.project_id, &account.id, goal).await {
            Ok(()) => self.resolver.resolve(&account.project_id, &account.id).await,
            // The refusal says more than the pause that follows it.
            Err(Error { code: ErrorCode::TokenRenewal, retry_after: Some(seconds), .. }) => {
                Err(reconnect_required(account).with_retry_after(seconds))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the account with another token after the provider rejected the current one; none when the token cannot be
    /// refreshed without a person.
    ///
    /// # Errors
    /// As [`TokenRefresher::with_valid_token`].
    pub(crate) async fn refresh_after_rejection(
        self: &Arc<Self>,
        resolved: &ResolvedAccount,
    ) -> Result<Option<Arc<ResolvedAccount>>, Error> {
        let account = &resolved.account;
        let has_refresh_token = account.secrets.contains_key(REFRESH_TOKEN);
        if !uses_token(resolved.method()) || refresh_grant(resolved.method(), has_refresh_token).is_none() {
            return Ok(None);
        }
        self.refresh(&account.project_id, &account.id, RefreshGoal::Replace(account.token.clone())).await?;
        self.resolver.resolve(&account.project_id, &account.id).await.map(Some)
    }

    /// Joins or starts the account's refresh.
    pub(crate) fn refresh(
        self: &Arc<Self>,
        project: &ProjectId,
        id: &AccountId,
        goal: RefreshGoal,
    ) -> impl Future<Output = Result<(), Error>> + use<> {
        let (refresher, project, own) = (Arc::clone(self), project.clone(), id.clone());
        self.single_flight.join(id, move || refresher.fly(project, own, goal, None))
    }

    /// Refreshes an account whose lease was claimed, because it is due. If a call has begun to refresh it meanwhile and waits for the
    /// lease, the call gets it.
    fn refresh_claimed(self: &Arc<Self>, lease: Lease) -> impl Future<Output = ()> + use<> {
        let (refresher, id) = (Arc::clone(self), lease.account_id.clone());
        let mut is_used = false;
        let flight = self.single_flight.join(&id, || {
            is_used = true;
            let (project, claimed) = (lease.project_id.clone(), Some(lease.clone()));
            Arc::clone(self).fly(project, lease.account_id.clone(), RefreshGoal::IfDue, claimed)
        });
        async move {
            if !is_used {
                refresher.release(&lease).await;
            }
            // The failure is in the account's state or in the log.
            if let Err(error) = flight.await {
                tracing::debug!(%error, account = %id, "a token was not refreshed");
            }
        }
    }

    /// Runs the account's refresh, and notes how long the next one must wait.
    async fn fly(
        self: Arc<Self>,
        project: ProjectId,
        id: AccountId,
        goal: RefreshGoal,
        claimed: Option<Lease>,
    ) -> Result<(), Error> {
        let mut guard = self.single_flight.guard(&id);
        let outcome = self.refresh_with_lease(&project, &id, goal, claimed).await;
        guard.retry_after = match &outcome {
            Err(error) => {
                let seconds = error.retry_after.and_then(|seconds| i64::try_from(seconds).ok());
                seconds.map(|seconds| self.clock.now().plus_seconds(seconds))
            }
            Ok(()) => None,
        };
        drop(guard);
        outcome
    }

    /// Refreshes the tokens that are due. Several servers that do so at once share the accounts among them: each claims as many as it
    /// can refresh at once, and then one for each that is done.
    pub(crate) async fn refresh_due(self: &Arc<Self>) {
        let (mut running, mut after, mut is_last) = (FuturesUnordered::new(), None, false);
        loop {
            let free = MAX_CONCURRENT_REFRESHES - running.len();
            if !is_last && free > 0 {
                let now = self.clock.now();
                let limit = u32::try_from(free).unwrap_or(u32::MAX);
                let leases = self.storage.refresh_leases();
                let (moment, until) = (self.moment_of_leases(now), Self::lease_end(now));
                let claimed = match leases.claim_due(moment, until, after.as_ref(), limit).await {
                    Ok(claimed) => claimed,
                    Err(error) => {
                        tracing::warn!(%error, "could not claim the accounts whose tokens are due; will retry");
                        Vec::new()
                    }
                };
                is_last = claimed.is_empty();
                if after.is_none() {
                    // The first one is overdue longest.
                    let lag = claimed.first().map_or(Duration::ZERO, |first| now.since(first.due_at));
                    metrics().refreshes.set_lag(lag);
                }
                for DueLease { lease, due_at } in claimed {
                    after = Some((due_at, lease.account_id.clone()));
                    running.push(self.refresh_claimed(lease));
                }
            }
            if running.next().await.is_none() {
                return;
            }
        }
    }

    /// Waits for the running refreshes.
    pub(crate) async fn wait_until_idle(&self) {
        self.single_flight.wait_until_idle().await;
    }

    /// Waits for the running refreshes and rejects new ones.
    pub(crate) async fn shutdown(&self) {
        self.single_flight.shutdown().await;
    }

    /// Returns when a lease ends that is acquired or extended now.
    fn lease_end(now: Timestamp) -> Timestamp {
        now.plus(LEASE)
    }

    /// Returns the moment at which leases are compared: a holder that could not extend its lease while the database was away has
    /// as much time left after its return as it had before.
    fn moment_of_leases(&self, now: Timestamp) -> Timestamp {
        now.minus(self.database.absence_before(LEASE))
    }

    /// Extends a lease again and again while its holder works.
    async fn keep(&self, lease: &Lease) -> Infallible {
        loop {
            sleep(LEASE_EXTENSION).await;
            match self.storage.refresh_leases().extend(lease, Self::lease_end(self.clock.now())).await {
                Ok(true) => {}
                // Another process has it. What this one does is rejected.
                Ok(false) => return pending().await,
                Err(error) => tracing::debug!(%error, account = %lease.account_id, "could not extend a refresh lease"),
            }
        }
    }

    /// Releases a lease, so that no other process waits for it.
    async fn release(&self, lease: &Lease) {
        if let Err(error) = self.storage.refresh_leases().release(lease).await {
            let account = &lease.account_id;
            tracing::warn!(%error, %account, "could not release a refresh lease; it expires by itself");
        }
    }

    /// Refreshes with the account's lease, which is acquired unless it was claimed before.
    ///
    /// A lease that another process holds is waited for, as long as it is held: the process stores a new token, or fails and releases
    /// the lease, or the lease of a process that ended expires. Callers wait as long as their own budget allows.
    async fn refresh_with_lease(
        &self,
        project: &ProjectId,
        id: &AccountId,
        goal: RefreshGoal,
        mut claimed: Option<Lease>,
    ) -> Result<(), Error> {
        loop {
            let now = self.clock.now();
            let leases = self.storage.refresh_leases();
            let outcome = match claimed.take() {
                Some(lease) => LeaseOutcome::Granted(lease),
                None => {
                    let (moment, until) = (self.moment_of_leases(now), Self::lease_end(now));
                    leases.acquire(project, id, moment, until, LeasePriority::Normal).await?
                }
            };
            match outcome {
                LeaseOutcome::Granted(lease) => match self.run_while_held(&lease, goal.clone()).await {
                    Ok(LeaseEnd::Used) => return Ok(()),
                    // Another process took the lease when it had expired.
                    Ok(LeaseEnd::Lost) => {}
                    Err(error) => {
                        self.release(&lease).await;
                        return Err(error);
                    }
                },
                LeaseOutcome::BackingOff(moment) => return Err(backing_off(moment, now)),
                LeaseOutcome::Held(_) if self.single_flight.is_stopping() => return Err(stopping()),
                LeaseOutcome::Held(_) => {
                    sleep(LEASE_POLL_INTERVAL).await;
                    let found = self.storage.accounts().get(project, id).await?;
                    if found.is_none_or(|found| !is_needed(&found, &goal, self.clock.now())) {
                        self.accounts.evict(id);
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn run_while_held(&self, lease: &Lease, goal: RefreshGoal) -> Result<LeaseEnd, Error> {
        tokio::select! {
            outcome = self.run_with_lease(lease, goal) => outcome,
            never = self.keep(lease) => match never {},
        }
    }

    async fn run_with_lease(&self, lease: &Lease, goal: RefreshGoal) -> Result<LeaseEnd, Error> {
        let found = self.storage.accounts().get(&lease.project_id, &lease.account_id).await?;
        let Some(account) = found else { return Ok(LeaseEnd::Used) };
        let usable = matches!(account.status, AccountStatus::Active | AccountStatus::Suspended);
        let refused = account.status == AccountStatus::ReconnectRequired;
        if !(usable || refused) || !is_needed(&account, &goal, self.clock.now()) {
            self.storage.refresh_leases().release(lease).await?;
            self.accounts.evict(&account.id);
            return if usable { Ok(LeaseEnd::Used) } else { Err(reconnect_required(&account)) };
        }
        let profile = self.profiles.load(&account.project_id, &account.profile_id).await?;
        let installed = self.connectors.find_for_profile(&profile).await;
        if installed.is_err() {
            self.storage.refresh_leases().release(lease).await?;
        }
        let connector = installed?.map(|installed| installed.connector);
        let method = connector
            .as_ref()
            .and_then(|connector| Some((connector, connector.auth_method(&account.auth_config_key)?)));
        let Some((connector, method)) = method else {
            self.storage.refresh_leases().release(lease).await?;
            return Err(Error::new(
                ErrorCode::ConnectorMissing,
                format!("the connector `{}` or its authentication method is not installed", account.connector),
            ));
        };
        if refused && !has_own_credentials(method) {
            self.storage.refresh_leases().release(lease).await?;
            return Err(reconnect_required(&account));
        }
        let run = TokenRefresh { refresher: self, lease, connector, method, profile: &profile };
        run.run(account).await
    }
}

/// Returns the keys of the secrets that were entered for another address. They stay bound to it.
fn moved_secrets(vault: &Vault, account: &Account, profile: &Profile) -> Result<Vec<String>, Error> {
    let opened = CredentialSet::stored(account, profile).open_unproven(vault)?;
    Ok(opened.moved_since(&[], &opened).keys)
}

fn is_needed(account: &Account, goal: &RefreshGoal, now: Timestamp) -> bool {
    match goal {
        RefreshGoal::Replace(seen) => account.token == *seen,
        RefreshGoal::IfDue => account.refresh_at.is_some_and(|due| due <= now),
    }
}

/// The growing pauses between refreshes that fail.
#[derive(Clone, Copy)]
struct Backoff {
    first_secs: i64,
    factor: i64,
    max_secs: i64,
}

impl Backoff {
    /// Returns the longest pause after this number of earlier failures, in seconds.
    fn ceiling(self, failures: u32) -> i64 {
        self.first_secs.saturating_mul(self.factor.saturating_pow(failures)).min(self.max_secs)
    }
}

/// How the use of a lease ended.
enum LeaseEnd {
    /// The refresh is done, or was not needed.
    Used,
    /// Another process holds a newer lease, and refreshes or has refreshed the token.
    Lost,
}

struct TokenRefresh<'a> {
    refresher: &'a TokenRefresher,
    lease: &'a Lease,
    connector: &'a Arc<Connector>,
    method: &'a AuthMethod,
    profile: &'a Profile,
}

impl TokenRefresh<'_> {
    async fn run(&self, account: Account) -> Result<LeaseEnd, Error> {
        let Self { refresher, lease, connector, method, profile } = self;
        let has_refresh_token = account.secrets.contains_key(REFRESH_TOKEN);
        let Some(grant) = refresh_grant(method, has_refresh_token) else {
            let error =
                reconnect_required_for(connector, "its token has expired and the provider issued no refresh token");
            self.mark_reconnect_required(&account, &error).await?;
            return Err(error);
        };
        let credentials = CredentialSet::stored(&account, profile).open(&refresher.vault)?;
        let token_context = TokenContext::of_account(connector, method, profile, &account, &credentials)?;
        let until = TokenRefresher::lease_end(refresher.clock.now());
        if !refresher.storage.refresh_leases().mark_sent(lease, account.revision, until).await? {
            return Ok(LeaseEnd::Lost);
        }
        let answer = refresher.requests.request(&token_context, &grant).await;
        let counted = match &answer {
            Ok(_) => RefreshOutcome::Success,
            Err(TokenFailure { cause: TokenError::InvalidGrant, .. }) => RefreshOutcome::Rejected,
            Err(_) => RefreshOutcome::Failed,
        };
        metrics().refreshes.count(&connector.key, counted);
        match answer {
            Ok(token_set) => self.store_token_set(&account, &token_set).await,
            Err(failure) => self.handle_failure(&account, failure).await.map(|()| LeaseEnd::Used),
        }
    }

    /// Stores a token set, merged with concurrent changes to the account. It retries for some time: the provider may have
    /// revoked the former tokens.
    async fn store_token_set(&self, read: &Account, token_set: &TokenSet) -> Result<LeaseEnd, Error> {
        let Self { refresher, lease, connector, method, profile } = self;
        let mut attempt = 0;
        loop {
            let apply = |account: &mut Account| {
                if account.token != read.token || account.auth_config_key != read.auth_config_key {
                    // The account was reconnected: its new token must not be replaced.
                    return Change::Nothing;
                }
                let names = connector.address_fields(&method.key);
                let moved = moved_secrets(&refresher.vault, account, profile);
                apply_token_set(&refresher.vault, account, token_set, method, profile, refresher.clock.now());
                // The provider may have named the address of the account's own server.
                let bound = bind_account(&refresher.vault, names, account, profile, |key| {
                    moved.as_ref().is_ok_and(|moved| !moved.iter().any(|one| one == key))
                });
                if let Err(error) = bound {
                    tracing::error!(%error, account = %account.id, "could not bind a refreshed token to its address");
                }
                if account.status == AccountStatus::ReconnectRequired {
                    account.status = AccountStatus::Active;
                    account.status_reasons.clear();
                }
                Change::Account
            };
            match refresher.accounts.commit(lease, read, apply).await {
                Ok(Commit::Written) => return Ok(LeaseEnd::Used),
                Ok(Commit::Unchanged) => {
                    refresher.storage.refresh_leases().release(lease).await?;
                    return Ok(LeaseEnd::Used);
                }
                Ok(Commit::LeaseLost) => return Ok(LeaseEnd::Lost),
                Err(error) if attempt < MAX_STORE_ATTEMPTS => {
                    attempt += 1;
                    tracing::warn!(%error, account = %read.id, attempt, "could not store a refreshed token; will retry");
                    sleep(Duration::from_millis(100 << attempt.min(5))).await;
                }
                Err(error) => {
                    tracing::error!(%error, account = %read.id, "lost a refreshed token: could not store it");
                    return Err(error);
                }
            }
        }
    }

    async fn handle_failure(&self, account: &Account, failure: TokenFailure) -> Result<(), Error> {
        let TokenFailure { cause, error } = failure;
        let (title, failures) = (&self.connector.title, self.lease.failures);
        match cause {
            TokenError::InvalidGrant if has_own_credentials(self.method) => {
                self.refuse_own_credentials(account, error).await
            }
            TokenError::InvalidGrant => {
                let now = self.refresher.clock.now();
                let refresh_expires_at = account.token.as_ref().and_then(|token| token.refresh_expires_at);
                let (expired, interrupted) = match refresh_expires_at.filter(|expiry| *expiry <= now) {
                    Some(expiry) => (format!("; its refresh token expired at {expiry}"), ""),
                    None if self.lease.unresolved_revision.is_some() => {
                        (String::new(), "; an earlier refresh was interrupted before its response was stored")
                    }
                    None => (String::new(), ""),
                };
                let why = format!("{}{expired}{interrupted}", error.message);
                let mut required = reconnect_required_for(self.connector, &why);
                required.provider = error.provider;
                self.mark_reconnect_required(account, &required).await?;
                Err(required)
            }
            TokenError::InvalidClient => {
                // It affects every account of the profile, so the profile's alarm shows it.
                let mut error = error;
                error.message = format!(
                    "{title} rejects the client credentials of the connector profile `{}`, so its tokens cannot be refreshed. \
                     Correct them there ({})",
                    self.profile.name, error.message
                );
                error.set_code(ErrorCode::ProfileCredentials);
                Err(self.back_off(error, AFTER_FAILURE.ceiling(failures), true).await?)
            }
            TokenError::InvalidRequest => {
                let mut error = error;
                error.message = format!(
                    "{title} does not accept the request that refreshes the account's token, so the connector or the app at \
                     {title} must be corrected ({})",
                    error.message
                );
                error.set_code(ErrorCode::TokenRequest);
                tracing::error!(
                    account = %account.id, profile = %self.profile.id, connector = self.connector.key, "{}", error.message
                );
                Err(self.back_off(error, AFTER_REFUSAL.ceiling(failures), true).await?)
            }
            TokenError::Unexplained => {
                let mut error = error;
                error.message = format!(
                    "could not refresh the account's token: {}. That says nothing about the account's access, so the refresh \
                     is tried again later",
                    error.message.trim_end_matches('.')
                );
                // The status belongs to the token request, not to the caller's own request.
                error.set_code(ErrorCode::TokenRenewal);
                Err(self.back_off(error, AFTER_REFUSAL.ceiling(failures), false).await?)
            }
            TokenError::Transient => {
                let mut error = error;
                error.message = format!("could not refresh the account's token: {}", error.message);
                if error.code == ErrorCode::Provider && matches!(error.status(), 400..=407 | 409..=428 | 430..=499) {
                    error.set_code(ErrorCode::TokenRenewal);
                }
                Err(self.back_off(error, AFTER_FAILURE.ceiling(failures), false).await?)
            }
        }
    }

    /// Handles the refusal of the account's own credentials. While the token still works, the next attempt waits for its
    /// expiry. After that the account is shown as failed, and each call after a pause tries again.
    async fn refuse_own_credentials(&self, account: &Account, error: Error) -> Result<(), Error> {
        let Self { refresher, lease, connector, .. } = self;
        let mut required = reconnect_required_for(connector, &error.message);
        required.provider = error.provider;
        required.retry_after = error.retry_after;
        let now = refresher.clock.now();
        if refresh_policy::freshness(account, now) == Freshness::Stale
            && let Some(expiry) = account.token.as_ref().and_then(|token| token.expires_at)
        {
            refresher.storage.refresh_leases().fail(lease, expiry, true).await?;
            return Err(required);
        }
        // A suspended account stays suspended: to resume it is the operator's decision.
        let failures = if account.status == AccountStatus::Active {
            self.mark_reconnect_required(account, &required).await?;
            0
        } else {
            lease.failures
        };
        Err(self.back_off(required, AFTER_OWN_REFUSAL.ceiling(failures), true).await?)
    }

    /// Makes the next refresh wait for up to `ceiling` seconds, with jitter, and at least as long as the provider requested.
    /// Returns the error with the wait.
    async fn back_off(&self, error: Error, ceiling: i64, outcome_known: bool) -> Result<Error, Error> {
        let mut byte = [0];
        self.refresher.entropy.fill(&mut byte);
        let backoff = ceiling / 2 + ceiling * i64::from(byte[0]) / 510;
        let requested = error.retry_after.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
        let seconds = backoff.max(requested.min(MAX_RETRY_AFTER_SECS)).max(1);
        let until = self.refresher.clock.now().plus_seconds(seconds);
        self.refresher.storage.refresh_leases().fail(self.lease, until, outcome_known).await?;
        Ok(error.with_retry_after(seconds.unsigned_abs()))
    }

    /// Marks the account as requiring a reconnect, unless it was reconnected in the meantime.
    async fn mark_reconnect_required(&self, read: &Account, why: &Error) -> Result<(), Error> {
        let Self { refresher, lease, connector, .. } = self;
        let now = refresher.clock.now();
        let mark = |account: &mut Account| {
            if account.token != read.token {
                return Change::Nothing;
            }
            account.status = AccountStatus::ReconnectRequired;
            account.status_reasons = vec![StatusReason {
                code: Some(why.code.to_string()),
                description: Some(why.message.clone()),
                timestamp: now,
            }];
            account.refresh_at = None;
            if !has_own_credentials(self.method) {
                account.expiries.clear();
            }
            Change::Account
        };
        match refresher.accounts.commit(lease, read, mark).await? {
            Commit::Written => {
                tracing::warn!(account = %read.id, connector = connector.key, "the provider refused an account: {}", why.message);
            }
            Commit::Unchanged => refresher.storage.refresh_leases().release(lease).await?,
            Commit::LeaseLost => {}
        }
        Ok(())
    }
}

/// Returns 412 `AccountExpiredCredentialsError` with the stored reason.
fn reconnect_required(account: &Account) -> Error {
    let why = account.status_reasons.last().and_then(|reason| reason.description.as_deref());
    let message = match why {
        Some(why) => why.to_owned(),
        None => "the provider rejected the account's credentials; reconnect the account".to_owned(),
    };
    Error::new(ErrorCode::AccountExpiredCredentials, message)
}

fn reconnect_required_for(connector: &Connector, why: &str) -> Error {
    Error::new(
        ErrorCode::AccountExpiredCredentials,
        format!("{} no longer accepts this account's credentials. Reconnect the account: {why}", connector.title),
    )
}

fn stopping() -> Error {
    Error::new(
        ErrorCode::TokenRenewal,
        "the server stops while another process refreshes the account's token; try again",
    )
    .with_retry_after(1)
}

fn backing_off(until: Timestamp, now: Timestamp) -> Error {
    let seconds = (until.as_micros() - now.as_micros()).max(0) / 1_000_000 + 1;
    Error::new(ErrorCode::TokenRenewal, format!("the last refresh of the account's token failed; retry in {seconds} s"))
        .with_retry_after(seconds.unsigned_abs())
}

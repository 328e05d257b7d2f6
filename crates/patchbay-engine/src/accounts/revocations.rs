//! Revokes accounts: first at the provider, then here. A deletion revokes one account; the operator can revoke many at once
//! after a breach.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use patchbay_model::{
    Account, AccountStatus, ApiScope, CallId, CallKind, CallRecord, Clock, Entropy, LeaseOutcome, LeasePriority,
    ProjectId, StatusReason, Timestamp,
};
use patchbay_runtime::{Revocation, RuntimeConfig};
use patchbay_storage::{AccountFilter, Storage};
use patchbay_vault::Vault;
use tokio::time::{Instant, sleep};

use super::{
    credentials::CredentialSet,
    store::{CachedAccounts, Change},
};
use crate::{
    Caller, EngineParts, Error, ErrorCode, Field,
    call_log::CallLog,
    changes::Changes,
    connector_catalog::{ConnectorCatalog, InstalledConnector, Origin},
    profiles::Profiles,
    tokens::{
        revoke::{can_revoke, revoke},
        token_context::TokenContext,
        token_requests::TokenRequests,
    },
    validation::invalid_at,
};

/// The timeout of the provider's response, unless the time limit of a call is shorter.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a running refresh is polled, and how many times.
const LEASE_POLL_INTERVAL: Duration = Duration::from_millis(100);
const MAX_LEASE_POLLS: usize = 30;
/// How long no other caller may refresh the token: until the account is deleted, and not for longer if this server dies before.
const LEASE_TTL: Duration = Duration::from_secs(20);
/// The number of accounts that are revoked concurrently.
const MAX_CONCURRENT_REVOCATIONS: usize = 8;
/// The largest number of accounts in one request.
pub(crate) const MAX_ACCOUNTS_PER_REQUEST: u32 = 500;
/// The page size for reading the accounts.
const LIST_PAGE_SIZE: u32 = 100;

/// The accounts to revoke. At least one filter is required.
#[derive(Clone, Debug, Default)]
pub struct RevocationQuery {
    /// Only accounts of this connector.
    pub connector: Option<String>,
    /// Only accounts that were linked at or after this moment.
    pub since: Option<Timestamp>,
    /// Only accounts that were linked before this moment.
    pub until: Option<Timestamp>,
    /// Whether to report what would be done without doing it.
    pub is_dry_run: bool,
}

/// The outcome for one account.
#[derive(Clone, Debug)]
pub struct RevokedAccount {
    /// The account before the revocation.
    pub account: Account,
    /// The provider's response; none for a dry run.
    pub revocation: Option<Revocation>,
    /// A sentence for people.
    pub message: String,
    /// Whether its credentials were deleted here.
    pub is_wiped: bool,
}

/// The outcome for all accounts.
#[derive(Clone, Debug)]
pub struct RevocationReport {
    /// The accounts that were revoked, or would be.
    pub accounts: Vec<RevokedAccount>,
    /// The number of accounts that are left for another request.
    pub remaining: u64,
}

/// Revokes accounts.
pub struct Revocations {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    runtime: RuntimeConfig,
    accounts: Arc<CachedAccounts>,
    profiles: Arc<Profiles>,
    connectors: Arc<ConnectorCatalog>,
    tokens: Arc<TokenRequests>,
    call_log: Arc<CallLog>,
    changes: Changes,
}

impl Revocations {
    pub(crate) fn new(
        parts: &EngineParts,
        accounts: Arc<CachedAccounts>,
        profiles: Arc<Profiles>,
        connectors: Arc<ConnectorCatalog>,
        tokens: Arc<TokenRequests>,
        call_log: Arc<CallLog>,
        changes: Changes,
    ) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            runtime: parts.config.runtime(),
            accounts,
            profiles,
            connectors,
            tokens,
            call_log,
            changes,
        }
    }

    /// Revokes accounts at their providers and deletes their credentials here. The accounts stay, so that they can be
    /// reconnected. If a provider does not confirm, the account is suspended with its credentials, for another attempt.
    ///
    /// # Errors
    /// `MissingScopeError` (403); `ValidationError` (400) without a filter or with an empty period.
    pub async fn revoke(self: &Arc<Self>, caller: &Caller, query: RevocationQuery) -> Result<RevocationReport, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        if query.connector.is_none() && query.since.is_none() && query.until.is_none() {
            return Err(invalid_at(Field::Connector, "required", "select the accounts by connector, since or until"));
        }
        if let (Some(since), Some(until)) = (query.since, query.until)
            && since >= until
        {
            return Err(invalid_at(Field::Until, "range", "until must be after since"));
        }
        let (revocations, caller) = (Arc::clone(self), caller.clone());
        // The revocation continues if the caller is cancelled, until the server stops. Then the accounts that have started are
        // still completed.
        let work = tokio::spawn(async move { revocations.revoke_whole(&caller, query).await });
        work.await
            .map_err(|_| Error::new(ErrorCode::Internal, "the revocation was interrupted; run it again to continue"))?
    }

    async fn revoke_whole(
        self: &Arc<Self>,
        caller: &Caller,
        query: RevocationQuery,
    ) -> Result<RevocationReport, Error> {
        let (accounts, remaining) = self.to_revoke(&caller.project_id, &query).await?;
        tracing::warn!(
            audit = true, project = %caller.project_id, connector = query.connector.as_deref().unwrap_or("any"),
            since = ?query.since, until = ?query.until, dry_run = query.is_dry_run, accounts = accounts.len(), remaining,
            key = caller.key_id.as_ref().map_or("none", patchbay_model::ApiKeyId::as_str),
            "accounts are being revoked"
        );
        let work = accounts.into_iter().map(|account| async {
            if query.is_dry_run {
                self.would_revoke(account).await
            } else {
                Box::pin(self.revoke_to_completion(account)).await
            }
        });
        let accounts = stream::iter(work).buffered(MAX_CONCURRENT_REVOCATIONS).collect().await;
        Ok(RevocationReport { accounts, remaining })
    }

    /// Returns the matching accounts that have credentials, and the number of further ones.
    async fn to_revoke(&self, project: &ProjectId, query: &RevocationQuery) -> Result<(Vec<Account>, u64), Error> {
        let (mut found, mut beyond) = (Vec::new(), 0);
        for page in 1.. {
            let filter = AccountFilter {
                connectors: query.connector.iter().cloned().collect(),
                created_since: query.since,
                created_before: query.until,
                page,
                page_size: LIST_PAGE_SIZE,
                ..AccountFilter::default()
            };
            let listed = self.storage.accounts().list(project, &filter).await?;
            let is_last = listed.items.len() < LIST_PAGE_SIZE as usize;
            for account in listed.items.into_iter().filter(|account| account.status != AccountStatus::Revoked) {
                if found.len() < MAX_ACCOUNTS_PER_REQUEST as usize { found.push(account) } else { beyond += 1 }
            }
            if is_last {
                break;
            }
        }
        Ok((found, beyond))
    }

    async fn would_revoke(&self, account: Account) -> RevokedAccount {
        let connector = self.connector_of_account(&account).await;
        let method = connector.as_ref().and_then(|found| found.connector.auth_method(&account.auth_config_key));
        let message = if method.is_some_and(can_revoke) {
            "would be revoked at the provider, and its credentials deleted here"
        } else {
            "its credentials would be deleted here; the provider does not support revocation"
        };
        RevokedAccount { account, revocation: None, message: message.to_owned(), is_wiped: false }
    }

    async fn revoke_to_completion(self: &Arc<Self>, account: Account) -> RevokedAccount {
        let (revocations, asked) = (Arc::clone(self), account.clone());
        let work = async move { Ok::<_, Error>(revocations.revoke_account(asked).await) };
        self.changes.run_to_completion(work).await.unwrap_or_else(|error| RevokedAccount {
            account,
            revocation: Some(Revocation::Failed { message: error.message.clone() }),
            message: error.message,
            is_wiped: false,
        })
    }

    async fn revoke_account(&self, account: Account) -> RevokedAccount {
        let revocation = self.revoke_upstream(&account).await;
        let title = self
            .connector_of_account(&account)
            .await
            .map_or_else(|| account.connector.clone(), |found| found.connector.title.clone());
        let mut message = revocation.message(&title);
        let confirmed = !matches!(revocation, Revocation::Failed { .. });
        let stored = self.store_outcome(&account, confirmed, &message).await;
        if let Err(error) = &stored {
            message = format!("{message}; and here: {}", error.message);
        }
        tracing::warn!(audit = true, account = %account.id, outcome = revocation.as_str(), "an account was revoked: {message}");
        RevokedAccount { account, revocation: Some(revocation), message, is_wiped: confirmed && stored.is_ok() }
    }

    /// Stores the outcome with the account.
    async fn store_outcome(&self, read: &Account, confirmed: bool, why: &str) -> Result<(), Error> {
        let now = self.clock.now();
        let stored = self.accounts.update(&read.project_id, &read.id, |account| {
            account.refresh_at = None;
            account.expiries.clear();
            if confirmed {
                account.secrets.clear();
                account.token = None;
            }
            account.status = if confirmed { AccountStatus::Revoked } else { AccountStatus::Suspended };
            account.status_reasons = vec![StatusReason {
                code: Some(if confirmed { ErrorCode::AccountRevoked } else { ErrorCode::RevocationFailed }.to_string()),
                description: Some(format!("revoked by the operator; reconnect the account: {why}")),
                timestamp: now,
            }];
            Change::Account
        });
        stored.await.map(drop)
    }

    /// Revokes an account's credentials at the provider and records the call. It is bounded by a timeout and cannot fail: an
    /// error is part of the outcome.
    pub(crate) async fn revoke_upstream(&self, account: &Account) -> Revocation {
        let (started_at, began) = (self.clock.now(), Instant::now());
        // A token that is refreshed concurrently would stay valid after the revocation.
        let newest = self.block_refreshes(account).await;
        let (outcome, record) = self.request_revocation(newest.as_ref().unwrap_or(account), started_at, began).await;
        if let Some((record, origin)) = record {
            self.call_log.record(record, Some(origin));
        }
        outcome.unwrap_or_else(|error| Revocation::Failed { message: error.message })
    }

    async fn request_revocation(
        &self,
        account: &Account,
        started_at: Timestamp,
        began: Instant,
    ) -> (Result<Revocation, Error>, Option<(CallRecord, Origin)>) {
        let found = self.connector_of_account(account).await;
        let Some(InstalledConnector { connector, origin }) = &found else { return (Ok(Revocation::Unsupported), None) };
        let Some(method) = connector.auth_method(&account.auth_config_key) else {
            return (Ok(Revocation::Unsupported), None);
        };
        let outcome = async {
            let profile = self.profiles.load(&account.project_id, &account.profile_id).await?;
            let credentials = CredentialSet::stored(account, &profile).open(&self.vault)?;
            let token_context = TokenContext::of_account(connector, method, &profile, account, &credentials)?;
            let patience = PROVIDER_TIMEOUT.min(self.runtime.call_budget);
            revoke(self.tokens.client(), &token_context, Instant::now() + patience).await
        }
        .await;
        let is_call = !matches!(outcome, Ok(Revocation::Unsupported | Revocation::Nothing));
        let record = is_call.then(|| CallRecord {
            id: CallId::generate(started_at, &*self.entropy),
            project_id: account.project_id.clone(),
            account_id: Some(account.id.clone()),
            profile_id: account.profile_id.clone(),
            connector: connector.key.clone(),
            connector_version: connector.version.to_string(),
            action: None,
            kind: CallKind::Revocation,
            status_code: outcome.as_ref().map_or_else(Error::status, |_| 200),
            error_code: outcome.as_ref().err().map(|error| error.code.to_string()),
            started_at,
            duration_micros: i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX),
        });
        (outcome, record.map(|record| (record, *origin)))
    }

    /// Prevents other refreshes of the account's token, and returns the account with the newest token. Continues without the
    /// lease after some polls: a refresh that does not end must not prevent the revocation.
    async fn block_refreshes(&self, account: &Account) -> Option<Account> {
        for _ in 0..MAX_LEASE_POLLS {
            let now = self.clock.now();
            let (leases, until) = (self.storage.refresh_leases(), now.plus(LEASE_TTL));
            match leases.acquire(&account.project_id, &account.id, now, until, LeasePriority::Urgent).await {
                Ok(LeaseOutcome::Held(_)) => sleep(LEASE_POLL_INTERVAL).await,
                _ => break,
            }
        }
        self.accounts.read(&account.project_id, &account.id).await.ok().flatten()
    }

    /// Returns the account's connector; none if it is not installed.
    async fn connector_of_account(&self, account: &Account) -> Option<InstalledConnector> {
        let profile = self.profiles.load(&account.project_id, &account.profile_id).await.ok()?;
        self.connectors.find_for_profile(&profile).await.ok()?
    }
}

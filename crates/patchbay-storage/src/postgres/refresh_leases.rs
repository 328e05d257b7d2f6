//! Leases on the refresh of tokens.
//!
//! Acquiring and committing lock the account first: a lease that does not exist yet has no row to lock. The other changes are one
//! statement that names the fence.

use async_trait::async_trait;
use patchbay_model::{Account, AccountId, Lease, LeaseOutcome, LeasePriority, OutboxEvent, ProjectId, Timestamp};
use sqlx::PgConnection;

use super::{
    PostgresStorage, accounts,
    error::{Failure, Outcome},
    webhooks,
};
use crate::{
    DueLease, RefreshLeaseStore, Result, StorageError,
    rows::{due_lease, lease_outcome},
};

/// Returns whether a lease is the newest of its account, and keeps it so until the transaction ends.
async fn holds(connection: &mut PgConnection, lease: &Lease) -> Outcome<bool> {
    let fence: Option<i64> =
        sqlx::query_scalar("SELECT fence FROM refresh_leases WHERE project_id = $1 AND account_id = $2 FOR UPDATE")
            .bind(lease.project_id.as_str())
            .bind(lease.account_id.as_str())
            .fetch_optional(connection)
            .await?;
    Ok(fence == Some(lease.fence))
}

/// A wish for a lease.
struct Wanted {
    project: ProjectId,
    account: AccountId,
    now: Timestamp,
    until: Timestamp,
    priority: LeasePriority,
}

async fn acquire(connection: &mut PgConnection, wanted: &Wanted) -> Outcome<LeaseOutcome> {
    let Wanted { project, account, now, until, priority } = wanted;
    if accounts::lock_account(connection, project, account).await?.is_none() {
        return Err(Failure::Storage(StorageError::Conflict("the account does not exist")));
    }
    let found = sqlx::query(
        "SELECT account_id, fence, leased_until, sent_revision, failures, retry_at FROM refresh_leases \
         WHERE project_id = $1 AND account_id = $2 FOR UPDATE",
    )
    .bind(project.as_str())
    .bind(account.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let outcome = lease_outcome(found.as_ref(), project, account, *now, *priority)?;
    let LeaseOutcome::Granted(lease) = &outcome else { return Ok(outcome) };
    sqlx::query(
        "INSERT INTO refresh_leases (account_id, project_id, fence, leased_until, sent_revision, failures, retry_at) \
         VALUES ($1, $2, $3, $4, NULL, 0, 0) \
         ON CONFLICT (account_id) DO UPDATE SET fence = excluded.fence, leased_until = excluded.leased_until",
    )
    .bind(account.as_str())
    .bind(project.as_str())
    .bind(lease.fence)
    .bind(until.as_micros())
    .execute(connection)
    .await?;
    Ok(outcome)
}

/// A wish for the leases of accounts that are due.
struct Claim {
    now: Timestamp,
    until: Timestamp,
    after: Option<(Timestamp, AccountId)>,
    limit: u32,
}

/// Accounts that another caller has locked are passed over: it claims them, or refreshes them. A lease that was acquired after the
/// statement's snapshot is looked at again when its row is written.
async fn claim_due(connection: &mut PgConnection, claim: &Claim) -> Outcome<Vec<DueLease>> {
    let (moment, account) = match &claim.after {
        Some((moment, account)) => (moment.as_micros(), account.as_str()),
        None => (i64::MIN, ""),
    };
    let rows = sqlx::query(
        "WITH due AS (SELECT a.id, a.project_id, a.refresh_at FROM accounts a \
         LEFT JOIN refresh_leases r ON r.account_id = a.id \
         WHERE a.refresh_at <= $1 AND (a.refresh_at, a.id) > ($3, $4) AND a.status IN ('active', 'suspended') \
         AND COALESCE(r.retry_at, 0) <= $1 AND COALESCE(r.leased_until, 0) <= $1 \
         ORDER BY a.refresh_at, a.id LIMIT $5 FOR UPDATE OF a SKIP LOCKED), \
         claimed AS (INSERT INTO refresh_leases AS l \
         (account_id, project_id, fence, leased_until, sent_revision, failures, retry_at) \
         SELECT d.id, d.project_id, 1, $2, NULL, 0, 0 FROM due d \
         ON CONFLICT (account_id) DO UPDATE SET fence = l.fence + 1, leased_until = excluded.leased_until \
         WHERE l.retry_at <= $1 AND l.leased_until <= $1 \
         RETURNING account_id, project_id, fence, sent_revision, failures) \
         SELECT c.account_id, c.project_id, c.fence, c.sent_revision, c.failures, d.refresh_at \
         FROM claimed c JOIN due d ON d.id = c.account_id ORDER BY d.refresh_at, d.id",
    )
    .bind(claim.now.as_micros())
    .bind(claim.until.as_micros())
    .bind(moment)
    .bind(account)
    .bind(i64::from(claim.limit))
    .fetch_all(connection)
    .await?;
    Ok(rows.iter().map(due_lease).collect::<Result<_>>()?)
}

async fn commit(
    connection: &mut PgConnection,
    lease: &Lease,
    account: &Account,
    read_revision: i64,
    events: &[OutboxEvent],
) -> Outcome<bool> {
    if accounts::lock_account(connection, &lease.project_id, &lease.account_id).await?.is_none()
        || !holds(connection, lease).await?
        || !accounts::replace(connection, account, read_revision).await?
    {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE refresh_leases SET leased_until = 0, sent_revision = NULL, failures = 0, retry_at = 0 WHERE account_id = $1",
    )
    .bind(lease.account_id.as_str())
    .execute(&mut *connection)
    .await?;
    webhooks::record_all(connection, events).await?;
    Ok(true)
}

#[async_trait]
impl RefreshLeaseStore for PostgresStorage {
    async fn acquire(
        &self,
        project: &ProjectId,
        account: &AccountId,
        now: Timestamp,
        until: Timestamp,
        priority: LeasePriority,
    ) -> Result<LeaseOutcome> {
        let wanted = Wanted { project: project.clone(), account: account.clone(), now, until, priority };
        self.write(wanted, |connection, wanted| Box::pin(acquire(connection, wanted))).await
    }

    async fn mark_sent(&self, lease: &Lease, version: i64, until: Timestamp) -> Result<bool> {
        self.write((lease.clone(), version, until), |connection, (lease, version, until)| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE refresh_leases SET sent_revision = $1, leased_until = $2 \
                     WHERE project_id = $3 AND account_id = $4 AND fence = $5",
                )
                .bind(version)
                .bind(until.as_micros())
                .bind(lease.project_id.as_str())
                .bind(lease.account_id.as_str())
                .bind(lease.fence)
                .execute(connection)
                .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }

    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        self.write((lease.clone(), until), |connection, (lease, until)| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE refresh_leases SET leased_until = $1 \
                     WHERE project_id = $2 AND account_id = $3 AND fence = $4 AND leased_until > 0",
                )
                .bind(until.as_micros())
                .bind(lease.project_id.as_str())
                .bind(lease.account_id.as_str())
                .bind(lease.fence)
                .execute(connection)
                .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }

    async fn commit(
        &self,
        lease: &Lease,
        account: &Account,
        read_revision: i64,
        events: &[OutboxEvent],
    ) -> Result<bool> {
        let change = (lease.clone(), account.clone(), read_revision, events.to_vec());
        self.write(change, |connection, (lease, account, revision, events)| {
            Box::pin(commit(connection, lease, account, *revision, events))
        })
        .await
    }

    async fn fail(&self, lease: &Lease, retry_at: Timestamp, outcome_known: bool) -> Result<()> {
        self.write((lease.clone(), retry_at, outcome_known), |connection, (lease, retry_at, outcome_known)| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE refresh_leases SET leased_until = 0, failures = failures + 1, retry_at = $1, \
                     sent_revision = CASE WHEN $2 THEN NULL ELSE sent_revision END \
                     WHERE project_id = $3 AND account_id = $4 AND fence = $5",
                )
                .bind(retry_at.as_micros())
                .bind(outcome_known)
                .bind(lease.project_id.as_str())
                .bind(lease.account_id.as_str())
                .bind(lease.fence)
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.write(lease.clone(), |connection, lease| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE refresh_leases SET leased_until = 0 WHERE project_id = $1 AND account_id = $2 AND fence = $3",
                )
                .bind(lease.project_id.as_str())
                .bind(lease.account_id.as_str())
                .bind(lease.fence)
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn claim_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        after: Option<&(Timestamp, AccountId)>,
        limit: u32,
    ) -> Result<Vec<DueLease>> {
        let claim = Claim { now, until, after: after.cloned(), limit };
        self.write(claim, |connection, claim| Box::pin(claim_due(connection, claim))).await
    }

    async fn due_notices(&self, now: Timestamp, limit: u32) -> Result<Vec<(ProjectId, AccountId)>> {
        self.read((now, limit), |connection, (now, limit)| {
            Box::pin(async move {
                let rows = sqlx::query(
                    "SELECT project_id, id FROM accounts WHERE notify_at <= $1 AND status IN ('active', 'suspended') \
                     ORDER BY notify_at, id LIMIT $2",
                )
                .bind(now.as_micros())
                .bind(i64::from(*limit))
                .fetch_all(connection)
                .await?;
                Ok(crate::rows::named_accounts(&rows)?)
            })
        })
        .await
    }

    /// Releases none: other servers may hold leases.
    async fn release_all(&self) -> Result<u64> {
        Ok(0)
    }
}

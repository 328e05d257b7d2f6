//! Leases on the refresh of tokens.

use async_trait::async_trait;
use patchbay_model::{Account, AccountId, Lease, LeaseOutcome, LeasePriority, OutboxEvent, ProjectId, Timestamp};
use sqlx::{Sqlite, Transaction};

use super::{SqliteStorage, accounts, webhooks};
use crate::{
    DueLease, RefreshLeaseStore, Result, StorageError,
    rows::{due_lease, lease_outcome},
};

/// Returns whether a lease is the newest of its account.
async fn holds(transaction: &mut Transaction<'_, Sqlite>, lease: &Lease) -> Result<bool> {
    let fence: Option<i64> =
        sqlx::query_scalar("SELECT fence FROM refresh_leases WHERE project_id = ? AND account_id = ?")
            .bind(lease.project_id.as_str())
            .bind(lease.account_id.as_str())
            .fetch_optional(&mut **transaction)
            .await?;
    Ok(fence == Some(lease.fence))
}

/// Stores a lease that was acquired.
async fn store(transaction: &mut Transaction<'_, Sqlite>, lease: &Lease, until: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO refresh_leases (account_id, project_id, fence, leased_until, sent_revision, failures, retry_at) \
         VALUES (?, ?, ?, ?, NULL, 0, 0) \
         ON CONFLICT (account_id) DO UPDATE SET fence = excluded.fence, leased_until = excluded.leased_until",
    )
    .bind(lease.account_id.as_str())
    .bind(lease.project_id.as_str())
    .bind(lease.fence)
    .bind(until.as_micros())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

#[async_trait]
impl RefreshLeaseStore for SqliteStorage {
    async fn acquire(
        &self,
        project: &ProjectId,
        account: &AccountId,
        now: Timestamp,
        until: Timestamp,
        priority: LeasePriority,
    ) -> Result<LeaseOutcome> {
        let mut transaction = self.write().await?;
        let known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM accounts WHERE project_id = ? AND id = ?")
            .bind(project.as_str())
            .bind(account.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        if known.is_none() {
            return Err(StorageError::Conflict("the account does not exist"));
        }
        let found = sqlx::query("SELECT * FROM refresh_leases WHERE project_id = ? AND account_id = ?")
            .bind(project.as_str())
            .bind(account.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        let outcome = lease_outcome(found.as_ref(), project, account, now, priority)?;
        let LeaseOutcome::Granted(lease) = &outcome else { return Ok(outcome) };
        store(&mut transaction, lease, until).await?;
        transaction.commit().await?;
        Ok(outcome)
    }

    async fn mark_sent(&self, lease: &Lease, version: i64, until: Timestamp) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "UPDATE refresh_leases SET sent_revision = ?, leased_until = ? WHERE project_id = ? AND account_id = ? AND fence = ?",
        )
        .bind(version)
        .bind(until.as_micros())
        .bind(lease.project_id.as_str())
        .bind(lease.account_id.as_str())
        .bind(lease.fence)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "UPDATE refresh_leases SET leased_until = ? \
             WHERE project_id = ? AND account_id = ? AND fence = ? AND leased_until > 0",
        )
        .bind(until.as_micros())
        .bind(lease.project_id.as_str())
        .bind(lease.account_id.as_str())
        .bind(lease.fence)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn commit(
        &self,
        lease: &Lease,
        account: &Account,
        read_revision: i64,
        events: &[OutboxEvent],
    ) -> Result<bool> {
        let mut transaction = self.write().await?;
        if !holds(&mut transaction, lease).await? {
            return Ok(false);
        }
        if !accounts::replace(&mut transaction, account, read_revision).await? {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE refresh_leases SET leased_until = 0, sent_revision = NULL, failures = 0, retry_at = 0 \
             WHERE account_id = ?",
        )
        .bind(lease.account_id.as_str())
        .execute(&mut *transaction)
        .await?;
        webhooks::record_all(&mut transaction, events).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn fail(&self, lease: &Lease, retry_at: Timestamp, outcome_known: bool) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "UPDATE refresh_leases SET leased_until = 0, failures = failures + 1, retry_at = ?, \
             sent_revision = CASE WHEN ? THEN NULL ELSE sent_revision END \
             WHERE project_id = ? AND account_id = ? AND fence = ?",
        )
        .bind(retry_at.as_micros())
        .bind(outcome_known)
        .bind(lease.project_id.as_str())
        .bind(lease.account_id.as_str())
        .bind(lease.fence)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE refresh_leases SET leased_until = 0 WHERE project_id = ? AND account_id = ? AND fence = ?")
            .bind(lease.project_id.as_str())
            .bind(lease.account_id.as_str())
            .bind(lease.fence)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn claim_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        after: Option<&(Timestamp, AccountId)>,
        limit: u32,
    ) -> Result<Vec<DueLease>> {
        let (moment, account) =
            after.map_or((i64::MIN, ""), |(moment, account)| (moment.as_micros(), account.as_str()));
        // Mostly nothing is due: then nothing waits for the writer.
        let is_any_due: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts WHERE refresh_at <= ?)")
            .bind(now.as_micros())
            .fetch_one(&self.readers)
            .await?;
        if !is_any_due {
            return Ok(Vec::new());
        }
        let mut transaction = self.write().await?;
        let rows = sqlx::query(
            "SELECT a.id AS account_id, a.project_id, a.refresh_at, COALESCE(r.fence, 0) + 1 AS fence, r.sent_revision, \
             COALESCE(r.failures, 0) AS failures FROM accounts a LEFT JOIN refresh_leases r ON r.account_id = a.id \
             WHERE a.refresh_at <= ?1 AND (a.refresh_at, a.id) > (?2, ?3) AND a.status IN ('active', 'suspended') \
             AND COALESCE(r.retry_at, 0) <= ?1 AND COALESCE(r.leased_until, 0) <= ?1 \
             ORDER BY a.refresh_at, a.id LIMIT ?4",
        )
        .bind(now.as_micros())
        .bind(moment)
        .bind(account)
        .bind(i64::from(limit))
        .fetch_all(&mut *transaction)
        .await?;
        let due = rows.iter().map(due_lease).collect::<Result<Vec<_>>>()?;
        for DueLease { lease, .. } in &due {
            store(&mut transaction, lease, until).await?;
        }
        transaction.commit().await?;
        Ok(due)
    }

    async fn due_notices(&self, now: Timestamp, limit: u32) -> Result<Vec<(ProjectId, AccountId)>> {
        let rows = sqlx::query(
            "SELECT project_id, id FROM accounts WHERE notify_at <= ? AND status IN ('active', 'suspended') \
             ORDER BY notify_at, id LIMIT ?",
        )
        .bind(now.as_micros())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        crate::rows::named_accounts(&rows)
    }

    async fn release_all(&self) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("UPDATE refresh_leases SET leased_until = 0 WHERE leased_until > 0")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

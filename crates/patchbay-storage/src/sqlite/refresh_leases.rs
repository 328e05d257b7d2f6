//! Leases on the refresh of tokens.

use async_trait::async_trait;
use patchbay_model::{Account, AccountId, Lease, LeaseOutcome, LeasePriority, ProjectId, Timestamp};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use super::{SqliteStorage, accounts, row::Row};
use crate::{RefreshLeaseStore, Result, StorageError};

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

/// Returns the ids of the accounts in these rows.
fn named(rows: &[SqliteRow]) -> Result<Vec<(ProjectId, AccountId)>> {
    let account = |row| {
        let row = Row::new("accounts", row, "id");
        Ok((ProjectId::new(row.get::<String>("project_id")?), AccountId::new(row.id.clone())))
    };
    rows.iter().map(account).collect()
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
        let mut lease = Lease {
            project_id: project.clone(),
            account_id: account.clone(),
            fence: 1,
            unresolved_revision: None,
            failures: 0,
        };
        if let Some(row) = &found {
            let row = Row::new("refresh_leases", row, "account_id");
            let (held, rest) = (row.time("leased_until")?, row.time("retry_at")?);
            if held > now {
                return Ok(LeaseOutcome::Held(held));
            }
            if rest > now && priority == LeasePriority::Normal {
                return Ok(LeaseOutcome::BackingOff(rest));
            }
            lease.fence = row.get::<i64>("fence")? + 1;
            lease.unresolved_revision = row.get("sent_revision")?;
            lease.failures = u32::try_from(row.get::<i64>("failures")?).unwrap_or(u32::MAX);
        }
        sqlx::query(
            "INSERT INTO refresh_leases (account_id, project_id, fence, leased_until, sent_revision, failures, retry_at) \
             VALUES (?, ?, ?, ?, NULL, 0, 0) \
             ON CONFLICT (account_id) DO UPDATE SET fence = excluded.fence, leased_until = excluded.leased_until",
        )
        .bind(account.as_str())
        .bind(project.as_str())
        .bind(lease.fence)
        .bind(until.as_micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(LeaseOutcome::Granted(lease))
    }

    async fn mark_sent(&self, lease: &Lease, version: i64) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "UPDATE refresh_leases SET sent_revision = ? WHERE project_id = ? AND account_id = ? AND fence = ?",
        )
        .bind(version)
        .bind(lease.project_id.as_str())
        .bind(lease.account_id.as_str())
        .bind(lease.fence)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn commit(&self, lease: &Lease, account: &Account, read_revision: i64) -> Result<bool> {
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

    async fn due_refreshes(&self, now: Timestamp, limit: u32) -> Result<Vec<(ProjectId, AccountId)>> {
        let rows = sqlx::query(
            "SELECT a.project_id, a.id FROM accounts a LEFT JOIN refresh_leases r ON r.account_id = a.id \
             WHERE a.refresh_at <= ? AND a.status IN ('active', 'suspended') AND COALESCE(r.retry_at, 0) <= ? \
             ORDER BY a.refresh_at, a.id LIMIT ?",
        )
        .bind(now.as_micros())
        .bind(now.as_micros())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        named(&rows)
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
        named(&rows)
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

//! Pending authorizations.

use async_trait::async_trait;
use patchbay_model::{KeyHash, ProjectId, Sealed, Timestamp};

use super::SqliteStorage;
use crate::{PendingAuthorizationStore, Result, rows::record};

#[async_trait]
impl PendingAuthorizationStore for SqliteStorage {
    async fn put(&self, state: &KeyHash, project: &ProjectId, sealed: &Sealed, expires_at: Timestamp) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO pending_authorizations (state_hash, project_id, sealed, expires_at) VALUES (?, ?, ?, ?)",
        )
        .bind(&state.0[..])
        .bind(project.as_str())
        .bind(sealed.as_bytes())
        .bind(expires_at.as_micros())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn find(&self, state: &KeyHash, now: Timestamp) -> Result<Option<(ProjectId, Sealed)>> {
        let found = sqlx::query(
            "SELECT project_id, sealed FROM pending_authorizations WHERE state_hash = ? AND expires_at > ?",
        )
        .bind(&state.0[..])
        .bind(now.as_micros())
        .fetch_optional(&self.readers)
        .await?;
        self.found(found.map(|row| record(&row)).transpose()?)
    }

    async fn take(&self, state: &KeyHash, now: Timestamp) -> Result<Option<(ProjectId, Sealed)>> {
        let mut transaction = self.write().await?;
        let taken =
            sqlx::query("DELETE FROM pending_authorizations WHERE state_hash = ? AND expires_at > ? RETURNING *")
                .bind(&state.0[..])
                .bind(now.as_micros())
                .fetch_optional(&mut *transaction)
                .await?;
        transaction.commit().await?;
        self.found(taken.map(|row| record(&row)).transpose()?)
    }

    async fn delete_expired(&self, before: Timestamp) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("DELETE FROM pending_authorizations WHERE expires_at < ?")
            .bind(before.as_micros())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

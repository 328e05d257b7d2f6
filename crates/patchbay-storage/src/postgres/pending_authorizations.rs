//! Pending authorizations.

use async_trait::async_trait;
use patchbay_model::{KeyHash, ProjectId, Sealed, Timestamp};

use super::PostgresStorage;
use crate::{PendingAuthorizationStore, Result, rows::record};

#[async_trait]
impl PendingAuthorizationStore for PostgresStorage {
    async fn put(&self, state: &KeyHash, project: &ProjectId, sealed: &Sealed, expires_at: Timestamp) -> Result<()> {
        let new = (*state, project.clone(), sealed.clone(), expires_at);
        self.write(new, |connection, (state, project, sealed, expires_at)| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO pending_authorizations (state_hash, project_id, sealed, expires_at) \
                     VALUES ($1, $2, $3, $4)",
                )
                .bind(state.0.as_slice())
                .bind(project.as_str())
                .bind(sealed.as_bytes())
                .bind(expires_at.as_micros())
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn find(&self, state: &KeyHash, now: Timestamp) -> Result<Option<(ProjectId, Sealed)>> {
        self.read((*state, now), |connection, (state, now)| {
            Box::pin(async move {
                let found = sqlx::query(
                    "SELECT project_id, sealed FROM pending_authorizations WHERE state_hash = $1 AND expires_at > $2",
                )
                .bind(state.0.as_slice())
                .bind(now.as_micros())
                .fetch_optional(connection)
                .await?;
                Ok(found.map(|row| record(&row)).transpose()?)
            })
        })
        .await
    }

    async fn take(&self, state: &KeyHash, now: Timestamp) -> Result<Option<(ProjectId, Sealed)>> {
        // The deletion locks the row: of several callers, one deletes it and the others find none.
        self.write((*state, now), |connection, (state, now)| {
            Box::pin(async move {
                let taken = sqlx::query(
                    "DELETE FROM pending_authorizations WHERE state_hash = $1 AND expires_at > $2 \
                     RETURNING project_id, sealed",
                )
                .bind(state.0.as_slice())
                .bind(now.as_micros())
                .fetch_optional(connection)
                .await?;
                Ok(taken.map(|row| record(&row)).transpose()?)
            })
        })
        .await
    }

    async fn delete_expired(&self, before: Timestamp) -> Result<u64> {
        self.write(before, |connection, before| {
            Box::pin(async move {
                let query = sqlx::query("DELETE FROM pending_authorizations WHERE expires_at < $1");
                Ok(query.bind(before.as_micros()).execute(connection).await?.rows_affected())
            })
        })
        .await
    }
}

//! One-time login tokens, as hashes.

use async_trait::async_trait;
use patchbay_model::{KeyHash, LoginToken, Sealed, Timestamp};

use super::PostgresStorage;
use crate::{LoginTokenStore, Result, rows::login_token};

#[async_trait]
impl LoginTokenStore for PostgresStorage {
    async fn create(&self, token: &LoginToken) -> Result<()> {
        self.write(token.clone(), |connection, token| {
            Box::pin(async move {
                sqlx::query("INSERT INTO login_tokens (hash, project_id, expires_at, seal) VALUES ($1, $2, $3, $4)")
                    .bind(token.hash.0.as_slice())
                    .bind(token.project_id.as_str())
                    .bind(token.expires_at.as_micros())
                    .bind(token.seal.as_ref().map(Sealed::as_bytes))
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    async fn consume(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<LoginToken>> {
        // The deletion locks the row: of several callers, one deletes it and the others find none.
        self.write((*hash, now), |connection, (hash, now)| {
            Box::pin(async move {
                let taken = sqlx::query(
                    "DELETE FROM login_tokens WHERE hash = $1 AND expires_at > $2 \
                     RETURNING hash, project_id, expires_at, seal",
                )
                .bind(hash.0.as_slice())
                .bind(now.as_micros())
                .fetch_optional(connection)
                .await?;
                Ok(taken.as_ref().map(login_token).transpose()?)
            })
        })
        .await
    }

    async fn unsealed(&self) -> Result<Vec<LoginToken>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT hash, project_id, expires_at, seal FROM login_tokens WHERE seal IS NULL ORDER BY hash",
                );
                Ok(query.fetch_all(connection).await?.iter().map(login_token).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn delete_expired(&self, before: Timestamp) -> Result<u64> {
        self.write(before, |connection, before| {
            Box::pin(async move {
                let query = sqlx::query("DELETE FROM login_tokens WHERE expires_at < $1").bind(before.as_micros());
                Ok(query.execute(connection).await?.rows_affected())
            })
        })
        .await
    }
}

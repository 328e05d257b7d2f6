//! One-time login tokens, as hashes.

use async_trait::async_trait;
use patchbay_model::{KeyHash, LoginToken, Sealed, Timestamp};

use super::SqliteStorage;
use crate::{LoginTokenStore, Result, rows::login_token};

#[async_trait]
impl LoginTokenStore for SqliteStorage {
    async fn create(&self, token: &LoginToken) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO login_tokens (hash, project_id, expires_at, seal) VALUES (?, ?, ?, ?)")
            .bind(token.hash.0.as_slice())
            .bind(token.project_id.as_str())
            .bind(token.expires_at.as_micros())
            .bind(token.seal.as_ref().map(Sealed::as_bytes))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn consume(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<LoginToken>> {
        let mut transaction = self.write().await?;
        let taken = sqlx::query("DELETE FROM login_tokens WHERE hash = ? AND expires_at > ? RETURNING *")
            .bind(hash.0.as_slice())
            .bind(now.as_micros())
            .fetch_optional(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.found(taken.as_ref().map(login_token).transpose()?)
    }

    async fn unsealed(&self) -> Result<Vec<LoginToken>> {
        let query = sqlx::query("SELECT * FROM login_tokens WHERE seal IS NULL ORDER BY hash");
        query.fetch_all(&self.readers).await?.iter().map(login_token).collect()
    }

    async fn delete_expired(&self, before: Timestamp) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("DELETE FROM login_tokens WHERE expires_at < ?")
            .bind(before.as_micros())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

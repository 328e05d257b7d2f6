//! One-time login tokens, as hashes.

use async_trait::async_trait;
use patchbay_model::{KeyHash, LoginToken, ProjectId, Timestamp};

use super::{SqliteStorage, row::Row};
use crate::{LoginTokenStore, Result};

#[async_trait]
impl LoginTokenStore for SqliteStorage {
    async fn create(&self, token: &LoginToken, now: Timestamp) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM login_tokens WHERE expires_at <= ?")
            .bind(now.as_micros())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO login_tokens (hash, project_id, expires_at) VALUES (?, ?, ?)")
            .bind(token.hash.0.as_slice())
            .bind(token.project_id.as_str())
            .bind(token.expires_at.as_micros())
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
        let Some(row) = taken else { return Ok(None) };
        let row = Row { table: "login_tokens", columns: &row, id: "?".to_owned() };
        let project_id = ProjectId::new(row.get::<String>("project_id")?);
        Ok(Some(LoginToken { hash: *hash, project_id, expires_at: row.time("expires_at")? }))
    }
}

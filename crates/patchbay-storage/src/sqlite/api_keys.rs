//! API keys, as hashes.

use async_trait::async_trait;
use patchbay_model::{ApiKey, ApiKeyId, KeyHash, ProjectId, Sealed};

use super::SqliteStorage;
use crate::{ApiKeyStore, Result, StorageError, rows::api_key};

#[async_trait]
impl ApiKeyStore for SqliteStorage {
    async fn create(&self, key: &ApiKey) -> Result<()> {
        let scopes = key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO api_keys (id, project_id, name, hash, scopes, enabled, created_at, seal) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(key.id.as_str())
        .bind(key.project_id.as_str())
        .bind(&key.name)
        .bind(key.hash.0.as_slice())
        .bind(scopes)
        .bind(key.enabled)
        .bind(key.created_at.as_micros())
        .bind(key.seal.as_ref().map(Sealed::as_bytes))
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn by_hash(&self, hash: &KeyHash) -> Result<Option<ApiKey>> {
        let query = sqlx::query("SELECT * FROM api_keys WHERE hash = ?").bind(hash.0.as_slice());
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(api_key).transpose()?)
    }

    async fn list(&self, project: &ProjectId) -> Result<Vec<ApiKey>> {
        let query = sqlx::query("SELECT * FROM api_keys WHERE project_id = ? ORDER BY created_at, id");
        let listed = query.bind(project.as_str()).fetch_all(&self.readers).await?;
        self.complete(listed.iter().map(api_key).collect::<Result<_>>()?)
    }

    async fn unsealed(&self) -> Result<Vec<ApiKey>> {
        let query = sqlx::query("SELECT * FROM api_keys WHERE seal IS NULL ORDER BY id");
        query.fetch_all(&self.readers).await?.iter().map(api_key).collect()
    }

    async fn update(&self, changed: &ApiKey, read: &ApiKey) -> Result<bool> {
        let mut transaction = self.write().await?;
        let seal = sqlx::query_scalar("SELECT seal FROM api_keys WHERE project_id = ? AND id = ?")
            .bind(changed.project_id.as_str())
            .bind(changed.id.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(seal): Option<Option<Vec<u8>>> = seal else { return self.hit(false) };
        if seal.as_deref() != read.seal.as_ref().map(Sealed::as_bytes) {
            return Err(StorageError::Conflict("another request changed the API key; read it again"));
        }
        let done = sqlx::query("UPDATE api_keys SET name = ?, enabled = ?, seal = ? WHERE project_id = ? AND id = ?")
            .bind(&changed.name)
            .bind(changed.enabled)
            .bind(changed.seal.as_ref().map(Sealed::as_bytes))
            .bind(changed.project_id.as_str())
            .bind(changed.id.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.hit(done.rows_affected() > 0)
    }

    async fn delete(&self, project: &ProjectId, id: &ApiKeyId) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("DELETE FROM api_keys WHERE project_id = ? AND id = ?")
            .bind(project.as_str())
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.hit(done.rows_affected() > 0)
    }
}

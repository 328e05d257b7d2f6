//! API keys, as hashes.

use async_trait::async_trait;
use patchbay_model::{ApiKey, ApiKeyId, KeyHash, ProjectId, Sealed};

use super::{PostgresStorage, error::Failure};
use crate::{ApiKeyStore, Result, StorageError, rows::api_key};

/// Selects API keys. `$rest` begins with the condition.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, project_id, name, hash, scopes, enabled, created_at, seal FROM api_keys ", $rest)
    };
}

#[async_trait]
impl ApiKeyStore for PostgresStorage {
    async fn create(&self, key: &ApiKey) -> Result<()> {
        self.write(key.clone(), |connection, key| {
            Box::pin(async move {
                let scopes = key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
                sqlx::query(
                    "INSERT INTO api_keys (id, project_id, name, hash, scopes, enabled, created_at, seal) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                )
                .bind(key.id.as_str())
                .bind(key.project_id.as_str())
                .bind(&key.name)
                .bind(key.hash.0.as_slice())
                .bind(scopes)
                .bind(key.enabled)
                .bind(key.created_at.as_micros())
                .bind(key.seal.as_ref().map(Sealed::as_bytes))
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn by_hash(&self, hash: &KeyHash) -> Result<Option<ApiKey>> {
        self.read(*hash, |connection, hash| {
            Box::pin(async move {
                let query = sqlx::query(select!("WHERE hash = $1")).bind(hash.0.as_slice());
                Ok(query.fetch_optional(connection).await?.as_ref().map(api_key).transpose()?)
            })
        })
        .await
    }

    async fn list(&self, project: &ProjectId) -> Result<Vec<ApiKey>> {
        self.read(project.clone(), |connection, project| {
            Box::pin(async move {
                let query = sqlx::query(select!("WHERE project_id = $1 ORDER BY created_at, id"));
                let listed = query.bind(project.as_str()).fetch_all(connection).await?;
                Ok(listed.iter().map(api_key).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn unsealed(&self) -> Result<Vec<ApiKey>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let listed = sqlx::query(select!("WHERE seal IS NULL ORDER BY id")).fetch_all(connection).await?;
                Ok(listed.iter().map(api_key).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn update(&self, changed: &ApiKey, read: &ApiKey) -> Result<bool> {
        self.write((changed.clone(), read.seal.clone()), |connection, (changed, read_seal)| {
            Box::pin(async move {
                let seal = sqlx::query_scalar("SELECT seal FROM api_keys WHERE project_id = $1 AND id = $2 FOR UPDATE")
                    .bind(changed.project_id.as_str())
                    .bind(changed.id.as_str())
                    .fetch_optional(&mut *connection)
                    .await?;
                let Some(seal): Option<Option<Vec<u8>>> = seal else { return Ok(false) };
                if seal.as_deref() != read_seal.as_ref().map(Sealed::as_bytes) {
                    return Err(Failure::Storage(StorageError::Conflict(
                        "another request changed the API key; read it again",
                    )));
                }
                let done = sqlx::query(
                    "UPDATE api_keys SET name = $1, enabled = $2, seal = $3 WHERE project_id = $4 AND id = $5",
                )
                .bind(&changed.name)
                .bind(changed.enabled)
                .bind(changed.seal.as_ref().map(Sealed::as_bytes))
                .bind(changed.project_id.as_str())
                .bind(changed.id.as_str())
                .execute(connection)
                .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }

    async fn delete(&self, project: &ProjectId, id: &ApiKeyId) -> Result<bool> {
        self.write((project.clone(), id.clone()), |connection, (project, id)| {
            Box::pin(async move {
                let done = sqlx::query("DELETE FROM api_keys WHERE project_id = $1 AND id = $2")
                    .bind(project.as_str())
                    .bind(id.as_str())
                    .execute(connection)
                    .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }
}

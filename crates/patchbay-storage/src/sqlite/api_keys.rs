//! API keys, as hashes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use patchbay_model::{ApiKey, ApiKeyId, ApiScope, KeyHash, ProjectId, Sealed};
use sqlx::sqlite::SqliteRow;

use super::{SqliteStorage, row::Row};
use crate::{ApiKeyStore, Result};

fn api_key(row: &SqliteRow) -> Result<ApiKey> {
    let row = Row::new("api_keys", row, "id");
    let scopes: &str = row.get("scopes")?;
    let scopes = scopes.split_whitespace().map(str::parse::<ApiScope>).collect::<std::result::Result<BTreeSet<_>, _>>();
    Ok(ApiKey {
        id: ApiKeyId::new(row.id.clone()),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        name: row.get("name")?,
        hash: row.hash("hash")?,
        scopes: scopes.map_err(|error| row.wrong("scopes", error))?,
        enabled: row.get("enabled")?,
        created_at: row.time("created_at")?,
        seal: row.seal()?,
    })
}

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

    async fn update(&self, changed: &ApiKey) -> Result<bool> {
        let mut transaction = self.write().await?;
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

//! Connectors that projects pushed.

use async_trait::async_trait;
use patchbay_model::{ConnectorFile, ConnectorVersion, ProjectId, Sealed};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use super::SqliteStorage;
use crate::{
    AddVersion, ConnectorStore, Result,
    error::VERSION_PINNED,
    rows::{Row, version},
};

pub(super) async fn find(
    transaction: &mut Transaction<'_, Sqlite>,
    project: &ProjectId,
    key: &str,
    number: &str,
) -> Result<Option<ConnectorVersion>> {
    let row = sqlx::query("SELECT * FROM connector_versions WHERE project_id = ? AND key = ? AND version = ?")
        .bind(project.as_str())
        .bind(key)
        .bind(number)
        .fetch_optional(&mut **transaction)
        .await?;
    row.as_ref().map(version).transpose()
}

async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    new: &ConnectorVersion,
    files: &[ConnectorFile],
) -> Result<()> {
    sqlx::query(
        "INSERT INTO connector_versions (project_id, key, version, digest, file_count, size_bytes, created_at, seal) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(new.project_id.as_str())
    .bind(&new.key)
    .bind(&new.version)
    .bind(&new.digest.0[..])
    .bind(new.file_count)
    .bind(i64::try_from(new.size_bytes).unwrap_or(i64::MAX))
    .bind(new.created_at.as_micros())
    .bind(new.seal.as_ref().map(Sealed::as_bytes))
    .execute(&mut **transaction)
    .await?;
    for file in files {
        sqlx::query("INSERT INTO connector_files (project_id, key, version, name, text) VALUES (?, ?, ?, ?, ?)")
            .bind(new.project_id.as_str())
            .bind(&new.key)
            .bind(&new.version)
            .bind(&file.name)
            .bind(&file.text)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// Deletes a version; the foreign key deletes its files.
async fn remove(transaction: &mut Transaction<'_, Sqlite>, project: &ProjectId, key: &str, number: &str) -> Result<()> {
    sqlx::query("DELETE FROM connector_versions WHERE project_id = ? AND key = ? AND version = ?")
        .bind(project.as_str())
        .bind(key)
        .bind(number)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

#[async_trait]
impl ConnectorStore for SqliteStorage {
    async fn add(&self, new: &ConnectorVersion, files: &[ConnectorFile], limit: u32) -> Result<AddVersion> {
        let mut transaction = self.write().await?;
        if let Some(found) = find(&mut transaction, &new.project_id, &new.key, &new.version).await? {
            let is_same = found.digest == new.digest;
            return Ok(if is_same { AddVersion::Same(found) } else { AddVersion::Taken(found) });
        }
        let held: i64 = sqlx::query_scalar("SELECT count(*) FROM connector_versions WHERE project_id = ?")
            .bind(new.project_id.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        if held >= i64::from(limit) {
            return Ok(AddVersion::TooMany);
        }
        insert(&mut transaction, new, files).await?;
        transaction.commit().await?;
        Ok(AddVersion::Added)
    }

    async fn replace(&self, version: &ConnectorVersion, files: &[ConnectorFile]) -> Result<()> {
        let mut transaction = self.write().await?;
        remove(&mut transaction, &version.project_id, &version.key, &version.version).await?;
        insert(&mut transaction, version, files).await?;
        Ok(transaction.commit().await?)
    }

    async fn files(&self, project: &ProjectId, key: &str, number: &str) -> Result<Option<Vec<ConnectorFile>>> {
        let mut transaction = self.read().await?;
        if find(&mut transaction, project, key, number).await?.is_none() {
            return self.found(None);
        }
        let rows =
            sqlx::query("SELECT * FROM connector_files WHERE project_id = ? AND key = ? AND version = ? ORDER BY name")
                .bind(project.as_str())
                .bind(key)
                .bind(number)
                .fetch_all(&mut *transaction)
                .await?;
        let file = |row: &SqliteRow| {
            let row = Row::new("connector_files", row, "name");
            Ok(ConnectorFile { name: row.get("name")?, text: row.get("text")? })
        };
        rows.iter().map(file).collect::<Result<Vec<_>>>().map(Some)
    }

    async fn list(&self, project: &ProjectId) -> Result<Vec<ConnectorVersion>> {
        let query =
            sqlx::query("SELECT * FROM connector_versions WHERE project_id = ? ORDER BY key, created_at, version");
        let listed = query.bind(project.as_str()).fetch_all(&self.readers).await?;
        self.complete(listed.iter().map(version).collect::<Result<_>>()?)
    }

    async fn list_all(&self) -> Result<Vec<ConnectorVersion>> {
        let query = sqlx::query("SELECT * FROM connector_versions ORDER BY project_id, key, created_at, version");
        self.complete(query.fetch_all(&self.readers).await?.iter().map(version).collect::<Result<_>>()?)
    }

    async fn delete(&self, project: &ProjectId, key: &str, number: &str) -> Result<Option<ConnectorVersion>> {
        let mut transaction = self.write().await?;
        let Some(found) = find(&mut transaction, project, key, number).await? else { return self.found(None) };
        let is_pinned: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM profiles WHERE project_id = ? AND connector = ? AND version_pin = ?)",
        )
        .bind(project.as_str())
        .bind(key)
        .bind(number)
        .fetch_one(&mut *transaction)
        .await?;
        if is_pinned {
            return Err(VERSION_PINNED);
        }
        remove(&mut transaction, project, key, number).await?;
        transaction.commit().await?;
        Ok(Some(found))
    }
}

//! Connectors that projects pushed.
//!
//! Changes to a project's versions lock the project: they count and compare versions before they change them. Pins to a version
//! lock it too: a pin and the deletion of its version exclude each other.

use async_trait::async_trait;
use patchbay_model::{ConnectorFile, ConnectorVersion, ProjectId, Sealed};
use sqlx::PgConnection;

use super::{
    PostgresStorage,
    error::{Failure, Outcome},
};
use crate::{
    AddVersion, ConnectorStore, Result,
    error::VERSION_PINNED,
    rows::{Row, version},
};

/// Selects versions. `$rest` begins with the condition.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT project_id, key, version, digest, file_count, size_bytes, created_at, seal FROM connector_versions ",
            $rest
        )
    };
}

/// Makes sure that no other transaction changes the project's versions.
pub(super) async fn lock_versions(connection: &mut PgConnection, project: &ProjectId) -> Outcome<()> {
    let query = sqlx::query("SELECT id FROM projects WHERE id = $1 FOR NO KEY UPDATE").bind(project.as_str());
    query.execute(connection).await?;
    Ok(())
}

pub(super) async fn find(
    connection: &mut PgConnection,
    project: &ProjectId,
    key: &str,
    number: &str,
) -> Outcome<Option<ConnectorVersion>> {
    let row = sqlx::query(select!("WHERE project_id = $1 AND key = $2 AND version = $3"))
        .bind(project.as_str())
        .bind(key)
        .bind(number)
        .fetch_optional(connection)
        .await?;
    Ok(row.as_ref().map(version).transpose()?)
}

async fn insert(connection: &mut PgConnection, new: &ConnectorVersion, files: &[ConnectorFile]) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO connector_versions (project_id, key, version, digest, file_count, size_bytes, created_at, seal) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(new.project_id.as_str())
    .bind(&new.key)
    .bind(&new.version)
    .bind(&new.digest.0[..])
    .bind(i64::from(new.file_count))
    .bind(i64::try_from(new.size_bytes).unwrap_or(i64::MAX))
    .bind(new.created_at.as_micros())
    .bind(new.seal.as_ref().map(Sealed::as_bytes))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO connector_files (project_id, key, version, name, text) \
         SELECT $1, $2, $3, f.name, f.text FROM UNNEST($4::text[], $5::bytea[]) AS f (name, text)",
    )
    .bind(new.project_id.as_str())
    .bind(&new.key)
    .bind(&new.version)
    .bind(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>())
    .bind(files.iter().map(|file| file.text.as_bytes()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes a version; the foreign key deletes its files.
async fn remove(connection: &mut PgConnection, project: &ProjectId, key: &str, number: &str) -> Outcome<()> {
    sqlx::query("DELETE FROM connector_versions WHERE project_id = $1 AND key = $2 AND version = $3")
        .bind(project.as_str())
        .bind(key)
        .bind(number)
        .execute(connection)
        .await?;
    Ok(())
}

#[async_trait]
impl ConnectorStore for PostgresStorage {
    async fn add(&self, new: &ConnectorVersion, files: &[ConnectorFile], limit: u32) -> Result<AddVersion> {
        self.write((new.clone(), files.to_vec(), limit), |connection, (new, files, limit)| {
            Box::pin(async move {
                lock_versions(connection, &new.project_id).await?;
                if let Some(found) = find(connection, &new.project_id, &new.key, &new.version).await? {
                    let is_same = found.digest == new.digest;
                    return Ok(if is_same { AddVersion::Same(found) } else { AddVersion::Taken(found) });
                }
                let held: i64 = sqlx::query_scalar("SELECT count(*) FROM connector_versions WHERE project_id = $1")
                    .bind(new.project_id.as_str())
                    .fetch_one(&mut *connection)
                    .await?;
                if held >= i64::from(*limit) {
                    return Ok(AddVersion::TooMany);
                }
                insert(connection, new, files).await?;
                Ok(AddVersion::Added)
            })
        })
        .await
    }

    async fn replace(&self, version: &ConnectorVersion, files: &[ConnectorFile]) -> Result<()> {
        self.write((version.clone(), files.to_vec()), |connection, (version, files)| {
            Box::pin(async move {
                lock_versions(connection, &version.project_id).await?;
                remove(connection, &version.project_id, &version.key, &version.version).await?;
                insert(connection, version, files).await
            })
        })
        .await
    }

    async fn files(&self, project: &ProjectId, key: &str, number: &str) -> Result<Option<Vec<ConnectorFile>>> {
        let wanted = (project.clone(), key.to_owned(), number.to_owned());
        self.read(wanted, |connection, (project, key, number)| {
            Box::pin(async move {
                // A version without files has one row without a name.
                let rows = sqlx::query(
                    "SELECT f.name AS name, f.text AS text FROM connector_versions v \
                     LEFT JOIN connector_files f ON f.project_id = v.project_id AND f.key = v.key AND f.version = v.version \
                     WHERE v.project_id = $1 AND v.key = $2 AND v.version = $3 ORDER BY f.name",
                )
                .bind(project.as_str())
                .bind(key)
                .bind(number)
                .fetch_all(connection)
                .await?;
                if rows.is_empty() {
                    return Ok(None);
                }
                let mut files = Vec::with_capacity(rows.len());
                for row in &rows {
                    let row = Row::new("connector_files", row, "name");
                    if let Some(name) = row.get("name")? {
                        let text = String::from_utf8(row.get("text")?).map_err(|error| row.wrong("text", error))?;
                        files.push(ConnectorFile { name, text });
                    }
                }
                Ok(Some(files))
            })
        })
        .await
    }

    async fn list(&self, project: &ProjectId) -> Result<Vec<ConnectorVersion>> {
        self.read(project.clone(), |connection, project| {
            Box::pin(async move {
                let query = sqlx::query(select!("WHERE project_id = $1 ORDER BY key, created_at, version"));
                let listed = query.bind(project.as_str()).fetch_all(connection).await?;
                Ok(listed.iter().map(version).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn list_all(&self) -> Result<Vec<ConnectorVersion>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let query = sqlx::query(select!("ORDER BY project_id, key, created_at, version"));
                Ok(query.fetch_all(connection).await?.iter().map(version).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn delete(&self, project: &ProjectId, key: &str, number: &str) -> Result<Option<ConnectorVersion>> {
        let wanted = (project.clone(), key.to_owned(), number.to_owned());
        self.write(wanted, |connection, (project, key, number)| {
            Box::pin(async move {
                lock_versions(connection, project).await?;
                let Some(found) = find(connection, project, key, number).await? else { return Ok(None) };
                let pinned = sqlx::query_scalar(
                    "SELECT EXISTS (SELECT 1 FROM profiles WHERE project_id = $1 AND connector = $2 AND version_pin = $3)",
                );
                if pinned.bind(project.as_str()).bind(key).bind(number).fetch_one(&mut *connection).await? {
                    return Err(Failure::Storage(VERSION_PINNED));
                }
                remove(connection, project, key, number).await?;
                Ok(Some(found))
            })
        })
        .await
    }
}

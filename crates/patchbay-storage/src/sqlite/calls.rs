//! Call records.

use async_trait::async_trait;
use patchbay_model::{AccountId, CallId, CallRecord, ProfileId, ProjectId, Timestamp};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use super::{SqliteStorage, row::Row};
use crate::{CallStore, Result};

/// The number of records in one statement, with 12 values each: far below SQLite's limit of parameters.
const MAX_ROWS_PER_INSERT: usize = 256;

fn call(row: &SqliteRow) -> Result<CallRecord> {
    let row = Row::new("calls", row, "id");
    Ok(CallRecord {
        id: CallId::new(row.id.clone()),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        account_id: row.get::<Option<String>>("account_id")?.map(AccountId::new),
        profile_id: ProfileId::new(row.get::<String>("profile_id")?),
        connector: row.get("connector")?,
        connector_version: row.get("connector_version")?,
        action: row.get("action")?,
        kind: row.parse("kind")?,
        status_code: row.get("status_code")?,
        error_code: row.get("error_code")?,
        started_at: row.time("started_at")?,
        duration_micros: row.get("duration_micros")?,
    })
}

#[async_trait]
impl CallStore for SqliteStorage {
    async fn append(&self, records: &[CallRecord]) -> Result<()> {
        // One statement for many rows: each statement is a round trip to the database's thread, and a busy server
        // writes thousands of records per second. The statement of the full size is prepared once.
        let mut transaction = self.write().await?;
        for rows in records.chunks(MAX_ROWS_PER_INSERT) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO calls (id, project_id, account_id, profile_id, connector, connector_version, action, kind, \
                 status_code, error_code, started_at, duration_micros) ",
            );
            insert.push_values(rows, |mut values, record| {
                values
                    .push_bind(record.id.as_str())
                    .push_bind(record.project_id.as_str())
                    .push_bind(record.account_id.as_ref().map(AccountId::as_str))
                    .push_bind(record.profile_id.as_str())
                    .push_bind(&record.connector)
                    .push_bind(&record.connector_version)
                    .push_bind(&record.action)
                    .push_bind(record.kind.as_str())
                    .push_bind(record.status_code)
                    .push_bind(&record.error_code)
                    .push_bind(record.started_at.as_micros())
                    .push_bind(record.duration_micros);
            });
            insert.build().persistent(rows.len() == MAX_ROWS_PER_INSERT).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn get(&self, project: &ProjectId, id: &CallId) -> Result<Option<CallRecord>> {
        let query = sqlx::query("SELECT * FROM calls WHERE project_id = ? AND id = ?");
        let query = query.bind(project.as_str()).bind(id.as_str());
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(call).transpose()?)
    }

    async fn list(&self, project: &ProjectId, limit: u32) -> Result<Vec<CallRecord>> {
        let query = sqlx::query("SELECT * FROM calls WHERE project_id = ? ORDER BY started_at DESC, id LIMIT ?");
        query.bind(project.as_str()).bind(limit).fetch_all(&self.readers).await?.iter().map(call).collect()
    }

    async fn delete_older(&self, moment: Timestamp, limit: u32) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "DELETE FROM calls WHERE rowid IN (SELECT rowid FROM calls WHERE started_at < ? ORDER BY started_at LIMIT ?)",
        )
        .bind(moment.as_micros())
        .bind(limit)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

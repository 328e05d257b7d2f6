//! Records of calls.

use async_trait::async_trait;
use patchbay_model::{AccountId, CallId, CallRecord, ProfileId, ProjectId, Timestamp};
use serde_json::json;
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStorage,
    row::{Row, to_json},
};
use crate::{CallStore, Result};

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
        // One bound value for the whole batch: a statement for each record would cost a trip to the
        // database's thread each, and busy servers write thousands of records a second.
        let rows = records.iter().map(|record| {
            json!([
                record.id,
                record.project_id,
                record.account_id,
                record.profile_id,
                record.connector,
                record.connector_version,
                record.action,
                record.kind.as_str(),
                record.status_code,
                record.error_code,
                record.started_at.as_micros(),
                record.duration_micros,
            ])
        });
        let rows = to_json(&rows.collect::<Vec<_>>())?;
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO calls (id, project_id, account_id, profile_id, connector, connector_version, action, kind, \
             status_code, error_code, started_at, duration_micros) \
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, \
             value ->> 8, value ->> 9, value ->> 10, value ->> 11 FROM json_each(?)",
        )
        .bind(rows)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn get(&self, project: &ProjectId, id: &CallId) -> Result<Option<CallRecord>> {
        let query = sqlx::query("SELECT * FROM calls WHERE project_id = ? AND id = ?");
        let query = query.bind(project.as_str()).bind(id.as_str());
        query.fetch_optional(&self.readers).await?.as_ref().map(call).transpose()
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

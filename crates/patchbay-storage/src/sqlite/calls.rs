//! Records of calls.

use async_trait::async_trait;
use patchbay_model::{AccountId, CallId, CallRecord, ProfileId, ProjectId};
use sqlx::sqlite::SqliteRow;

use super::{SqliteStorage, row::Row};
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
        let mut transaction = self.write().await?;
        for record in records {
            sqlx::query(
                "INSERT INTO calls (id, project_id, account_id, profile_id, connector, connector_version, action, kind, \
                 status_code, error_code, started_at, duration_micros) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(record.id.as_str())
            .bind(record.project_id.as_str())
            .bind(record.account_id.as_ref().map(AccountId::as_str))
            .bind(record.profile_id.as_str())
            .bind(&record.connector)
            .bind(&record.connector_version)
            .bind(&record.action)
            .bind(record.kind.as_str())
            .bind(record.status_code)
            .bind(&record.error_code)
            .bind(record.started_at.as_micros())
            .bind(record.duration_micros)
            .execute(&mut *transaction)
            .await?;
        }
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
}

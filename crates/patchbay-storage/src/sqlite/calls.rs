//! Call records.

use async_trait::async_trait;
use patchbay_model::{AccountId, CallId, CallRecord};
use sqlx::{QueryBuilder, Sqlite};

use super::SqliteStorage;
use crate::{CallStore, Result, rows::call};

/// The number of records in one statement, with 12 values each: far below SQLite's limit of parameters.
const MAX_ROWS_PER_INSERT: usize = 256;

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

    async fn oldest(&self, limit: u32) -> Result<Vec<CallRecord>> {
        let query = sqlx::query("SELECT * FROM calls ORDER BY started_at, id LIMIT ?");
        query.bind(limit).fetch_all(&self.readers).await?.iter().map(call).collect()
    }

    async fn delete(&self, ids: &[CallId]) -> Result<u64> {
        let mut transaction = self.write().await?;
        let mut removed = 0;
        for id in ids {
            let done =
                sqlx::query("DELETE FROM calls WHERE id = ?").bind(id.as_str()).execute(&mut *transaction).await?;
            removed += done.rows_affected();
        }
        transaction.commit().await?;
        Ok(removed)
    }
}

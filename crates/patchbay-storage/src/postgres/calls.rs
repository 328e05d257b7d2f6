//! Call records.

use async_trait::async_trait;
use patchbay_model::{AccountId, CallId, CallRecord};

use super::PostgresStorage;
use crate::{CallStore, Result, rows::call};

/// Selects call records. `$rest` begins with the condition.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, account_id, profile_id, connector, connector_version, action, kind, status_code, error_code, \
             started_at, duration_micros FROM calls ",
            $rest
        )
    };
}

/// Returns one value of each record.
fn column<'r, T>(records: &'r [CallRecord], value: impl Fn(&'r CallRecord) -> T) -> Vec<T> {
    records.iter().map(value).collect()
}

#[async_trait]
impl CallStore for PostgresStorage {
    async fn append(&self, records: &[CallRecord]) -> Result<()> {
        self.write(records.to_vec(), |connection, records| {
            Box::pin(async move {
                // One statement with one array for each column, whatever their number.
                sqlx::query(
                    "INSERT INTO calls (id, project_id, account_id, profile_id, connector, connector_version, action, kind, \
                     status_code, error_code, started_at, duration_micros) \
                     SELECT c.id, c.project_id, c.account_id, c.profile_id, c.connector, c.connector_version, c.action, c.kind, \
                     c.status_code, c.error_code, c.started_at, c.duration_micros \
                     FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], \
                     $8::text[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[]) \
                     AS c (id, project_id, account_id, profile_id, connector, connector_version, action, kind, status_code, \
                     error_code, started_at, duration_micros)",
                )
                .bind(column(records, |record| record.id.as_str()))
                .bind(column(records, |record| record.project_id.as_str()))
                .bind(column(records, |record| record.account_id.as_ref().map(AccountId::as_str)))
                .bind(column(records, |record| record.profile_id.as_str()))
                .bind(column(records, |record| record.connector.as_str()))
                .bind(column(records, |record| record.connector_version.as_str()))
                .bind(column(records, |record| record.action.as_deref()))
                .bind(column(records, |record| record.kind.as_str()))
                .bind(column(records, |record| i64::from(record.status_code)))
                .bind(column(records, |record| record.error_code.as_deref()))
                .bind(column(records, |record| record.started_at.as_micros()))
                .bind(column(records, |record| record.duration_micros))
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn oldest(&self, limit: u32) -> Result<Vec<CallRecord>> {
        self.read(limit, |connection, limit| {
            Box::pin(async move {
                let query = sqlx::query(select!("ORDER BY started_at, id LIMIT $1"));
                let listed = query.bind(i64::from(*limit)).fetch_all(connection).await?;
                Ok(listed.iter().map(call).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn delete(&self, ids: &[CallId]) -> Result<u64> {
        self.write(ids.to_vec(), |connection, ids| {
            Box::pin(async move {
                let ids = ids.iter().map(CallId::as_str).collect::<Vec<_>>();
                let done = sqlx::query("DELETE FROM calls WHERE id = ANY($1)").bind(ids).execute(connection).await?;
                Ok(done.rows_affected())
            })
        })
        .await
    }
}

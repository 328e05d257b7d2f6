//! Requests that were sent with an `Idempotency-Key`.

use async_trait::async_trait;
use patchbay_model::{KeyHash, ProjectId, Sealed, Timestamp};

use super::SqliteStorage;
use crate::{
    IdempotencyKeyStore, IdempotencyLimits, KeyedRequest, KeyedResponse, NewIdempotencyKey, Reservation, Result,
    rows::request,
};

const SELECT: &str =
    "SELECT project_id, fingerprint, status, sealed FROM idempotency_keys WHERE project_id = ? AND key_hash = ?";

#[async_trait]
impl IdempotencyKeyStore for SqliteStorage {
    async fn get(&self, project: &ProjectId, key: &KeyHash) -> Result<Option<KeyedRequest>> {
        let query = sqlx::query(SELECT).bind(project.as_str()).bind(&key.0[..]);
        let found = query.fetch_optional(&self.readers).await?.map(|row| request(&row)).transpose()?;
        self.complete(found)
    }

    async fn reserve(&self, new: &NewIdempotencyKey, limits: IdempotencyLimits) -> Result<Reservation> {
        let project = new.project.as_str();
        let mut transaction = self.write().await?;
        let found = sqlx::query(SELECT).bind(project).bind(&new.key.0[..]).fetch_optional(&mut *transaction).await?;
        if let Some(row) = found {
            return Ok(Reservation::Exists(request(&row)?));
        }
        // In a damaged file the key may be there all the same, and its request must not run again.
        self.complete(())?;
        let first_expiry: Option<i64> = sqlx::query_scalar(
            "SELECT (SELECT min(expires_at) FROM idempotency_keys k WHERE k.bucket = u.bucket) \
             FROM idempotency_usage u WHERE bucket = ? AND keys > 0 AND (keys >= ? OR bytes >= ?)",
        )
        .bind(&new.bucket)
        .bind(i64::try_from(limits.max_keys).unwrap_or(i64::MAX))
        .bind(i64::try_from(limits.max_bytes).unwrap_or(i64::MAX))
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(first_expiry) = first_expiry {
            return Ok(Reservation::Full(Timestamp::from_micros(first_expiry)));
        }
        sqlx::query(
            "INSERT INTO idempotency_keys (key_hash, project_id, bucket, fingerprint, expires_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&new.key.0[..])
        .bind(project)
        .bind(&new.bucket)
        .bind(&new.fingerprint.0[..])
        .bind(new.expires_at.as_micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Reservation::Reserved)
    }

    async fn finish(&self, project: &ProjectId, key: &KeyHash, response: &KeyedResponse) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE idempotency_keys SET status = ?, sealed = ? WHERE project_id = ? AND key_hash = ?")
            .bind(i64::from(response.status))
            .bind(response.sealed.as_ref().map(Sealed::as_bytes))
            .bind(project.as_str())
            .bind(&key.0[..])
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn release(&self, project: &ProjectId, key: &KeyHash) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM idempotency_keys WHERE project_id = ? AND key_hash = ?")
            .bind(project.as_str())
            .bind(&key.0[..])
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn delete_expired(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "DELETE FROM idempotency_keys WHERE key_hash IN \
             (SELECT key_hash FROM idempotency_keys WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
        )
        .bind(before.as_micros())
        .bind(i64::from(limit))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

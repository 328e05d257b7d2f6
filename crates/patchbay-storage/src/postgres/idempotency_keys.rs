//! Requests that were sent with an `Idempotency-Key`.

use async_trait::async_trait;
use patchbay_model::{KeyHash, ProjectId, Sealed, Timestamp};

use super::{PostgresStorage, locks::lock};
use crate::{
    IdempotencyKeyStore, IdempotencyLimits, KeyedRequest, KeyedResponse, NewIdempotencyKey, Reservation, Result,
    rows::request,
};

const SELECT: &str =
    "SELECT project_id, fingerprint, status, sealed FROM idempotency_keys WHERE project_id = $1 AND key_hash = $2";

#[async_trait]
impl IdempotencyKeyStore for PostgresStorage {
    async fn get(&self, project: &ProjectId, key: &KeyHash) -> Result<Option<KeyedRequest>> {
        self.read((project.clone(), *key), |connection, (project, key)| {
            Box::pin(async move {
                let query = sqlx::query(SELECT).bind(project.as_str()).bind(&key.0[..]);
                Ok(query.fetch_optional(connection).await?.map(|row| request(&row)).transpose()?)
            })
        })
        .await
    }

    async fn reserve(&self, new: &NewIdempotencyKey, limits: IdempotencyLimits) -> Result<Reservation> {
        self.write((new.clone(), limits), |connection, (new, limits)| {
            Box::pin(async move {
                // One caller with the key reserves it, and the limit of the bucket is exact.
                lock(connection, &("idempotency keys", &new.bucket)).await?;
                let query = sqlx::query(SELECT).bind(new.project.as_str()).bind(&new.key.0[..]);
                if let Some(row) = query.fetch_optional(&mut *connection).await? {
                    return Ok(Reservation::Exists(request(&row)?));
                }
                let first_expiry: Option<Option<i64>> = sqlx::query_scalar(
                    "SELECT (SELECT min(k.expires_at) FROM idempotency_keys k WHERE k.bucket = u.bucket) \
                     FROM idempotency_usage u WHERE u.bucket = $1 AND u.keys > 0 AND (u.keys >= $2 OR u.bytes >= $3)",
                )
                .bind(&new.bucket)
                .bind(i64::try_from(limits.max_keys).unwrap_or(i64::MAX))
                .bind(i64::try_from(limits.max_bytes).unwrap_or(i64::MAX))
                .fetch_optional(&mut *connection)
                .await?;
                if let Some(first_expiry) = first_expiry.flatten() {
                    return Ok(Reservation::Full(Timestamp::from_micros(first_expiry)));
                }
                sqlx::query(
                    "INSERT INTO idempotency_keys (key_hash, project_id, bucket, fingerprint, expires_at) \
                     VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(&new.key.0[..])
                .bind(new.project.as_str())
                .bind(&new.bucket)
                .bind(&new.fingerprint.0[..])
                .bind(new.expires_at.as_micros())
                .execute(connection)
                .await?;
                Ok(Reservation::Reserved)
            })
        })
        .await
    }

    async fn finish(&self, project: &ProjectId, key: &KeyHash, response: &KeyedResponse) -> Result<()> {
        self.write((project.clone(), *key, response.clone()), |connection, (project, key, response)| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE idempotency_keys SET status = $1, sealed = $2 WHERE project_id = $3 AND key_hash = $4",
                )
                .bind(i64::from(response.status))
                .bind(response.sealed.as_ref().map(Sealed::as_bytes))
                .bind(project.as_str())
                .bind(&key.0[..])
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn release(&self, project: &ProjectId, key: &KeyHash) -> Result<()> {
        self.write((project.clone(), *key), |connection, (project, key)| {
            Box::pin(async move {
                sqlx::query("DELETE FROM idempotency_keys WHERE project_id = $1 AND key_hash = $2")
                    .bind(project.as_str())
                    .bind(&key.0[..])
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    async fn delete_expired(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write((before, limit), |connection, (before, limit)| {
            Box::pin(async move {
                // Several replicas that delete at once delete different keys.
                let done = sqlx::query(
                    "DELETE FROM idempotency_keys WHERE key_hash IN (SELECT key_hash FROM idempotency_keys \
                     WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
                )
                .bind(before.as_micros())
                .bind(i64::from(*limit))
                .execute(connection)
                .await?;
                Ok(done.rows_affected())
            })
        })
        .await
    }
}

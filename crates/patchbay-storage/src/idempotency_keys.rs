//! Requests that were sent with an `Idempotency-Key`, and their responses.

use async_trait::async_trait;
use patchbay_model::{KeyHash, ProjectId, Sealed, Timestamp};

use crate::Result;

/// A request that was sent with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    /// The hash of the request.
    pub fingerprint: KeyHash,
    /// Its response; none while it runs, and after it was interrupted.
    pub response: Option<KeyedResponse>,
}

/// The response to a request that was sent with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedResponse {
    /// The HTTP status.
    pub status: u16,
    /// The whole response; none if it is not kept.
    pub sealed: Option<Sealed>,
}

/// A key to reserve.
#[derive(Clone, Debug)]
pub struct NewIdempotencyKey {
    /// The hash of the project, the caller and the key.
    pub key: KeyHash,
    /// The project.
    pub project: ProjectId,
    /// The name of the callers that share a limit.
    pub bucket: String,
    /// The hash of the request.
    pub fingerprint: KeyHash,
    /// The moment after which the key may be deleted.
    pub expires_at: Timestamp,
}

/// The limits of a bucket's keys.
#[derive(Clone, Copy, Debug)]
pub struct IdempotencyLimits {
    /// The number of keys.
    pub max_keys: u64,
    /// The size of all kept responses, in bytes.
    pub max_bytes: u64,
}

/// The outcome of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// The key was stored.
    Reserved,
    /// The key exists, for this request. Nothing was changed.
    Exists(KeyedRequest),
    /// The bucket has reached a limit. Its first key expires at this moment.
    Full(Timestamp),
}

/// Stores keyed requests. A key exists until [`IdempotencyKeyStore::delete_expired`] deletes it: no other method looks at the
/// clock, so that a wrong clock repeats no request.
#[async_trait]
pub trait IdempotencyKeyStore: Send + Sync {
    /// Returns the project's request with this key.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, project: &ProjectId, key: &KeyHash) -> Result<Option<KeyedRequest>>;
    /// Reserves a key for a request that is about to run. Only one of many concurrent callers reserves it.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the project does not exist.
    async fn reserve(&self, new: &NewIdempotencyKey, limits: IdempotencyLimits) -> Result<Reservation>;
    /// Stores the response of a reserved request. Does nothing if the project does not have the key.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if a retired key wraps the response.
    async fn finish(&self, project: &ProjectId, key: &KeyHash, response: &KeyedResponse) -> Result<()>;
    /// Deletes a key, so that the request may run again.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn release(&self, project: &ProjectId, key: &KeyHash) -> Result<()>;
    /// Deletes at most `limit` keys that expired before a moment. Returns their number.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_expired(&self, before: Timestamp, limit: u32) -> Result<u64>;
}

//! Authorizations that customers have started at a provider and not finished.

use async_trait::async_trait;
use patchbay_model::{KeyHash, ProjectId, Sealed, Timestamp};

use crate::Result;

/// Stores the sealed state that the callback of an authorization needs, by the hash of its `state` parameter (RFC 6749
/// section 4.1.1).
#[async_trait]
pub trait PendingAuthorizationStore: Send + Sync {
    /// Adds an authorization.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the hash exists.
    async fn put(&self, state: &KeyHash, project: &ProjectId, sealed: &Sealed, expires_at: Timestamp) -> Result<()>;
    /// Returns the authorization with this hash, unless it has expired at `now`. It stays stored.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn find(&self, state: &KeyHash, now: Timestamp) -> Result<Option<(ProjectId, Sealed)>>;
    /// Deletes the authorization with this hash and returns it, unless it has expired at `now`. Only the first caller gets
    /// it.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn take(&self, state: &KeyHash, now: Timestamp) -> Result<Option<(ProjectId, Sealed)>>;
    /// Deletes the authorizations that expired before a moment. Returns their number.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_expired(&self, before: Timestamp) -> Result<u64>;
}

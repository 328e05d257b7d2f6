//! Connect sessions, by the hash of their token.

use async_trait::async_trait;
use patchbay_model::{ConnectSession, KeyHash, ProjectId, SessionId, Timestamp};

use crate::Result;

/// Stores connect sessions.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds a session and returns its id. The id in `session` is ignored.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the token hash exists or the project does not.
    async fn create(&self, session: &ConnectSession) -> Result<SessionId>;
    /// Returns the session with this token hash. It may belong to any project: this look-up finds the project of a
    /// request.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn by_token_hash(&self, hash: &KeyHash) -> Result<Option<ConnectSession>>;
    /// Returns the project's session with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, project: &ProjectId, id: SessionId) -> Result<Option<ConnectSession>>;
    /// Deletes the project's session with this id, with its attempts. Returns false if the project does not have it.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete(&self, project: &ProjectId, id: SessionId) -> Result<bool>;
    /// Deletes the sessions that expired before `moment`, with their attempts. Returns their number.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_expired(&self, moment: Timestamp) -> Result<u64>;
}

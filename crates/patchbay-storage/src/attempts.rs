//! Connection attempts.

use async_trait::async_trait;
use patchbay_model::{AccountId, AttemptError, AttemptId, AttemptStatus, ConnectionAttempt, ProjectId, SessionId};

use crate::Result;

/// The number of attempts that are stored for one session. A session lives for up to a year, and its token can start any
/// number of attempts.
pub const MAX_ATTEMPTS_PER_SESSION: u32 = 100;

/// Stores connection attempts.
#[async_trait]
pub trait AttemptStore: Send + Sync {
    /// Adds an attempt, and deletes the session's oldest ones beyond [`MAX_ATTEMPTS_PER_SESSION`].
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the project does not have the session.
    async fn create(&self, attempt: &ConnectionAttempt) -> Result<()>;
    /// Returns the session's attempt with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, project: &ProjectId, session: SessionId, id: &AttemptId) -> Result<Option<ConnectionAttempt>>;
    /// Gives a pending attempt its final status. Returns false if there is none, or if it has a final status.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn finish(
        &self,
        project: &ProjectId,
        session: SessionId,
        id: &AttemptId,
        status: AttemptStatus,
        account: Option<&AccountId>,
        error: Option<&AttemptError>,
    ) -> Result<bool>;
}

//! Connection attempts.

use async_trait::async_trait;
use patchbay_model::{AccountId, AttemptError, AttemptId, AttemptStatus, ConnectionAttempt, ProjectId, SessionId};

use crate::Result;

/// Attempts that are kept of one session: a session lives for up to a year, and who has it may begin as many as it
/// likes.
pub const MAX_ATTEMPTS_PER_SESSION: u32 = 100;

/// Keeps connection attempts.
#[async_trait]
pub trait AttemptStore: Send + Sync {
    /// Adds one; a session that the project does not have is a conflict. Of a session's attempts so many are kept as
    /// [`MAX_ATTEMPTS_PER_SESSION`] says; the oldest go.
    async fn create(&self, attempt: &ConnectionAttempt) -> Result<()>;
    /// The session's attempt with this id.
    async fn get(&self, project: &ProjectId, session: SessionId, id: &AttemptId) -> Result<Option<ConnectionAttempt>>;
    /// Ends a pending attempt. False when there is none, or it has ended already.
    async fn end(
        &self,
        project: &ProjectId,
        session: SessionId,
        id: &AttemptId,
        status: AttemptStatus,
        account: Option<&AccountId>,
        error: Option<&AttemptError>,
    ) -> Result<bool>;
}

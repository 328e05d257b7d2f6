//! What people and agents say of tools.

use async_trait::async_trait;
use patchbay_model::{ProjectId, Timestamp, ToolFeedback};

use crate::Result;

/// Stores feedback on tools.
#[async_trait]
pub trait ToolFeedbackStore: Send + Sync {
    /// Adds messages: all of them, or none.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn append(&self, messages: &[ToolFeedback]) -> Result<()>;
    /// Returns the project's newest messages, of one tool or of all.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn newest(&self, project: &ProjectId, tool: Option<&str>, limit: u32) -> Result<Vec<ToolFeedback>>;
    /// Deletes up to `limit` of the oldest messages that were sent before `moment`, in every project. Returns their number.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_older(&self, moment: Timestamp, limit: u32) -> Result<u64>;
}

//! Records of calls.

use async_trait::async_trait;
use patchbay_model::{CallId, CallRecord, ProjectId, Timestamp};

use crate::Result;

/// Keeps records of calls.
#[async_trait]
pub trait CallStore: Send + Sync {
    /// Adds a batch, all or none.
    async fn append(&self, records: &[CallRecord]) -> Result<()>;
    /// The project's call with this id.
    async fn get(&self, project: &ProjectId, id: &CallId) -> Result<Option<CallRecord>>;
    /// The project's newest calls.
    async fn list(&self, project: &ProjectId, limit: u32) -> Result<Vec<CallRecord>>;
    /// Removes up to `limit` of the oldest that started before `moment`, in every project. Gives how many.
    async fn delete_older(&self, moment: Timestamp, limit: u32) -> Result<u64>;
}

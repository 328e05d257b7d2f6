//! Call records.

use async_trait::async_trait;
use patchbay_model::{CallId, CallRecord, ProjectId, Timestamp};

use crate::Result;

/// Stores call records.
#[async_trait]
pub trait CallStore: Send + Sync {
    /// Adds a batch: all records, or none.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn append(&self, records: &[CallRecord]) -> Result<()>;
    /// Returns the project's record with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, project: &ProjectId, id: &CallId) -> Result<Option<CallRecord>>;
    /// Returns the project's newest records.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn list(&self, project: &ProjectId, limit: u32) -> Result<Vec<CallRecord>>;
    /// Deletes up to `limit` of the oldest records that started before `moment`, in every project. Returns their number.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_older(&self, moment: Timestamp, limit: u32) -> Result<u64>;
}

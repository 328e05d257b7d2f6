//! The call records of versions before the logs had a database of their own (`patchbay-logs`).

use async_trait::async_trait;
use patchbay_model::{CallId, CallRecord};

use crate::Result;

/// Stores the call records of earlier versions until they are moved to the logs.
#[async_trait]
pub trait CallStore: Send + Sync {
    /// Adds a batch as earlier versions do: all records, or none.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn append(&self, records: &[CallRecord]) -> Result<()>;
    /// Returns up to `limit` of the oldest records, in every project, oldest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn oldest(&self, limit: u32) -> Result<Vec<CallRecord>>;
    /// Deletes records. Returns their number.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete(&self, ids: &[CallId]) -> Result<u64>;
}

//! Named records of the database itself.

use async_trait::async_trait;

use crate::Result;

/// Stores named records that belong to no project, for example the vault's canary.
#[async_trait]
pub trait MetaStore: Send + Sync {
    /// Returns the record with this name.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>>;
    /// Adds a record. Returns false, and changes nothing, if the name exists.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn set_once(&self, name: &str, value: &[u8]) -> Result<bool>;
    /// Sets a record.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn set(&self, name: &str, value: &[u8]) -> Result<()>;
    /// Checks that the database responds, for readiness probes.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn ping(&self) -> Result<()>;
}

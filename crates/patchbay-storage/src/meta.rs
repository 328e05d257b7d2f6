//! Named records of the database itself.

use async_trait::async_trait;
use patchbay_model::Timestamp;

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
    /// Returns the newest time at which a stored record was created; none if the database is empty.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn newest_time(&self) -> Result<Option<Timestamp>>;
    /// Checks that the database stores a small record, that its disk has room, and that the last
    /// [`verify`](MetaStore::verify) found no damage, for readiness probes.
    ///
    /// # Errors
    /// [`StorageError::Full`](crate::StorageError::Full) if the disk is full or nearly full,
    /// [`StorageError::Corrupt`](crate::StorageError::Corrupt) if damage is known, another error if the backend fails.
    async fn check_writable(&self, now: Timestamp) -> Result<()>;
    /// Reads the whole database and compares its tables, indexes and references. It takes as long as reading the file, and
    /// does not block other calls. While the first run reads a database that was not checked when it was opened, and from
    /// the moment that damage is found, a look-up that finds nothing is an error: the record may exist.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`](crate::StorageError::Corrupt) with what was found, another error if the backend fails.
    async fn verify(&self) -> Result<()>;
    /// Checks that the database responds.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn ping(&self) -> Result<()>;
}

//! API keys, as hashes.

use async_trait::async_trait;
use patchbay_model::{ApiKey, ApiKeyId, KeyHash, ProjectId};

use crate::Result;

/// Stores API keys.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the hash exists.
    async fn create(&self, key: &ApiKey) -> Result<()>;
    /// Returns the key with this hash. It may belong to any project: this look-up finds the project of a request.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn by_hash(&self, hash: &KeyHash) -> Result<Option<ApiKey>>;
    /// Returns a project's keys, oldest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn list(&self, project: &ProjectId) -> Result<Vec<ApiKey>>;
    /// Returns the keys of every project without a seal.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn unsealed(&self) -> Result<Vec<ApiKey>>;
    /// Changes a key's name, whether it is enabled, and its seal; nothing else. Returns false if the project does not have the
    /// key.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the stored seal is not that of `read`: another change was
    /// written since the key was read.
    async fn update(&self, key: &ApiKey, read: &ApiKey) -> Result<bool>;
    /// Deletes a key. Returns false if the project does not have it.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete(&self, project: &ProjectId, id: &ApiKeyId) -> Result<bool>;
}

//! API keys, as hashes.

use async_trait::async_trait;
use patchbay_model::{ApiKey, ApiKeyId, KeyHash, ProjectId};

use crate::Result;

/// Keeps API keys.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds one; a hash that is there already is a conflict.
    async fn create(&self, key: &ApiKey) -> Result<()>;
    /// The key with this hash, in whatever project: this finds the project.
    async fn by_hash(&self, hash: &KeyHash) -> Result<Option<ApiKey>>;
    /// A project's keys, oldest first.
    async fn list(&self, project: &ProjectId) -> Result<Vec<ApiKey>>;
    /// Changes the name of one and whether it is enabled; all else stays. False when the project has no
    /// such key.
    async fn update(&self, key: &ApiKey) -> Result<bool>;
    /// Removes one. False when the project has no such key.
    async fn delete(&self, project: &ProjectId, id: &ApiKeyId) -> Result<bool>;
}

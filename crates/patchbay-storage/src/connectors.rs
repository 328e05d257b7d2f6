//! Connectors that projects pushed.

use async_trait::async_trait;
use patchbay_model::{ConnectorFile, ConnectorVersion, ProjectId};

use crate::Result;

/// The outcome of adding a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddVersion {
    /// The version was added.
    Added,
    /// The version exists with the same files. Nothing was changed.
    Same(ConnectorVersion),
    /// The version exists with other files. Nothing was changed.
    Taken(ConnectorVersion),
    /// The project reached its limit of versions. Nothing was changed.
    TooMany,
}

/// Stores pushed versions. A version never changes: it is added once, and may be deleted.
#[async_trait]
pub trait ConnectorStore: Send + Sync {
    /// Adds a version with its files, unless the project has `limit` versions of all its connectors.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the project does not exist.
    async fn add(&self, version: &ConnectorVersion, files: &[ConnectorFile], limit: u32) -> Result<AddVersion>;
    /// Replaces a version with its files, whatever is stored under its number, or adds it. Only for a version that is damaged
    /// or was not stored by this server: others never change.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the project does not exist.
    async fn replace(&self, version: &ConnectorVersion, files: &[ConnectorFile]) -> Result<()>;
    /// Returns the files of the project's version, ordered by name; none if the project does not have the version.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn files(&self, project: &ProjectId, key: &str, version: &str) -> Result<Option<Vec<ConnectorFile>>>;
    /// Returns the project's versions without their files, by key, oldest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn list(&self, project: &ProjectId) -> Result<Vec<ConnectorVersion>>;
    /// Returns every project's versions without their files, by key, oldest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn list_all(&self) -> Result<Vec<ConnectorVersion>>;
    /// Deletes a version with its files, and returns it.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) while a profile is pinned to exactly this version.
    async fn delete(&self, project: &ProjectId, key: &str, version: &str) -> Result<Option<ConnectorVersion>>;
}

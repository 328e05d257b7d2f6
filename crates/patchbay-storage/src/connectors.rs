//! Connectors that projects pushed.

use async_trait::async_trait;
use patchbay_model::{ConnectorFile, ConnectorVersion, ProjectId};

use crate::Result;

/// What came of adding a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddVersion {
    /// It was added.
    Added,
    /// It was there already, with the same files; this is it.
    Same(ConnectorVersion),
    /// It was there already, with other files. Nothing was changed.
    Taken(ConnectorVersion),
    /// The project has as many versions as it may. Nothing was changed.
    TooMany,
}

/// Keeps pushed versions. A version never changes: it is added once, and perhaps removed.
#[async_trait]
pub trait ConnectorStore: Send + Sync {
    /// Adds a version with its files, unless the project has `limit` versions of all its connectors.
    async fn add(&self, version: &ConnectorVersion, files: &[ConnectorFile], limit: u32) -> Result<AddVersion>;
    /// The files of the project's version, in the order of their names; none when it has no such version.
    async fn files(&self, project: &ProjectId, key: &str, version: &str) -> Result<Option<Vec<ConnectorFile>>>;
    /// The project's versions without their files, by key, oldest first.
    async fn list(&self, project: &ProjectId) -> Result<Vec<ConnectorVersion>>;
    /// Every project's versions, in the same way: what a start reads.
    async fn list_all(&self) -> Result<Vec<ConnectorVersion>>;
    /// Removes a version with its files and gives it back.
    async fn delete(&self, project: &ProjectId, key: &str, version: &str) -> Result<Option<ConnectorVersion>>;
}

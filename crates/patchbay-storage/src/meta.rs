//! The database's own records.

use async_trait::async_trait;

use crate::Result;

/// Keeps named records that belong to no project, such as the vault's canary.
#[async_trait]
pub trait MetaStore: Send + Sync {
    /// The record with this name.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>>;
    /// Sets a record that is not there yet. False when it is there already; it then stays as it is.
    async fn set_once(&self, name: &str, value: &[u8]) -> Result<bool>;
    /// Sets a record.
    async fn set(&self, name: &str, value: &[u8]) -> Result<()>;
    /// Fails when the database does not answer; for readiness.
    async fn ping(&self) -> Result<()>;
}

//! Sign-ins that customers are at the provider for.

use async_trait::async_trait;
use patchbay_model::{KeyHash, ProjectId, Sealed, Timestamp};

use crate::Result;

/// Keeps what a sign-in needs when the customer comes back, by the hash of its `state`.
#[async_trait]
pub trait PendingAuthorizationStore: Send + Sync {
    /// Adds one; a state that is taken is a conflict.
    async fn put(&self, state: &KeyHash, project: &ProjectId, sealed: &Sealed, expires_at: Timestamp) -> Result<()>;
    /// The one of this hash, unless it has expired; it stays.
    async fn find(&self, state: &KeyHash, now: Timestamp) -> Result<Option<(ProjectId, Sealed)>>;
    /// Takes one away for good, unless it has expired.
    async fn take(&self, state: &KeyHash, now: Timestamp) -> Result<Option<(ProjectId, Sealed)>>;
    /// Removes those that expired before a moment.
    async fn delete_expired(&self, before: Timestamp) -> Result<u64>;
}

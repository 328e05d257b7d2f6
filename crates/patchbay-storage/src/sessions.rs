//! Connect sessions, found by the hash of their token.

use async_trait::async_trait;
use patchbay_model::{ConnectSession, KeyHash, SessionId, Timestamp};

use crate::Result;

/// Keeps connect sessions.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds one and gives its number; the number in `session` is ignored.
    async fn create(&self, session: &ConnectSession) -> Result<SessionId>;
    /// The session with this token hash, in whatever project: this finds the project.
    async fn by_token_hash(&self, hash: &KeyHash) -> Result<Option<ConnectSession>>;
    /// Removes those that expired before `moment`, with their attempts. Gives how many.
    async fn delete_expired(&self, moment: Timestamp) -> Result<u64>;
}

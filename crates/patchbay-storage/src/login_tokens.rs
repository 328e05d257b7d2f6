//! One-time login tokens, as hashes.

use async_trait::async_trait;
use patchbay_model::{KeyHash, LoginToken, Timestamp};

use crate::Result;

/// Keeps login tokens.
#[async_trait]
pub trait LoginTokenStore: Send + Sync {
    /// Adds one, and forgets those that have expired by `now`.
    async fn create(&self, token: &LoginToken, now: Timestamp) -> Result<()>;
    /// Takes the token with this hash: the first caller gets it, no one after that, and no one once it
    /// has expired.
    async fn consume(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<LoginToken>>;
}

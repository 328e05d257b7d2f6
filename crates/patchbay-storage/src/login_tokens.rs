//! One-time login tokens, as hashes.

use async_trait::async_trait;
use patchbay_model::{KeyHash, LoginToken, Timestamp};

use crate::Result;

/// Stores login tokens.
#[async_trait]
pub trait LoginTokenStore: Send + Sync {
    /// Adds a token, and deletes those that have expired at `now`.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn create(&self, token: &LoginToken, now: Timestamp) -> Result<()>;
    /// Deletes the token with this hash and returns it, unless it has expired at `now`. Only the first caller gets it.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn consume(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<LoginToken>>;
}

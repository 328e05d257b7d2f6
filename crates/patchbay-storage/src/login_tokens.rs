//! One-time login tokens, as hashes.

use async_trait::async_trait;
use patchbay_model::{KeyHash, LoginToken, Timestamp};

use crate::Result;

/// Stores login tokens.
#[async_trait]
pub trait LoginTokenStore: Send + Sync {
    /// Adds a token.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn create(&self, token: &LoginToken) -> Result<()>;
    /// Deletes the token with this hash and returns it, unless it has expired at `now`. Only the first caller gets it.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn consume(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<LoginToken>>;
    /// Returns the tokens without a seal.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn unsealed(&self) -> Result<Vec<LoginToken>>;
    /// Deletes the tokens that expired before `before`, and returns their number. The caller has checked that the clock can
    /// be right: a new login must not delete the others because of a clock that jumps.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_expired(&self, before: Timestamp) -> Result<u64>;
}

//! Members of the organization, and the browsers in which they are logged in.

use async_trait::async_trait;
use patchbay_model::{BrowserSession, KeyHash, Member, MemberId, OrganizationId, Timestamp};

use crate::Result;

/// Stores members.
#[async_trait]
pub trait MemberStore: Send + Sync {
    /// Adds the organization's first member. Returns false if it has a member.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn create_first(&self, member: &Member) -> Result<bool>;
    /// Returns the organization's oldest member.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn first(&self, organization: &OrganizationId) -> Result<Option<Member>>;
    /// Returns the member with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, id: &MemberId) -> Result<Option<Member>>;
    /// Returns the members without a seal.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn unsealed(&self) -> Result<Vec<Member>>;
    /// Changes the hash of a member's password and the seal; nothing else. Returns false if the member does not exist.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn set_password(&self, member: &Member) -> Result<bool>;
}

/// Stores browser sessions of the dashboard, by the hashes of their tokens.
#[async_trait]
pub trait BrowserSessionStore: Send + Sync {
    /// Adds a session.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn create(&self, session: &BrowserSession) -> Result<()>;
    /// Returns the session with this hash, unless it has expired at `now`.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn by_hash(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<BrowserSession>>;
    /// Deletes a session. Returns false if it does not exist.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete(&self, hash: &KeyHash) -> Result<bool>;
    /// Deletes the member's sessions except the one with the hash `keep`. Returns their number.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_others(&self, member: &MemberId, keep: &KeyHash) -> Result<u64>;
    /// Returns the sessions without a seal.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn unsealed(&self) -> Result<Vec<BrowserSession>>;
    /// Deletes the sessions that expired before `before`, and returns their number. The caller has checked that the clock can
    /// be right: a new login must not end the others because of a clock that jumps.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_expired(&self, before: Timestamp) -> Result<u64>;
}

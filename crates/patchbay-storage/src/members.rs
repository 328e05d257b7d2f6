//! Members of the organisation, and their signed-in browsers.

use async_trait::async_trait;
use patchbay_model::{BrowserSession, KeyHash, Member, MemberId, OrganizationId, PasswordHash, Timestamp};

use crate::Result;

/// Keeps members.
#[async_trait]
pub trait MemberStore: Send + Sync {
    /// Adds one, unless the organisation has one already. False when it has.
    async fn create_first(&self, member: &Member) -> Result<bool>;
    /// The organisation's oldest member.
    async fn first(&self, organization: &OrganizationId) -> Result<Option<Member>>;
    /// The member with this id.
    async fn get(&self, id: &MemberId) -> Result<Option<Member>>;
    /// Sets the password's hash. False when there is no such member.
    async fn set_password(&self, id: &MemberId, password: &PasswordHash) -> Result<bool>;
}

/// Keeps signed-in browsers, as hashes of their tokens.
#[async_trait]
pub trait BrowserSessionStore: Send + Sync {
    /// Adds one, and forgets those that have expired by `now`.
    async fn create(&self, session: &BrowserSession, now: Timestamp) -> Result<()>;
    /// The session with this hash, unless it has expired by `now`.
    async fn by_hash(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<BrowserSession>>;
    /// Ends one. False when there is none.
    async fn delete(&self, hash: &KeyHash) -> Result<bool>;
    /// Ends all of a member's but the one with the hash `keep`.
    async fn delete_others(&self, member: &MemberId, keep: &KeyHash) -> Result<u64>;
}

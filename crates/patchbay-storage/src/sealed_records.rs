//! Every sealed value, wherever it is kept, for the rotation of keys.
//!
//! This belongs to no project: the key ring is the whole server's. It hands out envelopes and where they belong, and
//! takes new ones in; it opens nothing.

use async_trait::async_trait;
use patchbay_model::{AccountId, KeyHash, KeyId, ProfileId, ProjectId, Sealed};

use crate::Result;

/// The name of the vault's canary among the database's own records.
pub const VAULT_CANARY: &str = "vault_canary";

/// Where a sealed value is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedPlace {
    /// A secret field of an account.
    Account {
        /// The account's project.
        project: ProjectId,
        /// The account.
        account: AccountId,
        /// The field's key.
        field: String,
    },
    /// A secret set-up field of a profile.
    Profile {
        /// The profile's project.
        project: ProjectId,
        /// The profile.
        profile: ProfileId,
        /// The field's key.
        field: String,
    },
    /// A sign-in under way.
    PendingAuthorization {
        /// Its project.
        project: ProjectId,
        /// The hash of its `state`.
        state: KeyHash,
    },
    /// The vault's canary.
    Canary,
}

/// A sealed value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRecord {
    /// Where it is kept.
    pub place: SealedPlace,
    /// The envelope.
    pub sealed: Sealed,
}

/// Reads and exchanges sealed values.
#[async_trait]
pub trait SealedRecordStore: Send + Sync {
    /// How many values each key wraps.
    async fn count_by_key(&self) -> Result<Vec<(KeyId, u64)>>;
    /// Up to `limit` values that another key than `active` wraps, from the one after `after` on, or from the first.
    /// None are left when it gives none.
    async fn wrapped_by_others(
        &self,
        active: KeyId,
        after: Option<&SealedPlace>,
        limit: u32,
    ) -> Result<Vec<SealedRecord>>;
    /// Exchanges envelopes, all in one go. One that has changed since it was read is left as it is. Whoever read an
    /// account before writes over it no more: its credentials get another version. Gives how many were exchanged.
    async fn exchange(&self, changes: &[(SealedRecord, Sealed)]) -> Result<u64>;
    /// Forbids a key for good, unless values are wrapped by it: then nothing changes, and it gives how many.
    async fn retire(&self, key: KeyId) -> Result<u64>;
}

//! All sealed values, wherever they are stored, for the rotation of wrapping keys.
//!
//! They belong to no single project: the key ring is the server's. This store reads and writes envelopes with their
//! places; it cannot open them.

use async_trait::async_trait;
use patchbay_model::{AccountId, KeyHash, KeyId, ProfileId, ProjectId, RowId, Sealed, WebhookId};

use crate::Result;

/// The name of the vault's canary in the [`MetaStore`](crate::MetaStore).
pub const VAULT_CANARY: &str = "vault_canary";

/// The place where a sealed value is stored.
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
    /// A secret setup field of a profile.
    Profile {
        /// The profile's project.
        project: ProjectId,
        /// The profile.
        profile: ProfileId,
        /// The field's key.
        field: String,
    },
    /// A pending authorization.
    PendingAuthorization {
        /// Its project.
        project: ProjectId,
        /// The hash of its `state`.
        state: KeyHash,
    },
    /// The response to a request with an idempotency key.
    KeyedResponse {
        /// Its project.
        project: ProjectId,
        /// The hash of the key.
        key: KeyHash,
    },
    /// A sealed value of a webhook.
    Webhook {
        /// The webhook's project.
        project: ProjectId,
        /// The webhook.
        webhook: WebhookId,
        /// What it is.
        field: String,
    },
    /// The token of an endpoint of the inbox.
    InboxEndpoint {
        /// The endpoint's project.
        project: ProjectId,
        /// The endpoint.
        endpoint: String,
    },
    /// What a provider delivered.
    InboxEvent {
        /// The event's project.
        project: ProjectId,
        /// The event.
        event: String,
    },
    /// The seal of a row.
    Row(RowId),
    /// The vault's canary.
    Canary,
}

/// A sealed value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRecord {
    /// The place where it is stored.
    pub place: SealedPlace,
    /// The envelope.
    pub sealed: Sealed,
}

/// Reads and exchanges sealed values.
#[async_trait]
pub trait SealedRecordStore: Send + Sync {
    /// Returns the number of values that each key wraps.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn count_by_key(&self) -> Result<Vec<(KeyId, u64)>>;
    /// Returns up to `limit` values that a key other than `active` wraps, beginning after `after`, or with the first. An
    /// empty list means that none are left.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn wrapped_by_others(
        &self,
        active: KeyId,
        after: Option<&SealedPlace>,
        limit: u32,
    ) -> Result<Vec<SealedRecord>>;
    /// Returns up to `limit` accounts after `after` with an envelope of version 1, which is not bound to an address.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn unbound_accounts(&self, after: Option<&AccountId>, limit: u32) -> Result<Vec<(ProjectId, AccountId)>>;
    /// Returns the profiles with an envelope of version 1, which is not bound to an address.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn unbound_profiles(&self) -> Result<Vec<(ProjectId, ProfileId)>>;
    /// Replaces envelopes in one transaction, and returns how many were replaced. An envelope that changed since it was
    /// read is left unchanged. The revision of each account that changes is incremented, so that a writer that read the
    /// account before gets a conflict.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if a new envelope is wrapped by a retired key.
    async fn exchange(&self, changes: &[(SealedRecord, Sealed)]) -> Result<u64>;
    /// Adds seals in one transaction to rows that have none. A row that has one keeps it.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if a new envelope is wrapped by a retired key.
    async fn seal_rows(&self, seals: &[(RowId, Sealed)]) -> Result<()>;
    /// Retires a key permanently: values that it wraps can no longer be stored. If it still wraps values, nothing changes,
    /// and their number is returned; otherwise 0.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn retire(&self, key: KeyId) -> Result<u64>;
}

//! Persistent storage: a trait for each type of record, a module for each backend, and one test suite that every backend
//! passes (`conformance`).
//!
//! Each method is one transaction. Each method that reads or writes tenant data takes the project as a parameter, except
//! the look-ups by hash, which find the project, and the methods that concern the whole server. Storage cannot decrypt
//! anything: it only sees [`patchbay_model::Sealed`].
#![warn(clippy::missing_errors_doc)]

mod accounts;
mod api_keys;
mod attempts;
mod calls;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connectors;
mod error;
mod fence;
mod idempotency_keys;
mod inbox;
mod login_tokens;
mod members;
mod meta;
mod organizations;
mod pending_authorizations;
pub mod postgres;
mod profiles;
mod projects;
mod refresh_leases;
mod replicas;
mod rows;
mod schema;
mod sealed_records;
mod sessions;
pub mod sqlite;
mod tool_feedback;
pub mod transfer;
mod webhooks;

pub use accounts::{AccountFilter, AccountStore, InsertRule};
pub use api_keys::ApiKeyStore;
pub use attempts::{AttemptStore, MAX_ATTEMPTS_PER_SESSION};
pub use calls::CallStore;
pub use connectors::{AddVersion, ConnectorStore};
pub use error::{Cause, StorageError};
pub use fence::{current_fence, fenced};
pub use idempotency_keys::{
    IdempotencyKeyStore, IdempotencyLimits, KeyedRequest, KeyedResponse, NewIdempotencyKey, Reservation,
};
pub use inbox::{InboxClaim, InboxFilter, InboxStore};
pub use login_tokens::LoginTokenStore;
pub use members::{BrowserSessionStore, MemberStore};
pub use meta::MetaStore;
pub use organizations::OrganizationStore;
pub use pending_authorizations::PendingAuthorizationStore;
pub use profiles::{ProfileFilter, ProfileStore};
pub use projects::ProjectStore;
pub use refresh_leases::{DueLease, RefreshLeaseStore};
pub use replicas::{
    ChangeWatch, CounterRule, LEADERSHIP, LimitLease, LimitWish, REPLICA_LIFE, ReplicaStore, SharedLock,
};
pub use schema::SchemaVersions;
pub use sealed_records::{SealedPlace, SealedRecord, SealedRecordStore, VAULT_CANARY};
pub use sessions::SessionStore;
pub use tool_feedback::ToolFeedbackStore;
pub use webhooks::{DeliveryFilter, DeliveryRecord, WebhookQueue, WebhookStore};

/// The result of a storage call.
pub type Result<T> = std::result::Result<T, StorageError>;

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// The number of items on all pages.
    pub total: u64,
}

/// A storage backend: one store for each type of record.
pub trait Storage: Send + Sync {
    /// Returns the store of organizations.
    fn organizations(&self) -> &dyn OrganizationStore;
    /// Returns the store of projects.
    fn projects(&self) -> &dyn ProjectStore;
    /// Returns the store of API keys.
    fn api_keys(&self) -> &dyn ApiKeyStore;
    /// Returns the store of one-time login tokens.
    fn login_tokens(&self) -> &dyn LoginTokenStore;
    /// Returns the store of the members of the organization.
    fn members(&self) -> &dyn MemberStore;
    /// Returns the store of browser sessions of the dashboard.
    fn browser_sessions(&self) -> &dyn BrowserSessionStore;
    /// Returns the store of connector profiles.
    fn profiles(&self) -> &dyn ProfileStore;
    /// Returns the store of connectors that projects pushed.
    fn connectors(&self) -> &dyn ConnectorStore;
    /// Returns the store of linked accounts.
    fn accounts(&self) -> &dyn AccountStore;
    /// Returns the store of leases on the refresh of tokens.
    fn refresh_leases(&self) -> &dyn RefreshLeaseStore;
    /// Returns the store of pending authorizations.
    fn pending_authorizations(&self) -> &dyn PendingAuthorizationStore;
    /// Returns the store of connect sessions.
    fn sessions(&self) -> &dyn SessionStore;
    /// Returns the store of connection attempts.
    fn attempts(&self) -> &dyn AttemptStore;
    /// Returns the store of requests with an idempotency key.
    fn idempotency_keys(&self) -> &dyn IdempotencyKeyStore;
    /// Returns the store of webhooks and their deliveries.
    fn webhooks(&self) -> &dyn WebhookStore;
    /// Returns the store of events that providers deliver.
    fn inbox(&self) -> &dyn InboxStore;
    /// Returns the store of call records.
    fn calls(&self) -> &dyn CallStore;
    /// Returns the store of feedback on tools.
    fn tool_feedback(&self) -> &dyn ToolFeedbackStore;
    /// Returns the store of sealed values, for the rotation of keys.
    fn sealed_records(&self) -> &dyn SealedRecordStore;
    /// Returns the store of the database's own records.
    fn meta(&self) -> &dyn MetaStore;
    /// Returns the store of the servers that share the database; none if the backend has one owner at a time. Then nobody else
    /// changes what a server keeps in memory, and its server does the leader's work without being elected.
    fn replicas(&self) -> Option<&dyn ReplicaStore>;
}

//! Where things are kept: a trait per noun, one folder per backend, and one suite that every
//! backend passes (`conformance`).
//!
//! One method is one transaction. Every method that touches tenant data names its project; the
//! exceptions are the look-ups by hash that find the project, and what concerns the whole server.
//! Storage cannot decrypt anything: it sees [`patchbay_model::Sealed`] alone.

mod accounts;
mod api_keys;
mod attempts;
mod calls;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connectors;
mod error;
mod login_tokens;
mod members;
mod meta;
mod organizations;
mod pending_authorizations;
mod profiles;
mod projects;
mod refresh_leases;
mod sealed_records;
mod sessions;
pub mod sqlite;

pub use accounts::{AccountFilter, AccountStore, InsertRule};
pub use api_keys::ApiKeyStore;
pub use attempts::{AttemptStore, MAX_ATTEMPTS_PER_SESSION};
pub use calls::CallStore;
pub use connectors::{AddVersion, ConnectorStore};
pub use error::{Cause, StorageError};
pub use login_tokens::LoginTokenStore;
pub use members::{BrowserSessionStore, MemberStore};
pub use meta::MetaStore;
pub use organizations::OrganizationStore;
pub use pending_authorizations::PendingAuthorizationStore;
pub use profiles::{ProfileFilter, ProfileStore};
pub use projects::ProjectStore;
pub use refresh_leases::RefreshLeaseStore;
pub use sealed_records::{SealedPlace, SealedRecord, SealedRecordStore, VAULT_CANARY};
pub use sessions::SessionStore;

/// What every storage call gives.
pub type Result<T> = std::result::Result<T, StorageError>;

/// One page of a listing, and how many items all pages have.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

/// A backend: one store per noun.
pub trait Storage: Send + Sync {
    /// Organisations.
    fn organizations(&self) -> &dyn OrganizationStore;
    /// Projects.
    fn projects(&self) -> &dyn ProjectStore;
    /// API keys.
    fn api_keys(&self) -> &dyn ApiKeyStore;
    /// One-time login tokens.
    fn login_tokens(&self) -> &dyn LoginTokenStore;
    /// Members of the organisation.
    fn members(&self) -> &dyn MemberStore;
    /// Their signed-in browsers.
    fn browser_sessions(&self) -> &dyn BrowserSessionStore;
    /// Connector profiles.
    fn profiles(&self) -> &dyn ProfileStore;
    /// Connectors that projects pushed.
    fn connectors(&self) -> &dyn ConnectorStore;
    /// Linked accounts.
    fn accounts(&self) -> &dyn AccountStore;
    /// Leases on the renewal of tokens.
    fn refresh_leases(&self) -> &dyn RefreshLeaseStore;
    /// Sign-ins under way at providers.
    fn pending_authorizations(&self) -> &dyn PendingAuthorizationStore;
    /// Connect sessions.
    fn sessions(&self) -> &dyn SessionStore;
    /// Connection attempts.
    fn attempts(&self) -> &dyn AttemptStore;
    /// Records of calls.
    fn calls(&self) -> &dyn CallStore;
    /// Every sealed value, for the rotation of keys.
    fn sealed_records(&self) -> &dyn SealedRecordStore;
    /// The database's own records.
    fn meta(&self) -> &dyn MetaStore;
}

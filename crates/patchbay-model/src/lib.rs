//! Pure data: the nouns of the product and the two effects every crate takes as parameters,
//! time and randomness.
//!
//! Nothing here does I/O or is async. Wire names (`origin_owner_id`, `integration_id`) stay at the
//! server's edge; these are the field's own words.

mod account;
mod api_key;
mod attempt;
mod call;
mod clock;
mod connector;
mod entropy;
mod expiry;
mod ids;
mod member;
mod organization;
mod profile;
mod sealed;
mod session;
#[cfg(feature = "testing")]
pub mod testing;
mod token;

pub use account::{Account, AccountKind, AccountStatus, Owner, StatusReason};
pub use api_key::{ApiKey, ApiScope, KeyHash, LoginToken};
pub use attempt::{AttemptError, AttemptStatus, ConnectionAttempt};
pub use call::{CallKind, CallRecord};
pub use clock::{Clock, Timestamp, TimestampError};
pub use connector::{ConnectorFile, ConnectorVersion, FilesDigest};
pub use entropy::Entropy;
pub use expiry::{CredentialExpiry, ExpiryCause, notice_period};
pub use ids::{AccountId, ApiKeyId, AttemptId, CallId, MemberId, OrganizationId, ProfileId, ProjectId, SessionId};
pub use member::{BrowserSession, Member, PasswordHash};
pub use organization::{Organization, Project};
pub use profile::{EnabledActions, Profile, ProfileAlarm};
pub use sealed::{InvalidKeyId, KeyId, Sealed};
pub use session::ConnectSession;
pub use token::{Lease, LeaseOutcome, LeasePriority, TokenMetadata};

/// A free-form JSON object, as customers attach to sessions and accounts.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

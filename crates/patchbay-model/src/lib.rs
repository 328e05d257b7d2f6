//! The data types of the product, and the two effects that every crate takes as parameters: time ([`Clock`]) and
//! randomness ([`Entropy`]).
//!
//! This crate does no I/O and is not async. It does not use the names of the wire (`origin_owner_id`,
//! `integration_id`): the server maps them.

mod account;
mod api_key;
mod attempt;
mod call;
mod clock;
mod connector;
mod content_hash;
mod entropy;
mod error_code;
mod error_reason;
mod expiry;
mod failure_reason;
mod field;
mod ids;
mod inbox;
mod member;
mod memory;
mod names;
mod organization;
mod profile;
mod replica;
mod row_seal;
mod sealed;
mod session;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod tool_feedback;
mod webhook;
mod webhook_health;
mod whole_seconds;

pub use account::{Account, AccountKind, AccountStatus, Owner, StatusReason};
pub use api_key::{ApiKey, ApiScope, KeyHash, LoginToken};
pub use attempt::{AttemptError, AttemptStatus, ConnectionAttempt};
pub use call::{CallKind, CallRecord};
pub use clock::{Clock, Timestamp, TimestampError};
pub use connector::{ConnectorFile, ConnectorVersion, FilesDigest};
pub use content_hash::content_hash;
pub use entropy::Entropy;
pub use error_code::{CodedError, ErrorCode};
pub use expiry::{CredentialExpiry, ExpiryCause, notice_period};
pub use failure_reason::FailureReason;
pub use field::Field;
pub use ids::{
    AccountId, ApiKeyId, AttemptId, CallId, MemberId, OrganizationId, ProfileId, ProjectId, ReplicaId, SessionId,
};
pub use inbox::{
    ClaimedInboxEvent, InboxEndpoint, InboxEvent, InboxOutcome, InboxRefusals, InboxState, NewInboxEvent,
    SealedInboxEvent, SubscriptionState,
};
pub use member::{BrowserSession, Member, PasswordHash};
pub use memory::{FREE_BYTES, LARGE_VALUES, MemoryBudget, MemorySpent, Reservation};
pub use organization::{Organization, Project};
pub use profile::{EnabledActions, Profile, ProfileAlarm};
pub use replica::{ChangeKind, LeaderFence, LiveReplica, Replica, StoredChange, Word};
pub use row_seal::{RowId, RowKind};
pub use sealed::{InvalidKeyId, KeyId, Sealed};
pub use session::ConnectSession;
pub use token::{Lease, LeaseOutcome, LeasePriority, TokenMetadata};
pub use tool_feedback::ToolFeedback;
pub use webhook::{
    AttemptOutcome, Audience, ClaimedDelivery, Delivery, DeliveryAttempt, DeliveryId, DeliveryState, DueWebhook,
    OutboxEvent, PlatformEvent, Replay, ReplayProgress, ReplayWhich, Webhook, WebhookId, WebhookSecret,
};
pub use webhook_health::WebhookHealth;
pub use whole_seconds::whole_seconds;

/// A free-form JSON object, for example the operator's metadata of a session or an account.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

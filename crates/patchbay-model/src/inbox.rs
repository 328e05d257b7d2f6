//! The inbox: events that providers send to Patchbay.
//!
//! An endpoint is an address with an unguessable token, for a profile or for the subscription of one account. What arrives there
//! with a valid signature is stored sealed, acknowledged, and handled afterwards.

use crate::{AccountId, KeyHash, ProfileId, ProjectId, Sealed, Timestamp, names::wire_enum};

/// The state of a subscription at a provider.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SubscriptionState {
    /// Patchbay creates none: a person enters the address at the provider.
    Manual,
    /// It is to be created.
    Pending,
    /// The provider has confirmed it.
    Active,
    /// The provider has refused it, and nothing is tried again unless somebody asks.
    Failed,
}

wire_enum!(SubscriptionState { Manual = "manual", Pending = "pending", Active = "active", Failed = "failed" });

/// An address at which a provider delivers events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEndpoint {
    /// Its id.
    pub id: String,
    /// The project.
    pub project_id: ProjectId,
    /// The connector profile whose events arrive here.
    pub profile_id: ProfileId,
    /// The account whose subscription it is; none if it receives events of every account of the profile.
    pub account_id: Option<AccountId>,
    /// The hash of its token.
    pub token_hash: KeyHash,
    /// Its token, and what the provider returned for the subscription, sealed.
    pub sealed: Sealed,
    /// The subscription's state.
    pub state: SubscriptionState,
    /// The number of tries since the last success.
    pub tries: u32,
    /// When the subscription is to be created or renewed; none if never.
    pub due_at: Option<Timestamp>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// Counts the changes.
    pub revision: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its token was made.
    pub token_at: Timestamp,
}

/// The state of an event in the inbox.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum InboxState {
    /// It waits to be handled, or to be handled again.
    Stored,
    /// It was handled.
    Routed,
    /// The account that it concerns is not known.
    Unattributed,
    /// Its last try has failed. Nothing happens unless somebody replays it.
    Failed,
}

impl InboxState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Stored, Self::Routed, Self::Unattributed, Self::Failed];
}

wire_enum!(InboxState { Stored = "stored", Routed = "routed", Unattributed = "unattributed", Failed = "failed" });

/// An event in the inbox, without what was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEvent {
    /// Its id: a UUID that begins with the moment, so that ids are in the order of arrival.
    pub id: String,
    /// The project.
    pub project_id: ProjectId,
    /// The endpoint at which it arrived.
    pub endpoint_id: String,
    /// The connector profile.
    pub profile_id: ProfileId,
    /// The account that it concerns, if that is known.
    pub account_id: Option<AccountId>,
    /// Its state.
    pub state: InboxState,
    /// The provider's name of the event, if the connector finds it.
    pub event_type: Option<String>,
    /// The length of the delivered body, in bytes.
    pub size_bytes: u64,
    /// When it is handled next, if it waits.
    pub due_at: Timestamp,
    /// The number of tries since it arrived or was replayed.
    pub tries: u32,
    /// The number of event actions that ran.
    pub actions: u32,
    /// Why the last try failed, or why no account is known.
    pub last_error: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it was handled, or given up.
    pub finished_at: Option<Timestamp>,
}

/// An event with what was delivered, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedInboxEvent {
    /// The event.
    pub event: InboxEvent,
    /// The body and the chosen headers.
    pub sealed: Sealed,
}

/// An event that has just arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInboxEvent {
    /// The event.
    pub event: SealedInboxEvent,
    /// The hash of what identifies it at the provider. A second one with the same hash is a repeat.
    pub dedupe: KeyHash,
}

/// An event that the caller may handle until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedInboxEvent {
    /// The event.
    pub event: SealedInboxEvent,
    /// The number of the lease. Only the holder of the newest one can record the outcome.
    pub fence: i64,
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxOutcome {
    /// The event.
    pub id: String,
    /// The number of the lease.
    pub fence: i64,
    /// Its new state.
    pub state: InboxState,
    /// The account that it concerns, if that is known.
    pub account_id: Option<AccountId>,
    /// The provider's name of the event, if the connector finds it.
    pub event_type: Option<String>,
    /// When it is handled again, if it waits.
    pub due_at: Timestamp,
    /// The number of event actions that ran.
    pub actions: u32,
    /// Why it failed, or why no account is known.
    pub error: Option<String>,
}

/// The number of requests that an endpoint refused for a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRefusals {
    /// The endpoint.
    pub endpoint_id: String,
    /// The reason.
    pub reason: String,
    /// The number of requests.
    pub count: u64,
    /// The last of them.
    pub last_at: Timestamp,
}

//! Webhooks: addresses of the operator that receive events, the events, and their deliveries.
//!
//! An event is stored once with the bytes of its body, and a delivery for each webhook that is subscribed to it. A delivery is
//! attempted until the receiver accepts it; every attempt and every replay sends the same id and the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use crate::{AccountId, ProjectId, Sealed, Timestamp, WebhookHealth, names::wire_enum};

/// The number of a webhook: random, below 2^47, which every JSON parser reads exactly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WebhookId(pub i64);

/// The number of a delivery. Storage assigns it: a later event has a higher one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeliveryId(pub i64);

impl std::fmt::Display for WebhookId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// An event of Patchbay itself, to which a webhook can be subscribed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PlatformEvent {
    /// An account was linked.
    AccountCreated,
    /// An account changed, in whatever way the API shows.
    AccountUpdated,
    /// An account was deleted.
    AccountDeleted,
    /// The provider no longer accepts the credentials of an account: a person must reconnect it.
    AccountReauthRequired,
    /// An account that was not active is active again.
    AccountReactivated,
    /// A credential of an account expires soon, unless a person reconnects it.
    AccountRelinkDue,
    /// The operator revoked an account, and the provider confirmed it.
    AccountRevoked,
    /// Deliveries to another webhook of the project have failed for a day.
    WebhookFailing,
}

impl PlatformEvent {
    /// Every event.
    pub const ALL: [Self; 8] = [
        Self::AccountCreated,
        Self::AccountUpdated,
        Self::AccountDeleted,
        Self::AccountReauthRequired,
        Self::AccountReactivated,
        Self::AccountRelinkDue,
        Self::AccountRevoked,
        Self::WebhookFailing,
    ];
}

wire_enum!(PlatformEvent {
    AccountCreated = "account.created",
    AccountUpdated = "account.updated",
    AccountDeleted = "account.deleted",
    AccountReauthRequired = "account.reauth_required",
    AccountReactivated = "account.reactivated",
    AccountRelinkDue = "account.relink_due",
    AccountRevoked = "account.revoked",
    WebhookFailing = "webhook.failing",
});

/// The sealed values of a webhook, by what they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WebhookSecret {
    /// The secret that signs.
    Current,
    /// The secret before it, which signs too until the overlap ends.
    Previous,
    /// The fixed headers, as a JSON object.
    Headers,
}

wire_enum!(WebhookSecret { Current = "current", Previous = "previous", Headers = "headers" });

/// An address of the operator that receives events.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Its number.
    pub id: WebhookId,
    /// The project whose events it receives.
    pub project_id: ProjectId,
    /// A label for people.
    pub name: Option<String>,
    /// Where deliveries are sent.
    pub url: String,
    /// What it receives: names of [`PlatformEvent`], and for events of connectors `CONNECTOR:TYPE`, `CONNECTOR:*` or `*:*`.
    pub subscriptions: BTreeSet<String>,
    /// Whether deliveries are made. Nothing is queued for a webhook that is not enabled.
    pub enabled: bool,
    /// Why Patchbay disabled it; none if a person did, or if it is enabled.
    pub disabled_reason: Option<String>,
    /// Whether deliveries are made one at a time, in the order of the events.
    pub ordered: bool,
    /// Its sealed values.
    pub secrets: BTreeMap<String, Sealed>,
    /// Until when the previous secret signs too; none if there is none.
    pub previous_until: Option<Timestamp>,
    /// What is known of its receiver. Only the deliveries change it.
    pub health: WebhookHealth,
    /// Counts the changes, except those of the health.
    pub revision: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When a person last changed it.
    pub updated_at: Timestamp,
}

/// An event to store together with what it reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Its id, which every delivery of it has. It has no dot.
    pub id: String,
    /// The project.
    pub project_id: ProjectId,
    /// Its name.
    pub event: String,
    /// The subscriptions that ask for it: a webhook with any of them gets a delivery.
    pub matches: Vec<String>,
    /// The account that it concerns.
    pub account_id: Option<AccountId>,
    /// The id of what it reports.
    pub record_id: String,
    /// The bytes that are sent.
    pub body: String,
    /// When it happened.
    pub created_at: Timestamp,
}

/// To which webhooks an event goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// The enabled webhooks that are subscribed to it.
    Subscribed,
    /// The enabled webhooks that are subscribed to it, except this one.
    Others(WebhookId),
    /// This one, whatever it is subscribed to.
    Only(WebhookId),
}

/// The state of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DeliveryState {
    /// It is to be attempted, or attempted again.
    Pending,
    /// The receiver accepted it.
    Delivered,
    /// No further attempt is made unless somebody replays it.
    Dead,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];
}

wire_enum!(DeliveryState { Pending = "pending", Delivered = "delivered", Dead = "dead" });

/// A delivery: one event for one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// The project.
    pub project_id: ProjectId,
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The event's id.
    pub event_id: String,
    /// The event's name.
    pub event: String,
    /// The account that the event concerns.
    pub account_id: Option<AccountId>,
    /// Its state.
    pub state: DeliveryState,
    /// When the next attempt is due, if it is pending.
    pub due_at: Timestamp,
    /// The number of attempts that were made.
    pub attempts: u32,
    /// The HTTP status of the last attempt; none if no response came.
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was accepted, or given up.
    pub finished_at: Option<Timestamp>,
}

/// One attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// Its number within the delivery, from 1. Replays go on counting.
    pub number: u32,
    /// When the request was sent.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_millis: u64,
    /// Where it was sent, as it may be shown: without query.
    pub url: String,
    /// The HTTP status; none if no response came.
    pub status: Option<u16>,
    /// Why it failed; none if it was accepted.
    pub error: Option<String>,
    /// The beginning of the response's body, redacted.
    pub answer: Option<String>,
}

/// A webhook with deliveries that are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueWebhook {
    /// Its number.
    pub id: WebhookId,
    /// Where deliveries are sent.
    pub url: String,
    /// Whether only one delivery may run at a time: it is ordered, or its breaker is open and this is the probe.
    pub one_at_a_time: bool,
}

/// A delivery that the caller may attempt until its lease ends.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedDelivery {
    /// Its number.
    pub id: DeliveryId,
    /// The number of the lease. Only the holder of the newest one can record the outcome.
    pub fence: i64,
    /// The event's id.
    pub event_id: String,
    /// The bytes to send.
    pub body: String,
    /// The number of attempts that were made, replays included.
    pub attempts: u32,
    /// The number of attempts since it was queued or replayed.
    pub tries: u32,
    /// The webhook, as it was when the delivery was claimed.
    pub webhook: Webhook,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptOutcome {
    /// The delivery.
    pub id: DeliveryId,
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The number of the lease.
    pub fence: i64,
    /// The attempt.
    pub attempt: DeliveryAttempt,
    /// The state that the delivery has now.
    pub state: DeliveryState,
    /// When the next attempt is due, if it is pending.
    pub due_at: Timestamp,
    /// Whether the receiver says that it is gone for good (410): its webhook is disabled.
    pub is_gone: bool,
}

/// Which deliveries are replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The id of the job.
    pub id: String,
    /// The project.
    pub project_id: ProjectId,
    /// The webhook.
    pub webhook_id: WebhookId,
    /// Deliveries that were queued at or after this moment.
    pub since: Timestamp,
    /// Deliveries that were queued before this moment.
    pub until: Option<Timestamp>,
    /// The states of the deliveries; none that is pending without a failed attempt is replayed.
    pub which: ReplayWhich,
    /// The number of deliveries at most.
    pub limit: u32,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// Which deliveries a replay takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplayWhich {
    /// Dead ones, and those that wait for their next attempt after a failure.
    Failed,
    /// Dead ones.
    Dead,
    /// Delivered ones too.
    All,
}

wire_enum!(ReplayWhich { Failed = "failed", Dead = "dead", All = "all" });

/// A replay and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayProgress {
    /// The id of the job.
    pub id: String,
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The number of deliveries that it took.
    pub total: u64,
    /// Of these, the number that were delivered again.
    pub delivered: u64,
    /// Of these, the number that were given up again.
    pub dead: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_event_parses_from_its_name() {
        for event in PlatformEvent::ALL {
            assert_eq!(event.as_str().parse::<PlatformEvent>().unwrap(), event);
            assert!(!event.as_str().contains(':'), "a colon marks the events of connectors");
        }
    }
}

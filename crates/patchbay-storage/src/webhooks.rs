//! Webhooks, the events that they receive, and their deliveries.

use async_trait::async_trait;
use patchbay_model::{
    AttemptOutcome, Audience, ClaimedDelivery, Delivery, DeliveryAttempt, DeliveryId, DeliveryState, DueWebhook,
    OutboxEvent, ProjectId, Replay, ReplayProgress, Timestamp, Webhook, WebhookId,
};

use crate::Result;

/// A filter for the deliveries of a webhook, newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only deliveries in these states; an empty list does not filter.
    pub states: Vec<DeliveryState>,
    /// Only deliveries of this event.
    pub event: Option<String>,
    /// Only deliveries whose last attempt had this HTTP status.
    pub status: Option<u16>,
    /// Only deliveries that were queued at or after this moment.
    pub since: Option<Timestamp>,
    /// Only deliveries that were queued before this moment.
    pub until: Option<Timestamp>,
    /// Only deliveries before this one: the next page.
    pub before: Option<DeliveryId>,
    /// The number of deliveries at most.
    pub limit: u32,
}

/// A delivery with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery: Delivery,
    /// The bytes that every attempt sends.
    pub body: String,
    /// The attempts, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
}

/// What waits for webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookQueue {
    /// The deliveries that are not finished.
    pub pending: u64,
    /// The deliveries that are not attempted again.
    pub dead: u64,
    /// When the oldest delivery that is not finished was queued.
    pub oldest: Option<Timestamp>,
    /// The webhooks whose circuit breaker is open.
    pub open: u64,
}

/// Stores webhooks, events and deliveries.
///
/// The methods that concern deliveries of all projects are for the task that delivers. What reports a change of an account is
/// written by the [`AccountStore`](crate::AccountStore), in the transaction of the change.
#[async_trait]
pub trait WebhookStore: Send + Sync {
    /// Adds a webhook with its secrets. Returns false if the project has `limit` webhooks already.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the id exists, if the project does not exist, or if a retired
    /// key wraps a secret.
    async fn create(&self, webhook: &Webhook, limit: u32) -> Result<bool>;
    /// Returns the project's webhook with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, project: &ProjectId, id: WebhookId) -> Result<Option<Webhook>>;
    /// Returns the project's webhooks, oldest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn list(&self, project: &ProjectId) -> Result<Vec<Webhook>>;
    /// Replaces a webhook with its secrets, except its health. One that becomes enabled begins with a new health. Returns false if
    /// the project does not have it.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the stored revision is not `read_revision`.
    async fn update(&self, webhook: &Webhook, read_revision: i64) -> Result<bool>;
    /// Deletes a webhook with its deliveries. Returns false if the project does not have it.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete(&self, project: &ProjectId, id: WebhookId) -> Result<bool>;

    /// Stores an event with a delivery for each webhook of the audience, and returns the number of new deliveries. An event that
    /// is stored already keeps its bytes, and a webhook that has a delivery of it gets no second one. An event without an audience
    /// is not stored.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn record(&self, event: &OutboxEvent, audience: Audience) -> Result<u64>;
    /// Returns enabled webhooks with deliveries that are due and that no server attempts, beginning after `after`, at most `limit`.
    /// Webhooks whose breaker is open are left out until a probe is due.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn due(&self, now: Timestamp, after: WebhookId, limit: u32) -> Result<Vec<DueWebhook>>;
    /// Claims deliveries that are due until a moment, at most the given number for each webhook: one for a webhook that is ordered,
    /// which is the first in order, and one for a webhook whose breaker is open, as a probe. No two callers claim one delivery.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn claim(
        &self,
        wanted: &[(WebhookId, u32)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>>;
    /// Records what came of attempts, with the health of their webhooks. An attempt whose lease is not the newest is left out: the
    /// delivery belongs to another server.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn complete(&self, outcomes: &[AttemptOutcome], now: Timestamp) -> Result<()>;
    /// Gives deliveries back that were claimed and not attempted.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn release(&self, claimed: &[(DeliveryId, i64)]) -> Result<()>;
    /// Gives back the deliveries of a process that ended, if only one process uses the database.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn release_all(&self) -> Result<()>;
    /// Returns the webhooks of all projects that have failed since before a moment.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn failing(&self) -> Result<Vec<Webhook>>;
    /// Counts what waits, for all projects.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn queue(&self) -> Result<WebhookQueue>;
    /// Records that the other webhooks of the project were notified that this one fails.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn set_alarmed(&self, id: WebhookId) -> Result<()>;

    /// Returns deliveries of the project's webhook, newest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn deliveries(
        &self,
        project: &ProjectId,
        webhook: WebhookId,
        filter: &DeliveryFilter,
    ) -> Result<Vec<Delivery>>;
    /// Returns a delivery of the project with its attempts.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delivery(&self, project: &ProjectId, id: DeliveryId) -> Result<Option<DeliveryRecord>>;
    /// Makes a delivery of the project due now, whatever its state. Returns false if the project does not have it.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn replay(&self, project: &ProjectId, id: DeliveryId, now: Timestamp) -> Result<bool>;
    /// Makes many deliveries due, one after the other with `spacing_micros` between them, and returns their number.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn replay_many(&self, replay: &Replay, spacing_micros: i64) -> Result<u64>;
    /// Returns how far a replay of the project is.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn replay_progress(&self, project: &ProjectId, id: &str) -> Result<Option<ReplayProgress>>;
    /// Deletes at most `limit` deliveries: those that were delivered and queued before the first moment, and others queued before the
    /// second; then events without deliveries. Returns the number of deliveries.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_old(&self, delivered_before: Timestamp, others_before: Timestamp, limit: u32) -> Result<u64>;
}

//! Deliveries to webhooks.

use patchbay_engine::{DeliveryRecord, Error, ErrorCode, ReplayRequest, ReportedEvent};
use patchbay_model::{Delivery, DeliveryAttempt, DeliveryId, DeliveryState, ReplayProgress, ReplayWhich, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::shared::JsonObject;

/// Returns the number of a delivery in a path.
///
/// # Errors
///
/// 404 `DeliveryNotFoundError` for what is not a number.
pub(crate) fn delivery_id(text: &str) -> Result<DeliveryId, Error> {
    let not_found = || {
        let shown = text.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
        Error::new(ErrorCode::DeliveryNotFound, format!("this project has no delivery `{shown}`"))
    };
    text.parse().map(DeliveryId).map_err(|_| not_found())
}

/// A delivery: one event for one webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(crate) struct DeliveryOut {
    /// Its number. A later event has a higher one.
    #[schema(minimum = 0)]
    id: i64,
    #[schema(minimum = 0)]
    webhook_id: i64,
    /// The event's id: `webhook-id` of every attempt.
    event_id: String,
    #[schema(example = "account.created")]
    event: String,
    /// The account that the event concerns.
    #[schema(required)]
    account_id: Option<String>,
    state: DeliveryStateOut,
    /// When the next attempt is due; null if there is none.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    next_attempt_at: Option<Timestamp>,
    /// The number of attempts.
    attempts: u32,
    /// The HTTP status of the last attempt; null if no response came.
    #[schema(required)]
    last_status: Option<u16>,
    /// Why the last attempt failed.
    #[schema(required)]
    last_error: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was delivered, or given up.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    finished_at: Option<Timestamp>,
}

/// `pending` until the receiver accepts it; `delivered`; `dead` after the last attempt has failed.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookDeliveryState)]
pub(crate) enum DeliveryStateOut {
    Pending,
    Delivered,
    Dead,
}

impl From<DeliveryState> for DeliveryStateOut {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Dead => Self::Dead,
        }
    }
}

impl DeliveryOut {
    pub(crate) fn new(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.0,
            webhook_id: delivery.webhook_id.0,
            event_id: delivery.event_id.clone(),
            event: delivery.event.clone(),
            account_id: delivery.account_id.clone().map(String::from),
            state: delivery.state.into(),
            next_attempt_at: (delivery.state == DeliveryState::Pending).then_some(delivery.due_at),
            attempts: delivery.attempts,
            last_status: delivery.last_status,
            last_error: delivery.last_error.clone(),
            created_at: delivery.created_at,
            finished_at: delivery.finished_at,
        }
    }
}

/// Deliveries of a webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDeliveryList)]
pub(crate) struct DeliveryListOut {
    data: Vec<DeliveryOut>,
    /// The cursor of the next page; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

impl DeliveryListOut {
    pub(crate) fn new(deliveries: &[Delivery], has_more: bool) -> Self {
        let next = deliveries.last().filter(|_| has_more).map(|last| last.id.to_string());
        Self { data: deliveries.iter().map(DeliveryOut::new).collect(), next }
    }
}

/// A delivery with what was sent and what came back.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDeliveryDetails)]
pub(crate) struct DeliveryDetailsOut {
    #[serde(flatten)]
    delivery: DeliveryOut,
    /// The body of every attempt. The bytes that are sent are those of `body_text`.
    #[schema(value_type = JsonObject)]
    body: Box<RawValue>,
    /// The body as the bytes that are sent and signed.
    body_text: String,
    attempt_list: Vec<DeliveryAttemptOut>,
}

/// An attempt of a delivery.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDeliveryAttempt)]
pub(crate) struct DeliveryAttemptOut {
    /// Its number, from 1. Replays go on counting.
    number: u32,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    duration_ms: u64,
    request: AttemptRequestOut,
    /// What came back; null if no response came.
    #[schema(required)]
    response: Option<AttemptResponseOut>,
    /// Why it failed; null if it was accepted.
    #[schema(required)]
    error: Option<String>,
}

/// The request of an attempt, without the signatures and your own headers.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttemptRequest)]
pub(crate) struct AttemptRequestOut {
    #[schema(example = "POST")]
    method: &'static str,
    /// Where it was sent, without the query.
    url: String,
    headers: AttemptHeadersOut,
}

/// Headers of an attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttemptHeaders)]
pub(crate) struct AttemptHeadersOut {
    #[serde(rename = "webhook-id")]
    id: String,
    #[serde(rename = "webhook-timestamp")]
    timestamp: String,
}

/// The response to an attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttemptResponse)]
pub(crate) struct AttemptResponseOut {
    /// The HTTP status.
    status: u16,
    /// The beginning of the body, at most 4 KiB, without secrets.
    #[schema(required)]
    body: Option<String>,
}

impl DeliveryAttemptOut {
    fn new(attempt: &DeliveryAttempt, event_id: &str) -> Self {
        let headers =
            AttemptHeadersOut { id: event_id.to_owned(), timestamp: attempt.started_at.as_seconds().to_string() };
        Self {
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: attempt.duration_millis,
            request: AttemptRequestOut { method: "POST", url: attempt.url.clone(), headers },
            response: attempt.status.map(|status| AttemptResponseOut { status, body: attempt.answer.clone() }),
            error: attempt.error.clone(),
        }
    }
}

impl DeliveryDetailsOut {
    pub(crate) fn new(record: DeliveryRecord) -> Self {
        let DeliveryRecord { delivery, body, attempts } = record;
        Self {
            attempt_list: attempts.iter().map(|one| DeliveryAttemptOut::new(one, &delivery.event_id)).collect(),
            delivery: DeliveryOut::new(&delivery),
            body: RawValue::from_string(body.clone()).unwrap_or_default(),
            body_text: body,
        }
    }
}

/// Which deliveries to send again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayDeliveries {
    /// Deliveries of events that were queued at or after this moment.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Deliveries of events that were queued before this moment.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    until: Option<Timestamp>,
    /// `dead` ones; `failed` ones, which are the dead and those that wait after a failure; or `all`, also the delivered ones.
    #[serde(default)]
    state: ReplayStateIn,
    /// The number of deliveries at most.
    #[serde(default = "max_replayed")]
    #[schema(minimum = 1, maximum = 10_000, default = 10_000)]
    limit: u32,
}

const fn max_replayed() -> u32 {
    10_000
}

/// The states of the deliveries of a replay.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookReplayState)]
pub(crate) enum ReplayStateIn {
    #[default]
    Failed,
    Dead,
    All,
}

impl From<ReplayDeliveries> for ReplayRequest {
    fn from(body: ReplayDeliveries) -> Self {
        let which = match body.state {
            ReplayStateIn::Failed => ReplayWhich::Failed,
            ReplayStateIn::Dead => ReplayWhich::Dead,
            ReplayStateIn::All => ReplayWhich::All,
        };
        Self { since: body.since, until: body.until, which, limit: body.limit }
    }
}

/// A replay and how far it is.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookReplay)]
pub(crate) struct ReplayOut {
    id: String,
    #[schema(minimum = 0)]
    webhook_id: i64,
    state: ReplayJobState,
    /// The number of deliveries that it took.
    total: u64,
    /// Of these, the number that were delivered again.
    delivered: u64,
    /// Of these, the number that were given up again.
    dead: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// `running` until each delivery was delivered or given up.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookReplayJobState)]
pub(crate) enum ReplayJobState {
    Running,
    Done,
}

impl From<ReplayProgress> for ReplayOut {
    fn from(progress: ReplayProgress) -> Self {
        let ReplayProgress { id, webhook_id, total, delivered, dead, created_at } = progress;
        let state = if delivered + dead < total { ReplayJobState::Running } else { ReplayJobState::Done };
        Self { id, webhook_id: webhook_id.0, state, total, delivered, dead, created_at }
    }
}

/// An event that your software reports.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReportedEvent)]
pub(crate) struct ReportedEventIn {
    /// Its name, for example `hris_employees.updated`.
    #[schema(max_length = 200, example = "hris_employees.updated")]
    event: String,
    /// The id of the record that it concerns; the account's id for an event of the account.
    #[schema(min_length = 1, max_length = 512)]
    record_id: String,
}

impl From<ReportedEventIn> for ReportedEvent {
    fn from(body: ReportedEventIn) -> Self {
        Self { event: body.event, record_id: body.record_id }
    }
}

/// What became of a reported event.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportedEventOutcome)]
pub(crate) struct ReportedEventOut {
    event: String,
    record_id: String,
    /// 202 if it is queued, 400 if it is not valid.
    #[schema(example = 202)]
    status: u16,
    message: String,
}

impl ReportedEventOut {
    pub(crate) fn new(event: ReportedEventIn, outcome: Result<(), String>) -> Self {
        let (status, message) = match outcome {
            Ok(()) => (202, "queued".to_owned()),
            Err(why) => (400, why),
        };
        Self { event: event.event, record_id: event.record_id, status, message }
    }
}

//! Webhooks, deliveries and attempts.

use std::collections::BTreeMap;

use patchbay_model::{
    AccountId, Delivery, DeliveryAttempt, DeliveryId, DueWebhook, ProjectId, ReplayProgress, Sealed, Timestamp,
    Webhook, WebhookId,
};

use super::{Columns, Row};
use crate::Result;

/// Selects webhooks (`w`) with their health (`h`). SQLite's driver reads `$1` as PostgreSQL does.
macro_rules! select_webhooks {
    ($rest:literal) => {
        concat!(
            "SELECT w.id, w.project_id, w.name, w.url, w.subscriptions, w.enabled, w.disabled_reason, w.ordered, \
             w.previous_until, w.revision, w.created_at, w.updated_at, h.open_until, h.state AS health \
             FROM webhooks w JOIN webhook_health h ON h.webhook_id = w.id ",
            $rest
        )
    };
}
pub(crate) use select_webhooks;

/// Selects deliveries (`d`) with their events (`e`).
macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.project_id, d.webhook_id, d.event_id, e.event, e.account_id, d.state, d.due_at, d.attempts, d.tries, \
             d.lease_fence, d.last_status, d.last_error, d.created_at, d.finished_at, e.body \
             FROM webhook_deliveries d JOIN webhook_events e ON e.project_id = d.project_id AND e.id = d.event_id ",
            $rest
        )
    };
}
pub(crate) use select_deliveries;

/// Inserts a webhook.
pub(crate) const INSERT_WEBHOOK: &str = "INSERT INTO webhooks (id, project_id, name, url, subscriptions, enabled, disabled_reason, \
     ordered, previous_until, revision, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
/// Replaces what a person can change of a webhook.
pub(crate) const UPDATE_WEBHOOK: &str = "UPDATE webhooks SET name = $1, url = $2, subscriptions = $3, enabled = $4, \
     disabled_reason = $5, ordered = $6, previous_until = $7, revision = $8, updated_at = $9 WHERE project_id = $10 AND id = $11";
/// Stores an event once.
pub(crate) const INSERT_EVENT: &str = "INSERT INTO webhook_events (project_id, id, event, account_id, record_id, body, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (project_id, id) DO NOTHING";
/// Stores an attempt.
pub(crate) const INSERT_ATTEMPT: &str = "INSERT INTO webhook_attempts (delivery_id, number, started_at, duration_millis, url, status, \
     error, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (delivery_id, number) DO NOTHING";
/// Records the outcome of an attempt, by the holder of the newest lease.
pub(crate) const COMPLETE_DELIVERY: &str = "UPDATE webhook_deliveries SET state = $1, due_at = $2, attempts = $3, tries = tries + 1, \
     lease_until = 0, last_status = $4, last_error = $5, finished_at = $6 WHERE id = $7 AND lease_fence = $8 AND state = 'pending'";
/// Makes a delivery due now.
pub(crate) const REPLAY_DELIVERY: &str = "UPDATE webhook_deliveries SET state = 'pending', due_at = $1, tries = 0, finished_at = NULL \
     WHERE project_id = $2 AND id = $3";
/// Makes many deliveries due, one after the other: dead ones, those that wait after a failure (`$8`), delivered ones (`$9`).
pub(crate) const REPLAY_DELIVERIES: &str = "UPDATE webhook_deliveries SET state = 'pending', due_at = $1 + t.place * $2, tries = 0, \
     finished_at = NULL, replay_id = $3 FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM webhook_deliveries \
     WHERE project_id = $4 AND webhook_id = $5 AND created_at >= $6 AND created_at < $7 AND lease_until <= $1 \
     AND (state = 'dead' OR ($8 AND state = 'pending' AND attempts > 0) OR ($9 AND state = 'delivered')) \
     ORDER BY id LIMIT $10) t WHERE webhook_deliveries.id = t.id";
/// Selects a replay and how far it is.
pub(crate) const SELECT_REPLAY: &str = "SELECT r.id, r.webhook_id, r.total, r.created_at, \
     (SELECT count(*) FROM webhook_deliveries d WHERE d.replay_id = r.id AND d.state = 'delivered') AS delivered, \
     (SELECT count(*) FROM webhook_deliveries d WHERE d.replay_id = r.id AND d.state = 'dead') AS dead \
     FROM webhook_replays r WHERE r.project_id = $1 AND r.id = $2";
/// Selects enabled webhooks with deliveries that are due.
pub(crate) const SELECT_DUE: &str = select_webhooks!(
    "WHERE w.enabled AND (h.open_until IS NULL OR h.open_until <= $1) AND EXISTS (SELECT 1 FROM webhook_deliveries d \
     WHERE d.webhook_id = w.id AND d.state = 'pending' AND d.due_at <= $1 AND d.lease_until <= $1) \
     ORDER BY (w.id <= $2), w.id LIMIT $3"
);

fn count<C: Columns>(row: &Row<'_, C>, column: &str) -> Result<u32> {
    u32::try_from(row.get::<i64>(column)?).map_err(|error| row.wrong(column, error))
}

fn status<C: Columns>(row: &Row<'_, C>, column: &str) -> Result<Option<u16>> {
    let found: Option<i64> = row.get(column)?;
    found.map(u16::try_from).transpose().map_err(|error| row.wrong(column, error))
}

/// Returns a webhook with these secrets. The row has the column `health`.
pub(crate) fn webhook<C: Columns>(row: &C, secrets: BTreeMap<String, Sealed>) -> Result<Webhook> {
    let row = Row::without_id("webhooks", row);
    Ok(Webhook {
        id: WebhookId(row.get("id")?),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        name: row.get("name")?,
        url: row.get("url")?,
        subscriptions: row.json("subscriptions")?,
        enabled: row.get("enabled")?,
        disabled_reason: row.get("disabled_reason")?,
        ordered: row.get("ordered")?,
        secrets,
        previous_until: row.get::<Option<i64>>("previous_until")?.map(Timestamp::from_micros),
        health: row.json("health")?,
        revision: row.get("revision")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Returns a webhook with deliveries that are due.
pub(crate) fn due_webhook<C: Columns>(row: &C) -> Result<DueWebhook> {
    let row = Row::without_id("webhooks", row);
    Ok(DueWebhook {
        id: WebhookId(row.get("id")?),
        url: row.get("url")?,
        one_at_a_time: row.get::<bool>("ordered")? || row.get::<Option<i64>>("open_until")?.is_some(),
    })
}

/// Returns a delivery. The row has the columns of its event.
pub(crate) fn delivery<C: Columns>(row: &C) -> Result<Delivery> {
    let row = Row::without_id("webhook_deliveries", row);
    Ok(Delivery {
        id: DeliveryId(row.get("id")?),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        webhook_id: WebhookId(row.get("webhook_id")?),
        event_id: row.get("event_id")?,
        event: row.get("event")?,
        account_id: row.get::<Option<String>>("account_id")?.map(AccountId::new),
        state: row.parse("state")?,
        due_at: row.time("due_at")?,
        attempts: count(&row, "attempts")?,
        last_status: status(&row, "last_status")?,
        last_error: row.get("last_error")?,
        created_at: row.time("created_at")?,
        finished_at: row.get::<Option<i64>>("finished_at")?.map(Timestamp::from_micros),
    })
}

/// Returns an attempt.
pub(crate) fn delivery_attempt<C: Columns>(row: &C) -> Result<DeliveryAttempt> {
    let row = Row::without_id("webhook_attempts", row);
    Ok(DeliveryAttempt {
        number: count(&row, "number")?,
        started_at: row.time("started_at")?,
        duration_millis: row.get::<i64>("duration_millis")?.unsigned_abs(),
        url: row.get("url")?,
        status: status(&row, "status")?,
        error: row.get("error")?,
        answer: row.get("answer")?,
    })
}

/// A delivery that was claimed, without its webhook.
pub(crate) struct Claimed {
    pub(crate) id: DeliveryId,
    pub(crate) fence: i64,
    pub(crate) event_id: String,
    pub(crate) body: String,
    pub(crate) attempts: u32,
    pub(crate) tries: u32,
}

/// Returns a delivery that was claimed.
pub(crate) fn claimed<C: Columns>(row: &C) -> Result<Claimed> {
    let row = Row::without_id("webhook_deliveries", row);
    Ok(Claimed {
        id: DeliveryId(row.get("id")?),
        fence: row.get("lease_fence")?,
        event_id: row.get("event_id")?,
        body: row.get("body")?,
        attempts: count(&row, "attempts")?,
        tries: count(&row, "tries")?,
    })
}

/// Returns how far a replay is.
pub(crate) fn replay_progress<C: Columns>(row: &C) -> Result<ReplayProgress> {
    let row = Row::without_id("webhook_replays", row);
    Ok(ReplayProgress {
        id: row.get("id")?,
        webhook_id: WebhookId(row.get("webhook_id")?),
        total: row.get::<i64>("total")?.unsigned_abs(),
        delivered: row.get::<i64>("delivered")?.unsigned_abs(),
        dead: row.get::<i64>("dead")?.unsigned_abs(),
        created_at: row.time("created_at")?,
    })
}

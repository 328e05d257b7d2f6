//! Webhooks, the events that they receive, and their deliveries.
//!
//! Servers claim deliveries past each other (`SKIP LOCKED`). Of a webhook that has one delivery at a time, who claims locks the row
//! of its health first.

use std::collections::BTreeMap;

use async_trait::async_trait;
use patchbay_model::{
    AccountId, AttemptOutcome, Audience, ClaimedDelivery, Delivery, DeliveryId, DueWebhook, OutboxEvent, ProjectId,
    Replay, ReplayProgress, ReplayWhich, Sealed, Timestamp, Webhook, WebhookHealth, WebhookId,
};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow};

use super::{
    PostgresStorage,
    error::{Failure, Outcome},
    locks::lock,
};
use crate::{
    DeliveryFilter, DeliveryRecord, Result, StorageError, WebhookQueue, WebhookStore,
    rows::{
        Row, to_json,
        webhooks::{
            COMPLETE_DELIVERY, Claimed, INSERT_ATTEMPT, INSERT_WEBHOOK, REPLAY_DELIVERIES, REPLAY_DELIVERY, SELECT_DUE,
            SELECT_REPLAY, UPDATE_WEBHOOK, claimed, delivery, delivery_attempt, due_webhook, replay_progress,
            select_deliveries, select_webhooks, webhook,
        },
    },
};

/// Replaces the sealed values of a webhook. The caller has locked its row.
async fn replace_secrets(connection: &mut PgConnection, of: &Webhook) -> Outcome<()> {
    sqlx::query("DELETE FROM webhook_secrets WHERE webhook_id = $1").bind(of.id.0).execute(&mut *connection).await?;
    sqlx::query(
        "INSERT INTO webhook_secrets (webhook_id, field, sealed) \
         SELECT $1, s.field, s.sealed FROM UNNEST($2::text[], $3::bytea[]) AS s (field, sealed)",
    )
    .bind(of.id.0)
    .bind(of.secrets.keys().map(String::as_str).collect::<Vec<_>>())
    .bind(of.secrets.values().map(Sealed::as_bytes).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Converts rows to webhooks and reads their secrets.
async fn complete(connection: &mut PgConnection, rows: &[PgRow]) -> Outcome<Vec<Webhook>> {
    let mut webhooks = rows.iter().map(|row| webhook(row, BTreeMap::new())).collect::<Result<Vec<_>>>()?;
    let ids = webhooks.iter().map(|webhook| webhook.id.0).collect::<Vec<_>>();
    let found = sqlx::query("SELECT webhook_id, field, sealed FROM webhook_secrets WHERE webhook_id = ANY($1)");
    for row in found.bind(ids).fetch_all(connection).await? {
        let row = Row::without_id("webhook_secrets", &row);
        let (id, field, sealed): (i64, String, Vec<u8>) =
            (row.get("webhook_id")?, row.get("field")?, row.get("sealed")?);
        if let Some(webhook) = webhooks.iter_mut().find(|webhook| webhook.id.0 == id) {
            webhook.secrets.insert(field, Sealed::from_bytes(sealed));
        }
    }
    Ok(webhooks)
}

async fn find(connection: &mut PgConnection, id: WebhookId) -> Outcome<Option<Webhook>> {
    let rows = sqlx::query(select_webhooks!("WHERE w.id = $1")).bind(id.0).fetch_all(&mut *connection).await?;
    Ok(complete(connection, &rows).await?.pop())
}

async fn put_health(connection: &mut PgConnection, id: WebhookId, health: &WebhookHealth) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO webhook_health (webhook_id, open_until, state) VALUES ($1, $2, $3) \
         ON CONFLICT (webhook_id) DO UPDATE SET open_until = excluded.open_until, state = excluded.state",
    )
    .bind(id.0)
    .bind(health.open_until().map(Timestamp::as_micros))
    .bind(to_json(health)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Locks the health of a webhook until the transaction ends, and returns it.
async fn lock_health(connection: &mut PgConnection, id: WebhookId) -> Outcome<Option<WebhookHealth>> {
    let row = sqlx::query("SELECT state FROM webhook_health WHERE webhook_id = $1 FOR UPDATE").bind(id.0);
    let row = row.fetch_optional(connection).await?;
    Ok(row.map(|row| Row::without_id("webhook_health", &row).json("state")).transpose()?)
}

async fn create(connection: &mut PgConnection, new: &Webhook, limit: u32) -> Outcome<bool> {
    lock(connection, &("webhooks", &new.project_id)).await?;
    let held: i64 = sqlx::query_scalar("SELECT count(*) FROM webhooks WHERE project_id = $1")
        .bind(new.project_id.as_str())
        .fetch_one(&mut *connection)
        .await?;
    if held >= i64::from(limit) {
        return Ok(false);
    }
    sqlx::query(INSERT_WEBHOOK)
        .bind(new.id.0)
        .bind(new.project_id.as_str())
        .bind(&new.name)
        .bind(&new.url)
        .bind(to_json(&new.subscriptions)?)
        .bind(new.enabled)
        .bind(&new.disabled_reason)
        .bind(new.ordered)
        .bind(new.previous_until.map(Timestamp::as_micros))
        .bind(new.revision)
        .bind(new.created_at.as_micros())
        .bind(new.updated_at.as_micros())
        .execute(&mut *connection)
        .await?;
    replace_secrets(connection, new).await?;
    put_health(connection, new.id, &new.health).await?;
    Ok(true)
}

async fn update(connection: &mut PgConnection, changed: &Webhook, read_revision: i64) -> Outcome<bool> {
    let stored: Option<(i64, bool)> =
        sqlx::query_as("SELECT revision, enabled FROM webhooks WHERE project_id = $1 AND id = $2 FOR UPDATE")
            .bind(changed.project_id.as_str())
            .bind(changed.id.0)
            .fetch_optional(&mut *connection)
            .await?;
    let Some((revision, was_enabled)) = stored else { return Ok(false) };
    if revision != read_revision {
        return Err(Failure::Storage(StorageError::Conflict("another request changed the webhook; read it again")));
    }
    sqlx::query(UPDATE_WEBHOOK)
        .bind(&changed.name)
        .bind(&changed.url)
        .bind(to_json(&changed.subscriptions)?)
        .bind(changed.enabled)
        .bind(&changed.disabled_reason)
        .bind(changed.ordered)
        .bind(changed.previous_until.map(Timestamp::as_micros))
        .bind(changed.revision)
        .bind(changed.updated_at.as_micros())
        .bind(changed.project_id.as_str())
        .bind(changed.id.0)
        .execute(&mut *connection)
        .await?;
    replace_secrets(connection, changed).await?;
    if changed.enabled && !was_enabled {
        put_health(connection, changed.id, &WebhookHealth::default()).await?;
    }
    Ok(true)
}

/// Stores an event with its deliveries: see [`WebhookStore::record`]. One statement: a project without webhooks pays one round trip.
/// The webhooks are locked, so that one that is deleted meanwhile does not fail the change that the event reports.
pub(super) async fn record(connection: &mut PgConnection, event: &OutboxEvent, audience: Audience) -> Outcome<u64> {
    let (except, only) = match audience {
        Audience::Subscribed => (None, None),
        Audience::Others(id) => (Some(id.0), None),
        Audience::Only(id) => (None, Some(id.0)),
    };
    let done = sqlx::query(
        "WITH audience AS (SELECT w.id FROM webhooks w WHERE w.project_id = $1 AND w.enabled \
         AND ($8::bigint IS NULL OR w.id <> $8) AND (w.id = $9 OR ($9::bigint IS NULL AND w.subscriptions::jsonb ?| $10)) \
         ORDER BY w.id FOR KEY SHARE), \
         stored AS (INSERT INTO webhook_events (project_id, id, event, account_id, record_id, body, created_at) \
         SELECT $1, $2, $3, $4, $5, $6, $7 WHERE EXISTS (SELECT 1 FROM audience) \
         ON CONFLICT (project_id, id) DO NOTHING) \
         INSERT INTO webhook_deliveries (project_id, webhook_id, event_id, state, due_at, attempts, tries, lease_until, \
         lease_fence, created_at) SELECT $1, a.id, $2, 'pending', $7, 0, 0, 0, 0, $7 FROM audience a \
         ON CONFLICT (webhook_id, event_id) DO NOTHING",
    )
    .bind(event.project_id.as_str())
    .bind(&event.id)
    .bind(&event.event)
    .bind(event.account_id.as_ref().map(AccountId::as_str))
    .bind(&event.record_id)
    .bind(&event.body)
    .bind(event.created_at.as_micros())
    .bind(except)
    .bind(only)
    .bind(&event.matches)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Stores what a change of an account reports, in its transaction.
pub(super) async fn record_all(connection: &mut PgConnection, events: &[OutboxEvent]) -> Outcome<()> {
    for event in events {
        record(connection, event, Audience::Subscribed).await?;
    }
    Ok(())
}

/// Locks deliveries of one webhook to claim. Those that another server has locked are passed over.
async fn claimable(connection: &mut PgConnection, webhook: &Webhook, limit: u32, now: Timestamp) -> Outcome<Vec<i64>> {
    let query = if webhook.ordered {
        sqlx::query_scalar(
            "SELECT id FROM (SELECT id, due_at, lease_until FROM webhook_deliveries WHERE webhook_id = $1 \
             AND state = 'pending' ORDER BY id LIMIT 1) first WHERE due_at <= $2 AND lease_until <= $2 LIMIT $3",
        )
    } else {
        sqlx::query_scalar(
            "SELECT id FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'pending' AND due_at <= $2 \
             AND lease_until <= $2 ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED",
        )
    };
    Ok(query.bind(webhook.id.0).bind(now.as_micros()).bind(i64::from(limit)).fetch_all(connection).await?)
}

async fn claim_of(
    connection: &mut PgConnection,
    id: WebhookId,
    limit: u32,
    now: Timestamp,
    until: Timestamp,
) -> Outcome<Vec<ClaimedDelivery>> {
    let Some(mut webhook) = find(connection, id).await? else { return Ok(Vec::new()) };
    if webhook.ordered || webhook.health.open_until().is_some() {
        // One server at a time. What was read before the lock may be old.
        let locked =
            sqlx::query("SELECT 1 FROM webhook_health WHERE webhook_id = $1 FOR UPDATE SKIP LOCKED").bind(id.0);
        if locked.fetch_optional(&mut *connection).await?.is_none() {
            return Ok(Vec::new());
        }
        let Some(again) = find(connection, id).await? else { return Ok(Vec::new()) };
        webhook = again;
    }
    let open_until = webhook.health.open_until();
    if !webhook.enabled || open_until.is_some_and(|open_until| open_until > now) {
        return Ok(Vec::new());
    }
    let limit = if open_until.is_some() { limit.min(1) } else { limit };
    let ids = claimable(connection, &webhook, limit, now).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if open_until.is_some() {
        webhook.health.probe_until(until);
        put_health(connection, id, &webhook.health).await?;
    }
    sqlx::query("UPDATE webhook_deliveries SET lease_until = $1, lease_fence = lease_fence + 1 WHERE id = ANY($2)")
        .bind(until.as_micros())
        .bind(&ids)
        .execute(&mut *connection)
        .await?;
    let rows = sqlx::query(select_deliveries!("WHERE d.id = ANY($1) ORDER BY d.id"))
        .bind(&ids)
        .fetch_all(&mut *connection)
        .await?;
    Ok(rows.iter().map(|row| Ok(with_webhook(claimed(row)?, &webhook))).collect::<Result<_>>()?)
}

/// Returns a claimed delivery with its webhook.
fn with_webhook(claimed: Claimed, webhook: &Webhook) -> ClaimedDelivery {
    let Claimed { id, fence, event_id, body, attempts, tries } = claimed;
    ClaimedDelivery { id, fence, event_id, body, attempts, tries, webhook: webhook.clone() }
}

/// Stores an attempt with the state of its delivery. Returns false if another server has the delivery.
async fn store_attempt(connection: &mut PgConnection, outcome: &AttemptOutcome, now: Timestamp) -> Outcome<bool> {
    let attempt = &outcome.attempt;
    let is_pending = outcome.state == patchbay_model::DeliveryState::Pending;
    let done = sqlx::query(COMPLETE_DELIVERY)
        .bind(outcome.state.as_str())
        .bind(outcome.due_at.as_micros())
        .bind(i64::from(attempt.number))
        .bind(attempt.status.map(i64::from))
        .bind(&attempt.error)
        .bind((!is_pending).then(|| now.as_micros()))
        .bind(outcome.id.0)
        .bind(outcome.fence)
        .execute(&mut *connection)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(INSERT_ATTEMPT)
        .bind(outcome.id.0)
        .bind(i64::from(attempt.number))
        .bind(attempt.started_at.as_micros())
        .bind(i64::try_from(attempt.duration_millis).unwrap_or(i64::MAX))
        .bind(&attempt.url)
        .bind(attempt.status.map(i64::from))
        .bind(&attempt.error)
        .bind(&attempt.answer)
        .execute(connection)
        .await?;
    Ok(true)
}

/// The deliveries are changed in the order of their numbers, then the health of webhooks in theirs: two servers do not wait for each
/// other.
async fn complete_all(connection: &mut PgConnection, outcomes: &[AttemptOutcome], now: Timestamp) -> Outcome<()> {
    let mut in_order = outcomes.iter().collect::<Vec<_>>();
    in_order.sort_by_key(|outcome| outcome.id);
    let mut by_webhook: BTreeMap<WebhookId, Vec<&AttemptOutcome>> = BTreeMap::new();
    for outcome in in_order {
        if store_attempt(connection, outcome, now).await? {
            by_webhook.entry(outcome.webhook_id).or_default().push(outcome);
        }
    }
    for (id, outcomes) in by_webhook {
        let Some(mut health) = lock_health(connection, id).await? else { continue };
        for AttemptOutcome { attempt, .. } in &outcomes {
            health.record(attempt.error.as_deref().map_or(Ok(()), Err), attempt.started_at, now);
        }
        put_health(connection, id, &health).await?;
        if let Some(gone) = outcomes.iter().find(|outcome| outcome.is_gone) {
            sqlx::query(
                "UPDATE webhooks SET enabled = false, disabled_reason = $1, revision = revision + 1 WHERE id = $2",
            )
            .bind(&gone.attempt.error)
            .bind(id.0)
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &DeliveryFilter) {
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(|state| state.as_str()).collect::<Vec<_>>();
        query.push(" AND d.state = ANY(").push_bind(states).push(")");
    }
    if let Some(event) = &filter.event {
        query.push(" AND e.event = ").push_bind(event.clone());
    }
    if let Some(status) = filter.status {
        query.push(" AND d.last_status = ").push_bind(i64::from(status));
    }
    if let Some(since) = filter.since {
        query.push(" AND d.created_at >= ").push_bind(since.as_micros());
    }
    if let Some(until) = filter.until {
        query.push(" AND d.created_at < ").push_bind(until.as_micros());
    }
    if let Some(before) = filter.before {
        query.push(" AND d.id < ").push_bind(before.0);
    }
    query.push(" ORDER BY d.id DESC LIMIT ").push_bind(i64::from(filter.limit));
}

async fn list_deliveries(
    connection: &mut PgConnection,
    project: &ProjectId,
    webhook: WebhookId,
    filter: &DeliveryFilter,
) -> Outcome<Vec<Delivery>> {
    let mut query = QueryBuilder::new(select_deliveries!("WHERE d.project_id = "));
    query.push_bind(project.as_str().to_owned()).push(" AND d.webhook_id = ").push_bind(webhook.0);
    push_filter(&mut query, filter);
    Ok(query.build().fetch_all(connection).await?.iter().map(delivery).collect::<Result<_>>()?)
}

async fn find_delivery(
    connection: &mut PgConnection,
    project: &ProjectId,
    id: DeliveryId,
) -> Outcome<Option<DeliveryRecord>> {
    let row = sqlx::query(select_deliveries!("WHERE d.project_id = $1 AND d.id = $2"))
        .bind(project.as_str())
        .bind(id.0)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let attempts = sqlx::query(
        "SELECT number, started_at, duration_millis, url, status, error, answer FROM webhook_attempts \
         WHERE delivery_id = $1 ORDER BY number",
    );
    let attempts = attempts.bind(id.0).fetch_all(connection).await?;
    Ok(Some(DeliveryRecord {
        delivery: delivery(&row)?,
        body: row.try_get("body")?,
        attempts: attempts.iter().map(delivery_attempt).collect::<Result<_>>()?,
    }))
}

async fn replay_many(connection: &mut PgConnection, replay: &Replay, spacing_micros: i64) -> Outcome<u64> {
    let done = sqlx::query(REPLAY_DELIVERIES)
        .bind(replay.created_at.as_micros())
        .bind(spacing_micros)
        .bind(&replay.id)
        .bind(replay.project_id.as_str())
        .bind(replay.webhook_id.0)
        .bind(replay.since.as_micros())
        .bind(replay.until.map_or(i64::MAX, Timestamp::as_micros))
        .bind(replay.which != ReplayWhich::Dead)
        .bind(replay.which == ReplayWhich::All)
        .bind(i64::from(replay.limit))
        .execute(&mut *connection)
        .await?;
    let total = done.rows_affected();
    sqlx::query(
        "INSERT INTO webhook_replays (id, project_id, webhook_id, total, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&replay.id)
    .bind(replay.project_id.as_str())
    .bind(replay.webhook_id.0)
    .bind(i64::try_from(total).unwrap_or(i64::MAX))
    .bind(replay.created_at.as_micros())
    .execute(connection)
    .await?;
    Ok(total)
}

async fn delete_old(
    connection: &mut PgConnection,
    delivered_before: Timestamp,
    others_before: Timestamp,
    limit: u32,
) -> Outcome<u64> {
    let done = sqlx::query(
        "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE \
         (state = 'delivered' AND created_at < $1) OR (state IN ('dead', 'pending') AND created_at < $2) LIMIT $3)",
    )
    .bind(delivered_before.as_micros())
    .bind(others_before.as_micros())
    .bind(i64::from(limit))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM webhook_events WHERE (project_id, id) IN (SELECT e.project_id, e.id FROM webhook_events e \
         WHERE e.created_at < $1 AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d \
         WHERE d.project_id = e.project_id AND d.event_id = e.id) ORDER BY e.created_at LIMIT $2)",
    )
    .bind(delivered_before.as_micros())
    .bind(i64::from(limit))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

#[async_trait]
impl WebhookStore for PostgresStorage {
    async fn create(&self, webhook: &Webhook, limit: u32) -> Result<bool> {
        self.write((webhook.clone(), limit), |connection, (new, limit)| Box::pin(create(connection, new, *limit))).await
    }

    async fn get(&self, project: &ProjectId, id: WebhookId) -> Result<Option<Webhook>> {
        self.snapshot((project.clone(), id), |connection, (project, id)| {
            Box::pin(async move { Ok(find(connection, *id).await?.filter(|webhook| webhook.project_id == *project)) })
        })
        .await
    }

    async fn list(&self, project: &ProjectId) -> Result<Vec<Webhook>> {
        self.snapshot(project.clone(), |connection, project| {
            Box::pin(async move {
                let rows = sqlx::query(select_webhooks!("WHERE w.project_id = $1 ORDER BY w.created_at, w.id"))
                    .bind(project.as_str())
                    .fetch_all(&mut *connection)
                    .await?;
                complete(connection, &rows).await
            })
        })
        .await
    }

    async fn update(&self, webhook: &Webhook, read_revision: i64) -> Result<bool> {
        self.write((webhook.clone(), read_revision), |connection, (changed, revision)| {
            Box::pin(update(connection, changed, *revision))
        })
        .await
    }

    async fn delete(&self, project: &ProjectId, id: WebhookId) -> Result<bool> {
        self.write((project.clone(), id), |connection, (project, id)| {
            Box::pin(async move {
                // The foreign keys delete what belongs to it.
                let done = sqlx::query("DELETE FROM webhooks WHERE project_id = $1 AND id = $2")
                    .bind(project.as_str())
                    .bind(id.0)
                    .execute(connection)
                    .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }

    async fn record(&self, event: &OutboxEvent, audience: Audience) -> Result<u64> {
        self.write((event.clone(), audience), |connection, (event, audience)| {
            Box::pin(record(connection, event, *audience))
        })
        .await
    }

    async fn due(&self, now: Timestamp, after: WebhookId, limit: u32) -> Result<Vec<DueWebhook>> {
        self.read((now, after, limit), |connection, (now, after, limit)| {
            Box::pin(async move {
                let query = sqlx::query(SELECT_DUE).bind(now.as_micros()).bind(after.0).bind(i64::from(*limit));
                Ok(query.fetch_all(connection).await?.iter().map(due_webhook).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn claim(
        &self,
        wanted: &[(WebhookId, u32)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>> {
        self.write((wanted.to_vec(), now, until), |connection, (wanted, now, until)| {
            Box::pin(async move {
                let mut all = Vec::new();
                for (webhook, limit) in wanted {
                    all.extend(claim_of(connection, *webhook, *limit, *now, *until).await?);
                }
                Ok(all)
            })
        })
        .await
    }

    async fn complete(&self, outcomes: &[AttemptOutcome], now: Timestamp) -> Result<()> {
        self.write((outcomes.to_vec(), now), |connection, (outcomes, now)| {
            Box::pin(complete_all(connection, outcomes, *now))
        })
        .await
    }

    async fn release(&self, claimed: &[(DeliveryId, i64)]) -> Result<()> {
        let (ids, fences): (Vec<i64>, Vec<i64>) = claimed.iter().map(|(id, fence)| (id.0, *fence)).unzip();
        self.write((ids, fences), |connection, (ids, fences)| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE webhook_deliveries d SET lease_until = 0 FROM UNNEST($1::bigint[], $2::bigint[]) AS c (id, fence) \
                     WHERE d.id = c.id AND d.lease_fence = c.fence",
                )
                .bind(ids)
                .bind(fences)
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Releases none: other servers may hold leases.
    async fn release_all(&self) -> Result<()> {
        Ok(())
    }

    async fn failing(&self) -> Result<Vec<Webhook>> {
        self.snapshot((), |connection, ()| {
            Box::pin(async move {
                let rows = sqlx::query(select_webhooks!(
                    "WHERE w.enabled AND h.state::jsonb ->> 'failing_since' IS NOT NULL ORDER BY w.id"
                ));
                let rows = rows.fetch_all(&mut *connection).await?;
                complete(connection, &rows).await
            })
        })
        .await
    }

    async fn queue(&self) -> Result<WebhookQueue> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let counts = sqlx::query_as::<_, (i64, i64, Option<i64>, i64)>(
                    "SELECT (SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'), \
                    (SELECT count(*) FROM webhook_deliveries WHERE state = 'dead'), \
                    (SELECT min(created_at) FROM webhook_deliveries WHERE state = 'pending'), \
                    (SELECT count(*) FROM webhook_health WHERE open_until IS NOT NULL)",
                );
                let (pending, dead, oldest, open) = counts.fetch_one(connection).await?;
                Ok(WebhookQueue {
                    pending: pending.unsigned_abs(),
                    dead: dead.unsigned_abs(),
                    oldest: oldest.map(Timestamp::from_micros),
                    open: open.unsigned_abs(),
                })
            })
        })
        .await
    }

    async fn set_alarmed(&self, id: WebhookId) -> Result<()> {
        self.write(id, |connection, id| {
            Box::pin(async move {
                let Some(mut health) = lock_health(connection, *id).await? else { return Ok(()) };
                health.alarmed = true;
                put_health(connection, *id, &health).await
            })
        })
        .await
    }

    async fn deliveries(
        &self,
        project: &ProjectId,
        webhook: WebhookId,
        filter: &DeliveryFilter,
    ) -> Result<Vec<Delivery>> {
        self.read((project.clone(), webhook, filter.clone()), |connection, (project, webhook, filter)| {
            Box::pin(list_deliveries(connection, project, *webhook, filter))
        })
        .await
    }

    async fn delivery(&self, project: &ProjectId, id: DeliveryId) -> Result<Option<DeliveryRecord>> {
        self.snapshot((project.clone(), id), |connection, (project, id)| {
            Box::pin(find_delivery(connection, project, *id))
        })
        .await
    }

    async fn replay(&self, project: &ProjectId, id: DeliveryId, now: Timestamp) -> Result<bool> {
        self.write((project.clone(), id, now), |connection, (project, id, now)| {
            Box::pin(async move {
                let query = sqlx::query(REPLAY_DELIVERY).bind(now.as_micros()).bind(project.as_str()).bind(id.0);
                Ok(query.execute(connection).await?.rows_affected() > 0)
            })
        })
        .await
    }

    async fn replay_many(&self, replay: &Replay, spacing_micros: i64) -> Result<u64> {
        self.write((replay.clone(), spacing_micros), |connection, (replay, spacing)| {
            Box::pin(replay_many(connection, replay, *spacing))
        })
        .await
    }

    async fn replay_progress(&self, project: &ProjectId, id: &str) -> Result<Option<ReplayProgress>> {
        self.read((project.clone(), id.to_owned()), |connection, (project, id)| {
            Box::pin(async move {
                let query = sqlx::query(SELECT_REPLAY).bind(project.as_str()).bind(id);
                Ok(query.fetch_optional(connection).await?.as_ref().map(replay_progress).transpose()?)
            })
        })
        .await
    }

    async fn delete_old(&self, delivered_before: Timestamp, others_before: Timestamp, limit: u32) -> Result<u64> {
        self.write((delivered_before, others_before, limit), |connection, (delivered, others, limit)| {
            Box::pin(delete_old(connection, *delivered, *others, *limit))
        })
        .await
    }
}

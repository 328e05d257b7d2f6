//! Webhooks, the events that they receive, and their deliveries. There is one writer: a claim needs no lock.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use patchbay_model::{
    AccountId, AttemptOutcome, Audience, ClaimedDelivery, Delivery, DeliveryId, DueWebhook, OutboxEvent, ProjectId,
    Replay, ReplayProgress, ReplayWhich, Sealed, Timestamp, Webhook, WebhookHealth, WebhookId,
};
use sqlx::{QueryBuilder, Sqlite, Transaction, sqlite::SqliteRow};

use super::SqliteStorage;
use crate::{
    DeliveryFilter, DeliveryRecord, Result, StorageError, WebhookQueue, WebhookStore,
    rows::{
        Row, to_json,
        webhooks::{
            COMPLETE_DELIVERY, Claimed, INSERT_ATTEMPT, INSERT_EVENT, INSERT_WEBHOOK, REPLAY_DELIVERIES,
            REPLAY_DELIVERY, SELECT_DUE, SELECT_REPLAY, UPDATE_WEBHOOK, claimed, delivery, delivery_attempt,
            due_webhook, replay_progress, select_deliveries, select_webhooks, webhook,
        },
    },
};

/// Replaces the sealed values of a webhook.
async fn replace_secrets(transaction: &mut Transaction<'_, Sqlite>, of: &Webhook) -> Result<()> {
    sqlx::query("DELETE FROM webhook_secrets WHERE webhook_id = ?").bind(of.id.0).execute(&mut **transaction).await?;
    for (field, sealed) in &of.secrets {
        sqlx::query("INSERT INTO webhook_secrets (webhook_id, field, sealed) VALUES (?, ?, ?)")
            .bind(of.id.0)
            .bind(field)
            .bind(sealed.as_bytes())
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// Converts rows to webhooks and reads their secrets.
async fn complete(transaction: &mut Transaction<'_, Sqlite>, rows: &[SqliteRow]) -> Result<Vec<Webhook>> {
    let mut webhooks = Vec::with_capacity(rows.len());
    for row in rows {
        webhooks.push(webhook(row, BTreeMap::new())?);
    }
    let ids = webhooks.iter().map(|webhook| webhook.id.0).collect::<Vec<_>>();
    let mut secrets: HashMap<i64, BTreeMap<String, Sealed>> = HashMap::new();
    let found = sqlx::query(
        "SELECT webhook_id, field, sealed FROM webhook_secrets WHERE webhook_id IN (SELECT value FROM json_each(?))",
    );
    for row in found.bind(to_json(&ids)?).fetch_all(&mut **transaction).await? {
        let row = Row::without_id("webhook_secrets", &row);
        let sealed = Sealed::from_bytes(row.get("sealed")?);
        secrets.entry(row.get("webhook_id")?).or_default().insert(row.get("field")?, sealed);
    }
    for webhook in &mut webhooks {
        webhook.secrets = secrets.remove(&webhook.id.0).unwrap_or_default();
    }
    Ok(webhooks)
}

async fn find(transaction: &mut Transaction<'_, Sqlite>, id: WebhookId) -> Result<Option<Webhook>> {
    let rows = sqlx::query(select_webhooks!("WHERE w.id = $1")).bind(id.0).fetch_all(&mut **transaction).await?;
    Ok(complete(transaction, &rows).await?.pop())
}

async fn put_health(transaction: &mut Transaction<'_, Sqlite>, id: WebhookId, health: &WebhookHealth) -> Result<()> {
    sqlx::query(
        "INSERT INTO webhook_health (webhook_id, open_until, state) VALUES (?, ?, ?) \
         ON CONFLICT (webhook_id) DO UPDATE SET open_until = excluded.open_until, state = excluded.state",
    )
    .bind(id.0)
    .bind(health.open_until().map(Timestamp::as_micros))
    .bind(to_json(health)?)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn health_of(transaction: &mut Transaction<'_, Sqlite>, id: WebhookId) -> Result<Option<WebhookHealth>> {
    let row = sqlx::query("SELECT state FROM webhook_health WHERE webhook_id = ?").bind(id.0);
    let row = row.fetch_optional(&mut **transaction).await?;
    row.map(|row| Row::without_id("webhook_health", &row).json("state")).transpose()
}

/// Stores an event with its deliveries: see [`WebhookStore::record`].
pub(super) async fn record(
    transaction: &mut Transaction<'_, Sqlite>,
    event: &OutboxEvent,
    audience: Audience,
) -> Result<u64> {
    let (except, only) = match audience {
        Audience::Subscribed => (None, None),
        Audience::Others(id) => (Some(id.0), None),
        Audience::Only(id) => (None, Some(id.0)),
    };
    let webhooks: Vec<i64> = sqlx::query_scalar(
        "SELECT w.id FROM webhooks w WHERE w.project_id = ?1 AND w.enabled = 1 AND (?2 IS NULL OR w.id <> ?2) \
         AND (w.id = ?3 OR (?3 IS NULL AND EXISTS (SELECT 1 FROM json_each(w.subscriptions) s \
         WHERE s.value IN (SELECT value FROM json_each(?4))))) ORDER BY w.id",
    )
    .bind(event.project_id.as_str())
    .bind(except)
    .bind(only)
    .bind(to_json(&event.matches)?)
    .fetch_all(&mut **transaction)
    .await?;
    if webhooks.is_empty() {
        return Ok(0);
    }
    sqlx::query(INSERT_EVENT)
        .bind(event.project_id.as_str())
        .bind(&event.id)
        .bind(&event.event)
        .bind(event.account_id.as_ref().map(AccountId::as_str))
        .bind(&event.record_id)
        .bind(&event.body)
        .bind(event.created_at.as_micros())
        .execute(&mut **transaction)
        .await?;
    let mut queued = 0;
    for webhook in webhooks {
        let done = sqlx::query(
            "INSERT INTO webhook_deliveries (project_id, webhook_id, event_id, state, due_at, attempts, tries, lease_until, \
             lease_fence, created_at) VALUES (?1, ?2, ?3, 'pending', ?4, 0, 0, 0, 0, ?4) \
             ON CONFLICT (webhook_id, event_id) DO NOTHING",
        )
        .bind(event.project_id.as_str())
        .bind(webhook)
        .bind(&event.id)
        .bind(event.created_at.as_micros())
        .execute(&mut **transaction)
        .await?;
        queued += done.rows_affected();
    }
    Ok(queued)
}

/// Stores what a change of an account reports, in its transaction.
pub(super) async fn record_all(transaction: &mut Transaction<'_, Sqlite>, events: &[OutboxEvent]) -> Result<()> {
    for event in events {
        record(transaction, event, Audience::Subscribed).await?;
    }
    Ok(())
}

/// Returns the deliveries to claim of one webhook.
async fn claimable(
    transaction: &mut Transaction<'_, Sqlite>,
    webhook: &Webhook,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<i64>> {
    let query = if webhook.ordered {
        sqlx::query_scalar(
            "SELECT id FROM (SELECT id, due_at, lease_until FROM webhook_deliveries WHERE webhook_id = ?1 \
             AND state = 'pending' ORDER BY id LIMIT 1) WHERE due_at <= ?2 AND lease_until <= ?2 LIMIT ?3",
        )
    } else {
        sqlx::query_scalar(
            "SELECT id FROM webhook_deliveries WHERE webhook_id = ?1 AND state = 'pending' AND due_at <= ?2 \
             AND lease_until <= ?2 ORDER BY due_at, id LIMIT ?3",
        )
    };
    Ok(query.bind(webhook.id.0).bind(now.as_micros()).bind(i64::from(limit)).fetch_all(&mut **transaction).await?)
}

async fn claim_of(
    transaction: &mut Transaction<'_, Sqlite>,
    id: WebhookId,
    limit: u32,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<ClaimedDelivery>> {
    let Some(mut webhook) = find(transaction, id).await? else { return Ok(Vec::new()) };
    let open_until = webhook.health.open_until();
    if !webhook.enabled || open_until.is_some_and(|open_until| open_until > now) {
        return Ok(Vec::new());
    }
    let limit = if open_until.is_some() { limit.min(1) } else { limit };
    let ids = claimable(transaction, &webhook, limit, now).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if open_until.is_some() {
        webhook.health.probe_until(until);
        put_health(transaction, id, &webhook.health).await?;
    }
    let ids = to_json(&ids)?;
    sqlx::query(
        "UPDATE webhook_deliveries SET lease_until = ?, lease_fence = lease_fence + 1 \
         WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(until.as_micros())
    .bind(&ids)
    .execute(&mut **transaction)
    .await?;
    let rows = sqlx::query(select_deliveries!("WHERE d.id IN (SELECT value FROM json_each($1)) ORDER BY d.id"))
        .bind(&ids)
        .fetch_all(&mut **transaction)
        .await?;
    rows.iter().map(|row| Ok(with_webhook(claimed(row)?, &webhook))).collect()
}

/// Returns a claimed delivery with its webhook.
fn with_webhook(claimed: Claimed, webhook: &Webhook) -> ClaimedDelivery {
    let Claimed { id, fence, event_id, body, attempts, tries } = claimed;
    ClaimedDelivery { id, fence, event_id, body, attempts, tries, webhook: webhook.clone() }
}

/// Stores an attempt with the state of its delivery. Returns false if another server has the delivery.
async fn store_attempt(
    transaction: &mut Transaction<'_, Sqlite>,
    outcome: &AttemptOutcome,
    now: Timestamp,
) -> Result<bool> {
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
        .execute(&mut **transaction)
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
        .execute(&mut **transaction)
        .await?;
    Ok(true)
}

fn push_filter(query: &mut QueryBuilder<Sqlite>, filter: &DeliveryFilter) -> Result<()> {
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(|state| state.as_str()).collect::<Vec<_>>();
        query.push(" AND d.state IN (SELECT value FROM json_each(").push_bind(to_json(&states)?).push("))");
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
    Ok(())
}

#[async_trait]
impl WebhookStore for SqliteStorage {
    async fn create(&self, new: &Webhook, limit: u32) -> Result<bool> {
        let mut transaction = self.write().await?;
        let held: i64 = sqlx::query_scalar("SELECT count(*) FROM webhooks WHERE project_id = ?")
            .bind(new.project_id.as_str())
            .fetch_one(&mut *transaction)
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
            .execute(&mut *transaction)
            .await?;
        replace_secrets(&mut transaction, new).await?;
        put_health(&mut transaction, new.id, &new.health).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn get(&self, project: &ProjectId, id: WebhookId) -> Result<Option<Webhook>> {
        let found = find(&mut self.read().await?, id).await?;
        self.found(found.filter(|webhook| webhook.project_id == *project))
    }

    async fn list(&self, project: &ProjectId) -> Result<Vec<Webhook>> {
        let mut transaction = self.read().await?;
        let rows = sqlx::query(select_webhooks!("WHERE w.project_id = $1 ORDER BY w.created_at, w.id"))
            .bind(project.as_str())
            .fetch_all(&mut *transaction)
            .await?;
        let webhooks = complete(&mut transaction, &rows).await?;
        self.complete(webhooks)
    }

    async fn update(&self, changed: &Webhook, read_revision: i64) -> Result<bool> {
        let mut transaction = self.write().await?;
        let stored: Option<(i64, bool)> =
            sqlx::query_as("SELECT revision, enabled FROM webhooks WHERE project_id = ? AND id = ?")
                .bind(changed.project_id.as_str())
                .bind(changed.id.0)
                .fetch_optional(&mut *transaction)
                .await?;
        let Some((revision, was_enabled)) = stored else { return self.hit(false) };
        if revision != read_revision {
            return Err(StorageError::Conflict("another request changed the webhook; read it again"));
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
            .execute(&mut *transaction)
            .await?;
        replace_secrets(&mut transaction, changed).await?;
        if changed.enabled && !was_enabled {
            put_health(&mut transaction, changed.id, &WebhookHealth::default()).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn delete(&self, project: &ProjectId, id: WebhookId) -> Result<bool> {
        let mut transaction = self.write().await?;
        // The foreign keys delete what belongs to it.
        let done = sqlx::query("DELETE FROM webhooks WHERE project_id = ? AND id = ?")
            .bind(project.as_str())
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.hit(done.rows_affected() > 0)
    }

    async fn record(&self, event: &OutboxEvent, audience: Audience) -> Result<u64> {
        let mut transaction = self.write().await?;
        let queued = record(&mut transaction, event, audience).await?;
        transaction.commit().await?;
        Ok(queued)
    }

    async fn due(&self, now: Timestamp, after: WebhookId, limit: u32) -> Result<Vec<DueWebhook>> {
        let query = sqlx::query(SELECT_DUE).bind(now.as_micros()).bind(after.0).bind(i64::from(limit));
        query.fetch_all(&self.readers).await?.iter().map(due_webhook).collect()
    }

    async fn claim(
        &self,
        wanted: &[(WebhookId, u32)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>> {
        let mut transaction = self.write().await?;
        let mut all = Vec::new();
        for (webhook, limit) in wanted {
            all.extend(claim_of(&mut transaction, *webhook, *limit, now, until).await?);
        }
        transaction.commit().await?;
        Ok(all)
    }

    async fn complete(&self, outcomes: &[AttemptOutcome], now: Timestamp) -> Result<()> {
        let mut transaction = self.write().await?;
        let mut by_webhook: BTreeMap<WebhookId, Vec<&AttemptOutcome>> = BTreeMap::new();
        for outcome in outcomes {
            if store_attempt(&mut transaction, outcome, now).await? {
                by_webhook.entry(outcome.webhook_id).or_default().push(outcome);
            }
        }
        for (id, outcomes) in by_webhook {
            let Some(mut health) = health_of(&mut transaction, id).await? else { continue };
            for AttemptOutcome { attempt, .. } in &outcomes {
                health.record(attempt.error.as_deref().map_or(Ok(()), Err), attempt.started_at, now);
            }
            put_health(&mut transaction, id, &health).await?;
            if let Some(gone) = outcomes.iter().find(|outcome| outcome.is_gone) {
                sqlx::query(
                    "UPDATE webhooks SET enabled = 0, disabled_reason = ?, revision = revision + 1 WHERE id = ?",
                )
                .bind(&gone.attempt.error)
                .bind(id.0)
                .execute(&mut *transaction)
                .await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    async fn release(&self, claimed: &[(DeliveryId, i64)]) -> Result<()> {
        let mut transaction = self.write().await?;
        for (id, fence) in claimed {
            sqlx::query("UPDATE webhook_deliveries SET lease_until = 0 WHERE id = ? AND lease_fence = ?")
                .bind(id.0)
                .bind(fence)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn release_all(&self) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE webhook_deliveries SET lease_until = 0 WHERE state = 'pending' AND lease_until > 0")
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn failing(&self) -> Result<Vec<Webhook>> {
        let mut transaction = self.read().await?;
        let rows = sqlx::query(select_webhooks!(
            "WHERE w.enabled = 1 AND h.state ->> '$.failing_since' IS NOT NULL ORDER BY w.id"
        ));
        let rows = rows.fetch_all(&mut *transaction).await?;
        complete(&mut transaction, &rows).await
    }

    async fn queue(&self) -> Result<WebhookQueue> {
        let counts = sqlx::query_as::<_, (i64, i64, Option<i64>, i64)>(
            "SELECT (SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'), \
                    (SELECT count(*) FROM webhook_deliveries WHERE state = 'dead'), \
                    (SELECT min(created_at) FROM webhook_deliveries WHERE state = 'pending'), \
                    (SELECT count(*) FROM webhook_health WHERE open_until IS NOT NULL)",
        );
        let (pending, dead, oldest, open) = counts.fetch_one(&self.readers).await?;
        Ok(WebhookQueue {
            pending: pending.unsigned_abs(),
            dead: dead.unsigned_abs(),
            oldest: oldest.map(Timestamp::from_micros),
            open: open.unsigned_abs(),
        })
    }

    async fn set_alarmed(&self, id: WebhookId) -> Result<()> {
        let mut transaction = self.write().await?;
        let Some(mut health) = health_of(&mut transaction, id).await? else { return Ok(()) };
        health.alarmed = true;
        put_health(&mut transaction, id, &health).await?;
        Ok(transaction.commit().await?)
    }

    async fn deliveries(
        &self,
        project: &ProjectId,
        webhook: WebhookId,
        filter: &DeliveryFilter,
    ) -> Result<Vec<Delivery>> {
        let mut query = QueryBuilder::new(select_deliveries!("WHERE d.project_id = "));
        query.push_bind(project.as_str().to_owned()).push(" AND d.webhook_id = ").push_bind(webhook.0);
        push_filter(&mut query, filter)?;
        let found = query.build().fetch_all(&self.readers).await?.iter().map(delivery).collect::<Result<_>>()?;
        self.complete(found)
    }

    async fn delivery(&self, project: &ProjectId, id: DeliveryId) -> Result<Option<DeliveryRecord>> {
        let mut transaction = self.read().await?;
        let row = sqlx::query(select_deliveries!("WHERE d.project_id = $1 AND d.id = $2"))
            .bind(project.as_str())
            .bind(id.0)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return self.found(None) };
        let attempts = sqlx::query("SELECT * FROM webhook_attempts WHERE delivery_id = ? ORDER BY number")
            .bind(id.0)
            .fetch_all(&mut *transaction)
            .await?;
        Ok(Some(DeliveryRecord {
            delivery: delivery(&row)?,
            body: Row::without_id("webhook_events", &row).get("body")?,
            attempts: attempts.iter().map(delivery_attempt).collect::<Result<_>>()?,
        }))
    }

    async fn replay(&self, project: &ProjectId, id: DeliveryId, now: Timestamp) -> Result<bool> {
        let mut transaction = self.write().await?;
        let query = sqlx::query(REPLAY_DELIVERY).bind(now.as_micros()).bind(project.as_str()).bind(id.0);
        let done = query.execute(&mut *transaction).await?;
        transaction.commit().await?;
        self.hit(done.rows_affected() > 0)
    }

    async fn replay_many(&self, replay: &Replay, spacing_micros: i64) -> Result<u64> {
        let mut transaction = self.write().await?;
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
            .execute(&mut *transaction)
            .await?;
        let total = done.rows_affected();
        sqlx::query(
            "INSERT INTO webhook_replays (id, project_id, webhook_id, total, created_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&replay.id)
        .bind(replay.project_id.as_str())
        .bind(replay.webhook_id.0)
        .bind(i64::try_from(total).unwrap_or(i64::MAX))
        .bind(replay.created_at.as_micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(total)
    }

    async fn replay_progress(&self, project: &ProjectId, id: &str) -> Result<Option<ReplayProgress>> {
        let query = sqlx::query(SELECT_REPLAY).bind(project.as_str()).bind(id);
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(replay_progress).transpose()?)
    }

    async fn delete_old(&self, delivered_before: Timestamp, others_before: Timestamp, limit: u32) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE \
             (state = 'delivered' AND created_at < ?1) OR (state IN ('dead', 'pending') AND created_at < ?2) LIMIT ?3)",
        )
        .bind(delivered_before.as_micros())
        .bind(others_before.as_micros())
        .bind(i64::from(limit))
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "DELETE FROM webhook_events WHERE (project_id, id) IN (SELECT e.project_id, e.id FROM webhook_events e \
             WHERE e.created_at < ?1 AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d \
             WHERE d.project_id = e.project_id AND d.event_id = e.id) ORDER BY e.created_at LIMIT ?2)",
        )
        .bind(delivered_before.as_micros())
        .bind(i64::from(limit))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

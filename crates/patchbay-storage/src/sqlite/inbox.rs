//! The inbox. There is one writer: a claim needs no lock.

use async_trait::async_trait;
use patchbay_model::{
    AccountId, ClaimedInboxEvent, InboxEndpoint, InboxEvent, InboxOutcome, InboxRefusals, InboxState, KeyHash,
    NewInboxEvent, ProfileId, ProjectId, SealedInboxEvent, Timestamp,
};
use sqlx::{QueryBuilder, Sqlite, Transaction};

use super::SqliteStorage;
use crate::{
    InboxClaim, InboxFilter, InboxStore, Result, StorageError,
    rows::{
        inbox::{
            COMPLETE_EVENT, COUNT_REFUSALS, INSERT_ENDPOINT, NEXT_ENDPOINT, REQUEUE_EVENT, SELECT_REFUSALS,
            UPDATE_ENDPOINT, claimed_event, endpoint, inbox_event, refusals, sealed_event, select_endpoints,
            select_inbox_events, select_sealed_events, state_count, within_bytes,
        },
        to_json,
    },
};

/// Stores an event. Returns false if it is a repeat, or if its endpoint is gone.
async fn receive_one(transaction: &mut Transaction<'_, Sqlite>, new: &NewInboxEvent) -> Result<bool> {
    let (event, sealed) = (&new.event.event, &new.event.sealed);
    let done = sqlx::query(
        "INSERT INTO inbox_keys (endpoint_id, hash, received_at) SELECT p.id, ?, ? FROM inbox_endpoints p \
         WHERE p.project_id = ? AND p.id = ? ON CONFLICT (endpoint_id, hash) DO NOTHING",
    )
    .bind(&new.dedupe.0[..])
    .bind(event.received_at.as_micros())
    .bind(event.project_id.as_str())
    .bind(&event.endpoint_id)
    .execute(&mut **transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO inbox_events (id, project_id, endpoint_id, profile_id, account_id, state, event_type, sealed, size_bytes, \
         due_at, tries, actions, lease_until, lease_fence, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?)",
    )
    .bind(&event.id)
    .bind(event.project_id.as_str())
    .bind(&event.endpoint_id)
    .bind(event.profile_id.as_str())
    .bind(event.account_id.as_ref().map(AccountId::as_str))
    .bind(event.state.as_str())
    .bind(&event.event_type)
    .bind(sealed.as_bytes())
    .bind(i64::try_from(event.size_bytes).unwrap_or(i64::MAX))
    .bind(event.due_at.as_micros())
    .bind(event.received_at.as_micros())
    .execute(&mut **transaction)
    .await?;
    Ok(true)
}

fn push_filter(query: &mut QueryBuilder<Sqlite>, filter: &InboxFilter) -> Result<()> {
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(|state| state.as_str()).collect::<Vec<_>>();
        query.push(" AND e.state IN (SELECT value FROM json_each(").push_bind(to_json(&states)?).push("))");
    }
    if let Some(profile) = &filter.profile_id {
        query.push(" AND e.profile_id = ").push_bind(profile.as_str().to_owned());
    }
    if let Some(account) = &filter.account_id {
        query.push(" AND e.account_id = ").push_bind(account.as_str().to_owned());
    }
    if let Some(event_type) = &filter.event_type {
        query.push(" AND e.event_type = ").push_bind(event_type.clone());
    }
    if let Some(since) = filter.since {
        query.push(" AND e.received_at >= ").push_bind(since.as_micros());
    }
    if let Some(until) = filter.until {
        query.push(" AND e.received_at < ").push_bind(until.as_micros());
    }
    if let Some(before) = &filter.before {
        query.push(" AND e.id < ").push_bind(before.clone());
    }
    query.push(" ORDER BY e.id DESC LIMIT ").push_bind(i64::from(filter.limit));
    Ok(())
}

#[async_trait]
impl InboxStore for SqliteStorage {
    async fn create_endpoint(&self, new: &InboxEndpoint) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(INSERT_ENDPOINT)
            .bind(&new.id)
            .bind(new.project_id.as_str())
            .bind(new.profile_id.as_str())
            .bind(new.account_id.as_ref().map(AccountId::as_str))
            .bind(&new.token_hash.0[..])
            .bind(new.sealed.as_bytes())
            .bind(new.state.as_str())
            .bind(i64::from(new.tries))
            .bind(new.due_at.map(Timestamp::as_micros))
            .bind(&new.last_error)
            .bind(new.revision)
            .bind(new.created_at.as_micros())
            .bind(new.token_at.as_micros())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn endpoint_by_hash(&self, hash: &KeyHash) -> Result<Option<InboxEndpoint>> {
        let query = sqlx::query(select_endpoints!("WHERE p.token_hash = $1")).bind(&hash.0[..]);
        query.fetch_optional(&self.readers).await?.as_ref().map(endpoint).transpose()
    }

    async fn endpoint(&self, project: &ProjectId, id: &str) -> Result<Option<InboxEndpoint>> {
        let query = sqlx::query(select_endpoints!("WHERE p.project_id = $1 AND p.id = $2"));
        let row = query.bind(project.as_str()).bind(id).fetch_optional(&self.readers).await?;
        self.found(row.as_ref().map(endpoint).transpose()?)
    }

    async fn endpoints(
        &self,
        project: &ProjectId,
        profile: Option<&ProfileId>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<InboxEndpoint>> {
        let query = sqlx::query(select_endpoints!(
            "WHERE p.project_id = $1 AND ($2 IS NULL OR p.profile_id = $2) AND p.id > $3 ORDER BY p.id LIMIT $4"
        ));
        let query = query.bind(project.as_str()).bind(profile.map(ProfileId::as_str)).bind(after).bind(limit);
        query.fetch_all(&self.readers).await?.iter().map(endpoint).collect()
    }

    async fn endpoint_of(
        &self,
        project: &ProjectId,
        profile: &ProfileId,
        account: Option<&AccountId>,
    ) -> Result<Option<InboxEndpoint>> {
        let query =
            sqlx::query(select_endpoints!("WHERE p.project_id = $1 AND p.profile_id = $2 AND p.account_id IS $3"));
        let query = query.bind(project.as_str()).bind(profile.as_str()).bind(account.map(AccountId::as_str));
        query.fetch_optional(&self.readers).await?.as_ref().map(endpoint).transpose()
    }

    async fn update_endpoint(&self, changed: &InboxEndpoint) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(UPDATE_ENDPOINT)
            .bind(&changed.token_hash.0[..])
            .bind(changed.sealed.as_bytes())
            .bind(changed.state.as_str())
            .bind(i64::from(changed.tries))
            .bind(changed.due_at.map(Timestamp::as_micros))
            .bind(&changed.last_error)
            .bind(changed.token_at.as_micros())
            .bind(changed.project_id.as_str())
            .bind(&changed.id)
            .bind(changed.revision)
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            let exists: i64 =
                sqlx::query_scalar("SELECT count(*) FROM inbox_endpoints WHERE project_id = ? AND id = ?")
                    .bind(changed.project_id.as_str())
                    .bind(&changed.id)
                    .fetch_one(&mut *transaction)
                    .await?;
            return if exists > 0 { Err(StorageError::Conflict(CHANGED)) } else { self.hit(false) };
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn delete_endpoint(&self, project: &ProjectId, id: &str) -> Result<bool> {
        let mut transaction = self.write().await?;
        // The foreign keys delete what belongs to it.
        let done = sqlx::query("DELETE FROM inbox_endpoints WHERE project_id = ? AND id = ?")
            .bind(project.as_str())
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.hit(done.rows_affected() > 0)
    }

    async fn lease_endpoints(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<InboxEndpoint>> {
        let mut transaction = self.write().await?;
        let rows = sqlx::query(select_endpoints!(
            "WHERE p.due_at IS NOT NULL AND p.due_at <= $1 AND p.lease_until <= $1 ORDER BY p.due_at, p.id LIMIT $2"
        ))
        .bind(now.as_micros())
        .bind(limit)
        .fetch_all(&mut *transaction)
        .await?;
        let leased = rows.iter().map(endpoint).collect::<Result<Vec<_>>>()?;
        for one in &leased {
            sqlx::query("UPDATE inbox_endpoints SET lease_until = ? WHERE id = ?")
                .bind(until.as_micros())
                .bind(&one.id)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(leased)
    }

    async fn receive(&self, events: &[NewInboxEvent]) -> Result<Vec<String>> {
        let mut transaction = self.write().await?;
        let mut stored = Vec::with_capacity(events.len());
        for event in events {
            if receive_one(&mut transaction, event).await? {
                stored.push(event.event.event.id.clone());
            }
        }
        transaction.commit().await?;
        Ok(stored)
    }

    async fn claim(&self, claim: &InboxClaim, now: Timestamp, until: Timestamp) -> Result<Vec<ClaimedInboxEvent>> {
        let mut transaction = self.write().await?;
        let (mut after, mut left, mut ids) = (claim.after.clone(), claim.max_bytes, Vec::new());
        while left > 0 && ids.len() < claim.limit as usize {
            let next: Option<String> = sqlx::query_scalar(NEXT_ENDPOINT)
                .bind(&after)
                .bind(now.as_micros())
                .fetch_optional(&mut *transaction)
                .await?;
            let Some(next) = next else { break };
            let wanted =
                claim.per_endpoint.min(claim.limit.saturating_sub(u32::try_from(ids.len()).unwrap_or(u32::MAX)));
            let found: Vec<(String, i64)> = sqlx::query_as(
                "SELECT id, size_bytes FROM inbox_events WHERE state = 'stored' AND endpoint_id = ?1 AND due_at <= ?2 \
                 AND lease_until <= ?2 ORDER BY due_at, id LIMIT ?3",
            )
            .bind(&next)
            .bind(now.as_micros())
            .bind(wanted)
            .fetch_all(&mut *transaction)
            .await?;
            ids.extend(within_bytes(found, &mut left));
            after = next;
        }
        let ids = to_json(&ids)?;
        sqlx::query(
            "UPDATE inbox_events SET lease_until = ?, lease_fence = lease_fence + 1 \
             WHERE id IN (SELECT value FROM json_each(?))",
        )
        .bind(until.as_micros())
        .bind(&ids)
        .execute(&mut *transaction)
        .await?;
        let rows = sqlx::query(select_sealed_events!(
            "WHERE e.id IN (SELECT value FROM json_each($1)) ORDER BY e.endpoint_id, e.due_at, e.id"
        ))
        .bind(&ids)
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        rows.iter().map(claimed_event).collect()
    }

    async fn complete(&self, outcome: &InboxOutcome, now: Timestamp) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(COMPLETE_EVENT)
            .bind(outcome.state.as_str())
            .bind(outcome.due_at.as_micros())
            .bind(i64::from(outcome.actions))
            .bind(&outcome.error)
            .bind((outcome.state != InboxState::Stored).then(|| now.as_micros()))
            .bind(&outcome.event_type)
            .bind(outcome.account_id.as_ref().map(AccountId::as_str))
            .bind(&outcome.id)
            .bind(outcome.fence)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn release(&self, claimed: &[(String, i64)]) -> Result<()> {
        let mut transaction = self.write().await?;
        for (id, fence) in claimed {
            sqlx::query("UPDATE inbox_events SET lease_until = 0 WHERE id = ? AND lease_fence = ?")
                .bind(id)
                .bind(fence)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn full_endpoints(&self, events: u32) -> Result<Vec<String>> {
        let query = sqlx::query_scalar(
            "SELECT endpoint_id FROM inbox_events WHERE state = 'stored' GROUP BY endpoint_id HAVING count(*) >= ?",
        );
        Ok(query.bind(events).fetch_all(&self.readers).await?)
    }

    async fn count_refusals(&self, counted: &[InboxRefusals]) -> Result<()> {
        let mut transaction = self.write().await?;
        for one in counted {
            sqlx::query(COUNT_REFUSALS)
                .bind(&one.endpoint_id)
                .bind(&one.reason)
                .bind(i64::try_from(one.count).unwrap_or(i64::MAX))
                .bind(one.last_at.as_micros())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn events(&self, project: &ProjectId, filter: &InboxFilter) -> Result<Vec<InboxEvent>> {
        let mut query = QueryBuilder::new(select_inbox_events!("WHERE e.project_id = "));
        query.push_bind(project.as_str().to_owned());
        push_filter(&mut query, filter)?;
        query.build().fetch_all(&self.readers).await?.iter().map(inbox_event).collect()
    }

    async fn event(&self, project: &ProjectId, id: &str) -> Result<Option<SealedInboxEvent>> {
        let query = sqlx::query(select_sealed_events!("WHERE e.project_id = $1 AND e.id = $2"));
        let row = query.bind(project.as_str()).bind(id).fetch_optional(&self.readers).await?;
        self.found(row.as_ref().map(sealed_event).transpose()?)
    }

    async fn requeue(
        &self,
        project: &ProjectId,
        id: &str,
        account: Option<&AccountId>,
        now: Timestamp,
    ) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(REQUEUE_EVENT)
            .bind(now.as_micros())
            .bind(project.as_str())
            .bind(id)
            .bind(account.map(AccountId::as_str))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.hit(done.rows_affected() > 0)
    }

    async fn counts(&self, project: &ProjectId) -> Result<Vec<(InboxState, u64)>> {
        let query = sqlx::query(
            "SELECT state, count(*) AS events FROM inbox_events WHERE project_id = ? GROUP BY state ORDER BY state",
        );
        query.bind(project.as_str()).fetch_all(&self.readers).await?.iter().map(state_count).collect()
    }

    async fn refusals(&self, project: &ProjectId) -> Result<Vec<InboxRefusals>> {
        let query = sqlx::query(SELECT_REFUSALS).bind(project.as_str());
        query.fetch_all(&self.readers).await?.iter().map(refusals).collect()
    }

    async fn delete_old(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let mut transaction = self.write().await?;
        let events = sqlx::query(
            "DELETE FROM inbox_events WHERE id IN (SELECT id FROM inbox_events WHERE received_at < ? LIMIT ?)",
        );
        let events = events.bind(before.as_micros()).bind(limit).execute(&mut *transaction).await?.rows_affected();
        let keys = sqlx::query(
            "DELETE FROM inbox_keys WHERE (endpoint_id, hash) IN \
             (SELECT endpoint_id, hash FROM inbox_keys WHERE received_at < ? LIMIT ?)",
        );
        let keys = keys.bind(before.as_micros()).bind(limit).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        Ok(events + keys)
    }
}

const CHANGED: &str = "another request changed the endpoint; read it again";

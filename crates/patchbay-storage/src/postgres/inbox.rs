//! The inbox. Servers claim events and lease endpoints past each other (`SKIP LOCKED`).

use async_trait::async_trait;
use patchbay_model::{
    AccountId, ClaimedInboxEvent, InboxEndpoint, InboxEvent, InboxOutcome, InboxRefusals, InboxState, KeyHash,
    NewInboxEvent, ProfileId, ProjectId, SealedInboxEvent, Timestamp,
};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::{
    PostgresStorage,
    error::{Failure, Outcome},
    locks::lock,
};
use crate::{
    InboxClaim, InboxFilter, InboxStore, Result, StorageError,
    rows::inbox::{
        COMPLETE_EVENT, COUNT_REFUSALS, INSERT_ENDPOINT, NEXT_ENDPOINT, REQUEUE_EVENT, SELECT_REFUSALS,
        UPDATE_ENDPOINT, claimed_event, endpoint, inbox_event, refusals, sealed_event, select_endpoints,
        select_inbox_events, select_sealed_events, state_count, within_bytes,
    },
};

async fn create_endpoint(connection: &mut PgConnection, new: &InboxEndpoint) -> Outcome<bool> {
    lock(connection, &("inbox_endpoints", &new.profile_id)).await?;
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
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn update_endpoint(connection: &mut PgConnection, changed: &InboxEndpoint) -> Outcome<bool> {
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
        .execute(&mut *connection)
        .await?;
    if done.rows_affected() > 0 {
        return Ok(true);
    }
    let exists: i64 = sqlx::query_scalar("SELECT count(*) FROM inbox_endpoints WHERE project_id = $1 AND id = $2")
        .bind(changed.project_id.as_str())
        .bind(&changed.id)
        .fetch_one(connection)
        .await?;
    if exists > 0 {
        return Err(Failure::Storage(StorageError::Conflict("another request changed the endpoint; read it again")));
    }
    Ok(false)
}

async fn lease_endpoints(
    connection: &mut PgConnection,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Outcome<Vec<InboxEndpoint>> {
    let rows = sqlx::query(select_endpoints!(
        "WHERE p.due_at IS NOT NULL AND p.due_at <= $1 AND p.lease_until <= $1 ORDER BY p.due_at, p.id LIMIT $2 \
         FOR NO KEY UPDATE SKIP LOCKED"
    ))
    .bind(now.as_micros())
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    let leased = rows.iter().map(endpoint).collect::<Result<Vec<_>>>()?;
    sqlx::query("UPDATE inbox_endpoints SET lease_until = $1 WHERE id = ANY($2)")
        .bind(until.as_micros())
        .bind(leased.iter().map(|one| one.id.as_str()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(leased)
}

/// Stores events in one statement. The endpoints are locked, so that one that is deleted meanwhile does not fail the others; the
/// hashes are inserted in order, so that two servers do not wait for each other.
async fn receive(connection: &mut PgConnection, events: &[NewInboxEvent]) -> Outcome<Vec<String>> {
    let of = |text: fn(&NewInboxEvent) -> &str| events.iter().map(text).collect::<Vec<_>>();
    let number = |number: fn(&NewInboxEvent) -> i64| events.iter().map(number).collect::<Vec<_>>();
    let stored = sqlx::query_scalar(
        "WITH arrived AS (SELECT DISTINCT ON (endpoint_id, hash) * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], \
         $5::text[], $6::text[], $7::text[], $8::bytea[], $9::bytea[], $10::bigint[], $11::bigint[], $12::bigint[]) \
         AS n (id, project_id, endpoint_id, profile_id, account_id, state, event_type, sealed, hash, size_bytes, due_at, received_at) \
         ORDER BY endpoint_id, hash, id), \
         here AS (SELECT p.id FROM inbox_endpoints p WHERE p.id IN (SELECT endpoint_id FROM arrived) ORDER BY p.id FOR KEY SHARE), \
         keys AS (INSERT INTO inbox_keys (endpoint_id, hash, received_at) SELECT a.endpoint_id, a.hash, a.received_at \
         FROM arrived a JOIN here ON here.id = a.endpoint_id ORDER BY a.endpoint_id, a.hash \
         ON CONFLICT (endpoint_id, hash) DO NOTHING RETURNING endpoint_id, hash) \
         INSERT INTO inbox_events (id, project_id, endpoint_id, profile_id, account_id, state, event_type, sealed, size_bytes, \
         due_at, tries, actions, lease_until, lease_fence, received_at) SELECT a.id, a.project_id, a.endpoint_id, a.profile_id, \
         a.account_id, a.state, a.event_type, a.sealed, a.size_bytes, a.due_at, 0, 0, 0, 0, a.received_at \
         FROM arrived a JOIN keys k ON k.endpoint_id = a.endpoint_id AND k.hash = a.hash RETURNING id",
    )
    .bind(of(|new| &new.event.event.id))
    .bind(of(|new| new.event.event.project_id.as_str()))
    .bind(of(|new| &new.event.event.endpoint_id))
    .bind(of(|new| new.event.event.profile_id.as_str()))
    .bind(events.iter().map(|new| new.event.event.account_id.as_ref().map(AccountId::as_str)).collect::<Vec<_>>())
    .bind(of(|new| new.event.event.state.as_str()))
    .bind(events.iter().map(|new| new.event.event.event_type.as_deref()).collect::<Vec<_>>())
    .bind(events.iter().map(|new| new.event.sealed.as_bytes()).collect::<Vec<_>>())
    .bind(events.iter().map(|new| &new.dedupe.0[..]).collect::<Vec<_>>())
    .bind(number(|new| i64::try_from(new.event.event.size_bytes).unwrap_or(i64::MAX)))
    .bind(number(|new| new.event.event.due_at.as_micros()))
    .bind(number(|new| new.event.event.received_at.as_micros()))
    .fetch_all(connection)
    .await?;
    Ok(stored)
}

async fn claim(
    connection: &mut PgConnection,
    claim: &InboxClaim,
    now: Timestamp,
    until: Timestamp,
) -> Outcome<Vec<ClaimedInboxEvent>> {
    let (mut after, mut left, mut ids) = (claim.after.clone(), claim.max_bytes, Vec::new());
    while left > 0 && ids.len() < claim.limit as usize {
        let next: Option<String> = sqlx::query_scalar(NEXT_ENDPOINT)
            .bind(&after)
            .bind(now.as_micros())
            .fetch_optional(&mut *connection)
            .await?;
        let Some(next) = next else { break };
        let wanted = claim.per_endpoint.min(claim.limit.saturating_sub(u32::try_from(ids.len()).unwrap_or(u32::MAX)));
        let found: Vec<(String, i64)> = sqlx::query_as(
            "SELECT id, size_bytes FROM inbox_events WHERE state = 'stored' AND endpoint_id = $1 AND due_at <= $2 \
             AND lease_until <= $2 ORDER BY due_at, id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED",
        )
        .bind(&next)
        .bind(now.as_micros())
        .bind(i64::from(wanted))
        .fetch_all(&mut *connection)
        .await?;
        ids.extend(within_bytes(found, &mut left));
        after = next;
    }
    sqlx::query("UPDATE inbox_events SET lease_until = $1, lease_fence = lease_fence + 1 WHERE id = ANY($2)")
        .bind(until.as_micros())
        .bind(&ids)
        .execute(&mut *connection)
        .await?;
    let rows = sqlx::query(select_sealed_events!("WHERE e.id = ANY($1) ORDER BY e.endpoint_id, e.due_at, e.id"))
        .bind(&ids)
        .fetch_all(connection)
        .await?;
    Ok(rows.iter().map(claimed_event).collect::<Result<_>>()?)
}

async fn complete(connection: &mut PgConnection, outcome: &InboxOutcome, now: Timestamp) -> Outcome<bool> {
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
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &InboxFilter) {
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(|state| state.as_str()).collect::<Vec<_>>();
        query.push(" AND e.state = ANY(").push_bind(states).push(")");
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
}

async fn delete_old(connection: &mut PgConnection, before: Timestamp, limit: u32) -> Outcome<u64> {
    let events = sqlx::query(
        "DELETE FROM inbox_events WHERE id IN (SELECT id FROM inbox_events WHERE received_at < $1 LIMIT $2 \
         FOR UPDATE SKIP LOCKED)",
    );
    let events = events.bind(before.as_micros()).bind(i64::from(limit)).execute(&mut *connection).await?;
    let keys = sqlx::query(
        "DELETE FROM inbox_keys WHERE (endpoint_id, hash) IN (SELECT endpoint_id, hash FROM inbox_keys \
         WHERE received_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    );
    let keys = keys.bind(before.as_micros()).bind(i64::from(limit)).execute(connection).await?;
    Ok(events.rows_affected() + keys.rows_affected())
}

#[async_trait]
impl InboxStore for PostgresStorage {
    async fn create_endpoint(&self, endpoint: &InboxEndpoint) -> Result<bool> {
        self.write(endpoint.clone(), |connection, new| Box::pin(create_endpoint(connection, new))).await
    }

    async fn endpoint_by_hash(&self, hash: &KeyHash) -> Result<Option<InboxEndpoint>> {
        self.read(*hash, |connection, hash| {
            Box::pin(async move {
                let query = sqlx::query(select_endpoints!("WHERE p.token_hash = $1")).bind(&hash.0[..]);
                Ok(query.fetch_optional(connection).await?.as_ref().map(endpoint).transpose()?)
            })
        })
        .await
    }

    async fn endpoint(&self, project: &ProjectId, id: &str) -> Result<Option<InboxEndpoint>> {
        self.read((project.clone(), id.to_owned()), |connection, (project, id)| {
            Box::pin(async move {
                let query = sqlx::query(select_endpoints!("WHERE p.project_id = $1 AND p.id = $2"));
                let row = query.bind(project.as_str()).bind(id).fetch_optional(connection).await?;
                Ok(row.as_ref().map(endpoint).transpose()?)
            })
        })
        .await
    }

    async fn endpoints(
        &self,
        project: &ProjectId,
        profile: Option<&ProfileId>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<InboxEndpoint>> {
        let arguments = (project.clone(), profile.cloned(), after.to_owned(), limit);
        self.read(arguments, |connection, (project, profile, after, limit)| {
            Box::pin(async move {
                let query = sqlx::query(select_endpoints!(
                    "WHERE p.project_id = $1 AND ($2::text IS NULL OR p.profile_id = $2) AND p.id > $3 ORDER BY p.id LIMIT $4"
                ));
                let query = query.bind(project.as_str()).bind(profile.as_ref().map(ProfileId::as_str));
                let rows = query.bind(after).bind(i64::from(*limit)).fetch_all(connection).await?;
                Ok(rows.iter().map(endpoint).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn endpoint_of(
        &self,
        project: &ProjectId,
        profile: &ProfileId,
        account: Option<&AccountId>,
    ) -> Result<Option<InboxEndpoint>> {
        let arguments = (project.clone(), profile.clone(), account.cloned());
        self.read(arguments, |connection, (project, profile, account)| {
            Box::pin(async move {
                let query = sqlx::query(select_endpoints!(
                    "WHERE p.project_id = $1 AND p.profile_id = $2 AND p.account_id IS NOT DISTINCT FROM $3"
                ));
                let query = query.bind(project.as_str()).bind(profile.as_str());
                let row = query.bind(account.as_ref().map(AccountId::as_str)).fetch_optional(connection).await?;
                Ok(row.as_ref().map(endpoint).transpose()?)
            })
        })
        .await
    }

    async fn update_endpoint(&self, endpoint: &InboxEndpoint) -> Result<bool> {
        self.write(endpoint.clone(), |connection, changed| Box::pin(update_endpoint(connection, changed))).await
    }

    async fn delete_endpoint(&self, project: &ProjectId, id: &str) -> Result<bool> {
        self.write((project.clone(), id.to_owned()), |connection, (project, id)| {
            Box::pin(async move {
                // The foreign keys delete what belongs to it.
                let query = sqlx::query("DELETE FROM inbox_endpoints WHERE project_id = $1 AND id = $2");
                let done = query.bind(project.as_str()).bind(id).execute(connection).await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }

    async fn lease_endpoints(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<InboxEndpoint>> {
        self.write((now, until, limit), |connection, (now, until, limit)| {
            Box::pin(lease_endpoints(connection, *now, *until, *limit))
        })
        .await
    }

    async fn receive(&self, events: &[NewInboxEvent]) -> Result<Vec<String>> {
        self.write(events.to_vec(), |connection, events| Box::pin(receive(connection, events))).await
    }

    async fn claim(&self, wanted: &InboxClaim, now: Timestamp, until: Timestamp) -> Result<Vec<ClaimedInboxEvent>> {
        self.write((wanted.clone(), now, until), |connection, (wanted, now, until)| {
            Box::pin(claim(connection, wanted, *now, *until))
        })
        .await
    }

    async fn complete(&self, outcome: &InboxOutcome, now: Timestamp) -> Result<bool> {
        self.write((outcome.clone(), now), |connection, (outcome, now)| Box::pin(complete(connection, outcome, *now)))
            .await
    }

    async fn release(&self, claimed: &[(String, i64)]) -> Result<()> {
        let (ids, fences): (Vec<String>, Vec<i64>) = claimed.iter().cloned().unzip();
        self.write((ids, fences), |connection, (ids, fences)| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE inbox_events e SET lease_until = 0 FROM UNNEST($1::text[], $2::bigint[]) AS c (id, fence) \
                     WHERE e.id = c.id AND e.lease_fence = c.fence",
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

    async fn full_endpoints(&self, events: u32) -> Result<Vec<String>> {
        self.read(events, |connection, events| {
            Box::pin(async move {
                let query = sqlx::query_scalar(
                    "SELECT endpoint_id FROM inbox_events WHERE state = 'stored' GROUP BY endpoint_id HAVING count(*) >= $1",
                );
                Ok(query.bind(i64::from(*events)).fetch_all(connection).await?)
            })
        })
        .await
    }

    async fn count_refusals(&self, counted: &[InboxRefusals]) -> Result<()> {
        let mut in_order = counted.to_vec();
        in_order.sort_by(|one, other| (&one.endpoint_id, &one.reason).cmp(&(&other.endpoint_id, &other.reason)));
        self.write(in_order, |connection, counted| {
            Box::pin(async move {
                for one in counted {
                    sqlx::query(COUNT_REFUSALS)
                        .bind(&one.endpoint_id)
                        .bind(&one.reason)
                        .bind(i64::try_from(one.count).unwrap_or(i64::MAX))
                        .bind(one.last_at.as_micros())
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn events(&self, project: &ProjectId, filter: &InboxFilter) -> Result<Vec<InboxEvent>> {
        self.read((project.clone(), filter.clone()), |connection, (project, filter)| {
            Box::pin(async move {
                let mut query = QueryBuilder::new(select_inbox_events!("WHERE e.project_id = "));
                query.push_bind(project.as_str().to_owned());
                push_filter(&mut query, filter);
                let rows = query.build().fetch_all(connection).await?;
                Ok(rows.iter().map(inbox_event).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn event(&self, project: &ProjectId, id: &str) -> Result<Option<SealedInboxEvent>> {
        self.read((project.clone(), id.to_owned()), |connection, (project, id)| {
            Box::pin(async move {
                let query = sqlx::query(select_sealed_events!("WHERE e.project_id = $1 AND e.id = $2"));
                let row = query.bind(project.as_str()).bind(id).fetch_optional(connection).await?;
                Ok(row.as_ref().map(sealed_event).transpose()?)
            })
        })
        .await
    }

    async fn requeue(
        &self,
        project: &ProjectId,
        id: &str,
        account: Option<&AccountId>,
        now: Timestamp,
    ) -> Result<bool> {
        let arguments = (project.clone(), id.to_owned(), account.cloned(), now);
        self.write(arguments, |connection, (project, id, account, now)| {
            Box::pin(async move {
                let query = sqlx::query(REQUEUE_EVENT).bind(now.as_micros()).bind(project.as_str()).bind(id);
                let done = query.bind(account.as_ref().map(AccountId::as_str)).execute(connection).await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }

    async fn counts(&self, project: &ProjectId) -> Result<Vec<(InboxState, u64)>> {
        self.read(project.clone(), |connection, project| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT state, count(*) AS events FROM inbox_events WHERE project_id = $1 GROUP BY state ORDER BY state",
                );
                let rows = query.bind(project.as_str()).fetch_all(connection).await?;
                Ok(rows.iter().map(state_count).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn refusals(&self, project: &ProjectId) -> Result<Vec<InboxRefusals>> {
        self.read(project.clone(), |connection, project| {
            Box::pin(async move {
                let rows = sqlx::query(SELECT_REFUSALS).bind(project.as_str()).fetch_all(connection).await?;
                Ok(rows.iter().map(refusals).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn delete_old(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write((before, limit), |connection, (before, limit)| Box::pin(delete_old(connection, *before, *limit)))
            .await
    }
}

//! Endpoints of the inbox and their events.

use patchbay_model::{
    AccountId, ClaimedInboxEvent, InboxEndpoint, InboxEvent, InboxRefusals, InboxState, ProfileId, ProjectId, Sealed,
    SealedInboxEvent, Timestamp,
};

use super::{Columns, Row};
use crate::Result;

/// Selects endpoints (`p`). SQLite's driver reads `$1` as PostgreSQL does.
macro_rules! select_endpoints {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.project_id, p.profile_id, p.account_id, p.token_hash, p.sealed, p.state, p.tries, p.due_at, \
             p.last_error, p.revision, p.created_at, p.token_at FROM inbox_endpoints p ",
            $rest
        )
    };
}
pub(crate) use select_endpoints;

/// Selects events (`e`) without what was delivered.
macro_rules! select_inbox_events {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.project_id, e.endpoint_id, e.profile_id, e.account_id, e.state, e.event_type, e.size_bytes, e.due_at, \
             e.tries, e.actions, e.last_error, e.received_at, e.finished_at FROM inbox_events e ",
            $rest
        )
    };
}
pub(crate) use select_inbox_events;

/// Selects events (`e`) with what was delivered.
macro_rules! select_sealed_events {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.project_id, e.endpoint_id, e.profile_id, e.account_id, e.state, e.event_type, e.size_bytes, e.due_at, \
             e.tries, e.actions, e.last_error, e.received_at, e.finished_at, e.lease_fence, e.sealed FROM inbox_events e ",
            $rest
        )
    };
}
pub(crate) use select_sealed_events;

/// Inserts an endpoint, if its profile or account has none.
pub(crate) const INSERT_ENDPOINT: &str = "INSERT INTO inbox_endpoints (id, project_id, profile_id, account_id, token_hash, sealed, \
     state, tries, due_at, lease_until, last_error, revision, created_at, token_at) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, $13 \
     WHERE NOT EXISTS (SELECT 1 FROM inbox_endpoints p WHERE p.project_id = $2 AND p.profile_id = $3 \
     AND (p.account_id = $4 OR (p.account_id IS NULL AND $4 IS NULL)))";
/// Replaces what can change of an endpoint.
pub(crate) const UPDATE_ENDPOINT: &str = "UPDATE inbox_endpoints SET token_hash = $1, sealed = $2, state = $3, tries = $4, due_at = $5, \
     last_error = $6, token_at = $7, revision = revision + 1, lease_until = 0 WHERE project_id = $8 AND id = $9 AND revision = $10";
/// Selects the next endpoint with an event that is due.
pub(crate) const NEXT_ENDPOINT: &str = "SELECT endpoint_id FROM inbox_events WHERE state = 'stored' AND endpoint_id > $1 \
     AND due_at <= $2 AND lease_until <= $2 ORDER BY endpoint_id LIMIT 1";
/// Records what came of a try, by the holder of the newest lease.
pub(crate) const COMPLETE_EVENT: &str = "UPDATE inbox_events SET state = $1, due_at = $2, tries = tries + 1, actions = $3, \
     last_error = $4, finished_at = $5, lease_until = 0, event_type = COALESCE($6, event_type), \
     account_id = COALESCE((SELECT a.id FROM accounts a WHERE a.project_id = inbox_events.project_id AND a.id = $7), account_id) \
     WHERE id = $8 AND lease_fence = $9 AND state = 'stored'";
/// Makes an event due.
pub(crate) const REQUEUE_EVENT: &str = "UPDATE inbox_events SET state = 'stored', due_at = $1, tries = 0, last_error = NULL, \
     finished_at = NULL, account_id = COALESCE((SELECT a.id FROM accounts a WHERE a.project_id = $2 AND a.id = $4), account_id) \
     WHERE project_id = $2 AND id = $3 AND lease_until <= $1";
/// Adds to a counter of an endpoint.
pub(crate) const COUNT_REFUSALS: &str = "INSERT INTO inbox_refusals (endpoint_id, reason, count, last_at) \
     SELECT p.id, $2, $3, $4 FROM inbox_endpoints p WHERE p.id = $1 \
     ON CONFLICT (endpoint_id, reason) DO UPDATE SET count = inbox_refusals.count + excluded.count, last_at = excluded.last_at";
/// Selects the counters of a project.
pub(crate) const SELECT_REFUSALS: &str = "SELECT r.endpoint_id, r.reason, r.count, r.last_at FROM inbox_refusals r \
     JOIN inbox_endpoints p ON p.id = r.endpoint_id WHERE p.project_id = $1 ORDER BY r.endpoint_id, r.reason";

fn count<C: Columns>(row: &Row<'_, C>, column: &str) -> Result<u32> {
    u32::try_from(row.get::<i64>(column)?).map_err(|error| row.wrong(column, error))
}

/// Returns an endpoint.
pub(crate) fn endpoint<C: Columns>(row: &C) -> Result<InboxEndpoint> {
    let row = Row::new("inbox_endpoints", row, "id");
    Ok(InboxEndpoint {
        id: row.id.clone(),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        profile_id: ProfileId::new(row.get::<String>("profile_id")?),
        account_id: row.get::<Option<String>>("account_id")?.map(AccountId::new),
        token_hash: row.hash("token_hash")?,
        sealed: Sealed::from_bytes(row.get("sealed")?),
        state: row.parse("state")?,
        tries: count(&row, "tries")?,
        due_at: row.get::<Option<i64>>("due_at")?.map(Timestamp::from_micros),
        last_error: row.get("last_error")?,
        revision: row.get("revision")?,
        created_at: row.time("created_at")?,
        token_at: row.time("token_at")?,
    })
}

/// Returns an event.
pub(crate) fn inbox_event<C: Columns>(row: &C) -> Result<InboxEvent> {
    let row = Row::new("inbox_events", row, "id");
    Ok(InboxEvent {
        id: row.id.clone(),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        endpoint_id: row.get("endpoint_id")?,
        profile_id: ProfileId::new(row.get::<String>("profile_id")?),
        account_id: row.get::<Option<String>>("account_id")?.map(AccountId::new),
        state: row.parse("state")?,
        event_type: row.get("event_type")?,
        size_bytes: row.get::<i64>("size_bytes")?.unsigned_abs(),
        due_at: row.time("due_at")?,
        tries: count(&row, "tries")?,
        actions: count(&row, "actions")?,
        last_error: row.get("last_error")?,
        received_at: row.time("received_at")?,
        finished_at: row.get::<Option<i64>>("finished_at")?.map(Timestamp::from_micros),
    })
}

/// Returns an event with what was delivered.
pub(crate) fn sealed_event<C: Columns>(row: &C) -> Result<SealedInboxEvent> {
    let sealed = Row::new("inbox_events", row, "id").get("sealed")?;
    Ok(SealedInboxEvent { event: inbox_event(row)?, sealed: Sealed::from_bytes(sealed) })
}

/// Returns an event that was claimed.
pub(crate) fn claimed_event<C: Columns>(row: &C) -> Result<ClaimedInboxEvent> {
    let fence = Row::new("inbox_events", row, "id").get("lease_fence")?;
    Ok(ClaimedInboxEvent { event: sealed_event(row)?, fence })
}

/// Returns a state with the number of events in it.
pub(crate) fn state_count<C: Columns>(row: &C) -> Result<(InboxState, u64)> {
    let row = Row::without_id("inbox_events", row);
    Ok((row.parse("state")?, row.get::<i64>("events")?.unsigned_abs()))
}

/// Returns a counter of an endpoint.
pub(crate) fn refusals<C: Columns>(row: &C) -> Result<InboxRefusals> {
    let row = Row::new("inbox_refusals", row, "endpoint_id");
    Ok(InboxRefusals {
        endpoint_id: row.id.clone(),
        reason: row.get("reason")?,
        count: row.get::<i64>("count")?.unsigned_abs(),
        last_at: row.time("last_at")?,
    })
}

/// Returns how many of these events, each an id with a size, are claimed: until `max_bytes` are exceeded.
pub(crate) fn within_bytes(found: Vec<(String, i64)>, left: &mut u64) -> Vec<String> {
    let mut taken = Vec::with_capacity(found.len());
    for (id, size) in found {
        if *left == 0 {
            break;
        }
        *left = left.saturating_sub(size.unsigned_abs().max(1));
        taken.push(id);
    }
    taken
}

//! Deletes expired records at the start and every hour: pending authorizations, connect sessions, logins, login links,
//! idempotency keys, deliveries to webhooks, the logs, feedback on tools. It deletes nothing while the clock may be wrong
//! ([`crate::known_time`]).

use std::{sync::Arc, time::Duration};

use patchbay_logs::{Logs, Retention};
use patchbay_model::{Clock, Timestamp};
use patchbay_storage::{Storage, StorageError};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    background_task::BackgroundTask, known_time::KnownTime, moved_calls::move_calls, replicas::leadership::Leadership,
};

/// The interval between two runs.
const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);
/// The interval between two looks whether this server has become the leader.
const FOLLOWER_INTERVAL: Duration = Duration::from_secs(5);
/// The time for which an expired session is kept for investigations.
const EXPIRED_SESSION_RETENTION: Duration = Duration::from_hours(7 * 24);
/// How long deliveries that a webhook accepted are kept, and others.
const DELIVERED_RETENTION: Duration = Duration::from_hours(30 * 24);
const UNDELIVERED_RETENTION: Duration = Duration::from_hours(90 * 24);
/// The number of deliveries per transaction: each may take an event of a quarter of a megabyte along.
const MAX_DELIVERIES_PER_TRANSACTION: u32 = 500;
/// The number of idempotency keys per transaction: each has a response of up to a megabyte, which is overwritten.
const MAX_KEYS_PER_TRANSACTION: u32 = 100;

/// How long feedback on tools is kept.
const FEEDBACK_RETENTION: Duration = Duration::from_hours(365 * 24);
/// The number of messages of feedback per transaction.
const MAX_FEEDBACK_PER_TRANSACTION: u32 = 5_000;

/// Starts the task. A cancellation ends it after the current batch.
pub(crate) fn start(
    storage: Arc<dyn Storage>,
    logs: Arc<Logs>,
    clock: Arc<dyn Clock>,
    retention: Retention,
    leadership: Leadership,
) -> BackgroundTask {
    BackgroundTask::start(async move |stop| {
        let mut known_time = KnownTime::default();
        let mut next = Instant::now();
        loop {
            tokio::select! { () = stop.cancelled() => break, () = sleep_until(next) => {} }
            // Of several servers, one is enough. A new leader begins at once.
            if !leadership.is_leader() {
                next = Instant::now() + FOLLOWER_INTERVAL;
                continue;
            }
            next = Instant::now() + CLEANUP_INTERVAL;
            let now = clock.now();
            if logs.has_store()
                && let Err(error) = move_calls(&*storage, &logs, &*clock, &stop).await
            {
                tracing::warn!(%error, "could not move the records of calls to the logs; the next attempt is in an hour");
            }
            let deleted = match known_time.is_plausible(&*storage, now, Instant::now()).await {
                Ok(true) => {
                    let work = delete_expired_records(&*storage, now, &stop);
                    let deleted = leadership.perform(work).await.unwrap_or(Ok(()));
                    delete_old_logs(&logs, now, &retention).await;
                    deleted
                }
                Ok(false) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = deleted {
                tracing::warn!(%error, "could not delete expired records; the next attempt is in an hour");
            }
        }
    })
}

async fn delete_expired_records(
    storage: &dyn Storage,
    now: Timestamp,
    stop: &CancellationToken,
) -> Result<(), StorageError> {
    // They contain sealed typed values and can no longer be completed.
    storage.pending_authorizations().delete_expired(now).await?;
    storage.sessions().delete_expired(now.minus(EXPIRED_SESSION_RETENTION)).await?;
    storage.login_tokens().delete_expired(now).await?;
    storage.browser_sessions().delete_expired(now).await?;
    while !stop.is_cancelled() {
        let count = storage.idempotency_keys().delete_expired(now, MAX_KEYS_PER_TRANSACTION).await?;
        if count < u64::from(MAX_KEYS_PER_TRANSACTION) {
            break;
        }
    }
    let (delivered_before, others_before) = (now.minus(DELIVERED_RETENTION), now.minus(UNDELIVERED_RETENTION));
    while !stop.is_cancelled() {
        let limit = MAX_DELIVERIES_PER_TRANSACTION;
        let count = storage.webhooks().delete_old(delivered_before, others_before, limit).await?;
        if count < u64::from(limit) {
            break;
        }
    }
    let oldest = now.minus(FEEDBACK_RETENTION);
    while !stop.is_cancelled() {
        let count = storage.tool_feedback().delete_older(oldest, MAX_FEEDBACK_PER_TRANSACTION).await?;
        if count < u64::from(MAX_FEEDBACK_PER_TRANSACTION) {
            break;
        }
    }
    Ok(())
}

/// Deletes what the logs no longer keep.
async fn delete_old_logs(logs: &Logs, now: Timestamp, retention: &Retention) {
    let Ok(store) = logs.reader() else { return };
    match store.retain(now, retention).await {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, days = retention.days, "deleted old logs"),
        Err(error) => tracing::warn!(%error, "could not delete old logs; the next attempt is in an hour"),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{
        CallId, CallKind, CallRecord, KeyHash, Organization, OrganizationId, ProfileId, Project, ProjectId, Sealed,
        testing::{ManualClock, SeededEntropy},
    };
    use patchbay_storage::{IdempotencyLimits, NewIdempotencyKey, Reservation, sqlite::SqliteStorage};

    use super::*;

    /// Stores a project and its organization.
    async fn project(storage: &dyn Storage, now: Timestamp) -> ProjectId {
        let (organization, project) = (OrganizationId::new("o"), ProjectId::new("p"));
        let new = Organization { id: organization.clone(), name: "O".to_owned(), created_at: now };
        storage.organizations().create(&new).await.unwrap();
        let new = Project { id: project.clone(), organization_id: organization, name: "P".to_owned(), created_at: now };
        storage.projects().create(&new).await.unwrap();
        project
    }

    #[tokio::test]
    async fn the_records_of_an_earlier_version_move_to_the_logs_once() {
        let directory = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&directory.path().join("db")).await.unwrap();
        let logs = Logs::in_file(&directory.path().join("logs.db"), patchbay_logs::SqliteLimits::default());
        let clock = ManualClock::at("2027-01-15T08:00:00Z");
        let (now, entropy) = (clock.now(), SeededEntropy::new(1));
        let project = project(&storage, now).await;
        let record = |age_days: i64| {
            let started_at = now.plus_seconds(-age_days * 86_400);
            CallRecord {
                id: CallId::generate(started_at, &entropy),
                project_id: project.clone(),
                account_id: None,
                profile_id: ProfileId::new("x"),
                connector: "c".to_owned(),
                connector_version: "1.0.0".to_owned(),
                action: None,
                kind: CallKind::Proxy,
                status_code: 200,
                error_code: None,
                started_at,
                duration_micros: 1,
            }
        };
        let records = [record(400), record(31), record(29), record(0)];
        storage.calls().append(&records).await.unwrap();
        // A crash between writing and deleting: the first two are in the logs already.
        let written =
            records[..2].iter().map(|record| crate::call_entry::row_of_record(record, None)).collect::<Vec<_>>();
        logs.append(&written, now).await.unwrap();
        let stop = CancellationToken::new();
        assert_eq!(move_calls(&storage, &logs, &clock, &stop).await.unwrap(), 4);
        assert_eq!(move_calls(&storage, &logs, &clock, &stop).await.unwrap(), 0);
        let query = || patchbay_logs::RunQuery {
            project: project.to_string(),
            filter: patchbay_logs::LogFilter::default(),
            order: patchbay_logs::Order::default(),
            start: patchbay_logs::PageStart::Offset(0),
            size: 10,
        };
        let page = logs.reader().unwrap().runs(&query()).await.unwrap();
        let starts = page.rows.iter().rev().map(|row| row.started_at);
        assert!(starts.eq(records.iter().map(|record| record.started_at)));
        delete_old_logs(&logs, now, &Retention { days: 30, ..Retention::default() }).await;
        assert_eq!(logs.reader().unwrap().runs(&query()).await.unwrap().rows.len(), 2);
    }

    #[tokio::test]
    async fn expired_authorizations_are_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&directory.path().join("db")).await.unwrap();
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let (project, sealed) = (ProjectId::new("p"), Sealed::from_bytes(vec![1; 90]));
        let (given_up, under_way) = (KeyHash([1; 32]), KeyHash([2; 32]));
        storage.pending_authorizations().put(&given_up, &project, &sealed, now.plus_seconds(-1)).await.unwrap();
        storage.pending_authorizations().put(&under_way, &project, &sealed, now.plus_seconds(60)).await.unwrap();
        delete_expired_records(&storage, now, &CancellationToken::new()).await.unwrap();
        // From a time at which it had not expired.
        let before = now.plus_seconds(-60);
        assert_eq!(storage.pending_authorizations().take(&given_up, before).await.unwrap(), None);
        assert!(storage.pending_authorizations().take(&under_way, before).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn expired_idempotency_keys_are_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&directory.path().join("db")).await.unwrap();
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let project = project(&storage, now).await;
        let limits = IdempotencyLimits { max_keys: 1_000, max_bytes: 1_000 };
        // More than one batch is expired.
        for number in 0..=250_u8 {
            let seconds = if number == 250 { 1 } else { -1 };
            let key = KeyHash([number; 32]);
            let (project, expires_at) = (project.clone(), now.plus_seconds(seconds));
            let bucket = "p".to_owned();
            let new = NewIdempotencyKey { key, project, bucket, fingerprint: key, expires_at };
            assert_eq!(storage.idempotency_keys().reserve(&new, limits).await.unwrap(), Reservation::Reserved);
        }
        delete_expired_records(&storage, now, &CancellationToken::new()).await.unwrap();
        for number in [0, 249, 250] {
            let left = storage.idempotency_keys().get(&project, &KeyHash([number; 32])).await.unwrap();
            assert_eq!(left.is_some(), number == 250, "{number}");
        }
    }
}

//! Deletes expired records at the start and every hour: pending authorizations, connect sessions, logins, login links,
//! idempotency keys, the call log. It deletes nothing while the clock may be wrong ([`crate::known_time`]).

use std::{sync::Arc, time::Duration};

use patchbay_model::{Clock, Timestamp};
use patchbay_storage::{Storage, StorageError};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{background_task::BackgroundTask, known_time::KnownTime};

/// The interval between two runs.
const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);
/// The time for which an expired session is kept for investigations.
const EXPIRED_SESSION_RETENTION: Duration = Duration::from_hours(7 * 24);
/// The number of records per transaction, so that the call log does not wait long.
const MAX_DELETED_PER_TRANSACTION: u32 = 5_000;
/// The number of idempotency keys per transaction: each has a response of up to a megabyte, which is overwritten.
const MAX_KEYS_PER_TRANSACTION: u32 = 100;

/// Starts the task; 0 days keep the call log without limit. A cancellation ends it after the current batch.
pub(crate) fn start(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, retention_days: u32) -> BackgroundTask {
    BackgroundTask::start(async move |stop| {
        let mut known_time = KnownTime::default();
        let mut ticks = interval(CLEANUP_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! { () = stop.cancelled() => break, _ = ticks.tick() => {} }
            let now = clock.now();
            let deleted = match known_time.is_plausible(&*storage, now, Instant::now()).await {
                Ok(true) => delete_expired_records(&*storage, now, retention_days, &stop).await,
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
    retention_days: u32,
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
    if retention_days == 0 {
        return Ok(());
    }
    let oldest = now.plus_seconds(-i64::from(retention_days) * 86_400);
    let mut removed = 0;
    while !stop.is_cancelled() {
        let count = storage.calls().delete_older(oldest, MAX_DELETED_PER_TRANSACTION).await?;
        removed += count;
        if count < u64::from(MAX_DELETED_PER_TRANSACTION) {
            break;
        }
    }
    if removed > 0 {
        tracing::info!(removed, retention_days, "deleted old records of the call log");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use patchbay_model::{
        CallId, CallKind, CallRecord, KeyHash, Organization, OrganizationId, ProfileId, Project, ProjectId, Sealed,
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
    async fn records_live_as_long_as_the_operator_says() {
        let directory = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&directory.path().join("db")).await.unwrap();
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let project = project(&storage, now).await;
        let record = |age_days: i64| CallRecord {
            id: CallId::new(age_days.to_string()),
            project_id: project.clone(),
            account_id: None,
            profile_id: ProfileId::new("x"),
            connector: "c".to_owned(),
            connector_version: "1.0.0".to_owned(),
            action: None,
            kind: CallKind::Proxy,
            status_code: 200,
            error_code: None,
            started_at: now.plus_seconds(-age_days * 86_400),
            duration_micros: 1,
        };
        storage.calls().append(&[record(0), record(29), record(31), record(400)]).await.unwrap();
        let stop = CancellationToken::new();
        delete_expired_records(&storage, now, 0, &stop).await.unwrap();
        assert_eq!(storage.calls().list(&project, 10).await.unwrap().len(), 4);
        delete_expired_records(&storage, now, 30, &stop).await.unwrap();
        assert_eq!(storage.calls().list(&project, 10).await.unwrap(), [record(0), record(29)]);
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
        delete_expired_records(&storage, now, 0, &CancellationToken::new()).await.unwrap();
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
        delete_expired_records(&storage, now, 0, &CancellationToken::new()).await.unwrap();
        for number in [0, 249, 250] {
            let left = storage.idempotency_keys().get(&project, &KeyHash([number; 32])).await.unwrap();
            assert_eq!(left.is_some(), number == 250, "{number}");
        }
    }
}

//! Looks for damage in the database: right after the start, and once a day.

use std::{error::Error as _, sync::Arc, time::Duration};

use patchbay_storage::{Storage, StorageError};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::background_task::BackgroundTask;

/// The interval between two checks. A check reads the whole file.
const CHECK_INTERVAL: Duration = Duration::from_hours(24);

/// Starts the task. A cancellation ends it, also during a check.
pub(crate) fn start(storage: Arc<dyn Storage>) -> BackgroundTask {
    BackgroundTask::start(async move |stop| {
        let mut ticks = interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! { () = stop.cancelled() => break, _ = ticks.tick() => {} }
            let began = Instant::now();
            let outcome =
                tokio::select! { () = stop.cancelled() => break, outcome = storage.meta().verify() => outcome };
            let millis = began.elapsed().as_millis();
            match outcome {
                Ok(()) => tracing::info!(millis, "the database was checked: it is not damaged"),
                Err(error @ StorageError::Corrupt(_)) => {
                    let damage = error.source().map(ToString::to_string).unwrap_or_default();
                    tracing::error!(
                        damage,
                        "THE DATABASE IS DAMAGED: stop the server, keep a copy of the data directory, and restore the \
                         database from your backup"
                    );
                }
                Err(error) => tracing::warn!(%error, "could not check the database; the next check is in a day"),
            }
        }
    })
}

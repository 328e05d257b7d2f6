//! Looks for damage in the database: right after the start, and once a day.

use std::{error::Error as _, sync::Arc, time::Duration};

use patchbay_storage::{Storage, StorageError};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::background_task::BackgroundTask;

/// The interval between two checks. A check reads the whole file.
const CHECK_INTERVAL: Duration = Duration::from_hours(24);

/// Starts the task. A cancellation ends it, also during a check.
pub(crate) fn start(storage: Arc<dyn Storage>) -> BackgroundTask {
    BackgroundTask::start(|stop| {
        check_regularly(stop, move || {
            let storage = storage.clone();
            async move { storage.meta().verify().await }
        })
    })
}

/// Runs the check at once and after each interval, until `stop` is cancelled.
async fn check_regularly<F: Future<Output = Result<(), StorageError>>>(stop: CancellationToken, check: impl Fn() -> F) {
    let mut ticks = interval(CHECK_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! { () = stop.cancelled() => break, _ = ticks.tick() => {} }
        let began = Instant::now();
        let outcome = tokio::select! { () = stop.cancelled() => break, outcome = check() => outcome };
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
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test(start_paused = true)]
    async fn the_database_is_checked_at_once_and_daily_also_after_damage() {
        let (stop, checks, began) = (CancellationToken::new(), Mutex::new(Vec::new()), Instant::now());
        let check = || async {
            checks.lock().unwrap().push(began.elapsed());
            match checks.lock().unwrap().len() {
                2 => Err(StorageError::Corrupt("a page".into())),
                3 => Err(StorageError::Checking),
                _ => Ok(()),
            }
        };
        let observe = async {
            tokio::time::sleep(23 * HOUR).await;
            assert_eq!(*checks.lock().unwrap(), [Duration::ZERO]);
            tokio::time::sleep(74 * HOUR).await;
            stop.cancel();
        };
        tokio::join!(check_regularly(stop.clone(), check), observe);
        let expected = [0, 24, 48, 72, 96].map(|hours| hours * HOUR);
        assert_eq!(*checks.lock().unwrap(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_running_check_is_cancelled_and_its_time_delays_the_next() {
        let (stop, checks, began) = (CancellationToken::new(), Mutex::new(Vec::new()), Instant::now());
        let check = || async {
            checks.lock().unwrap().push(began.elapsed());
            tokio::time::sleep(30 * HOUR).await;
            Ok(())
        };
        let cancel = async {
            tokio::time::sleep(31 * HOUR).await;
            stop.cancel();
        };
        tokio::join!(check_regularly(stop.clone(), check), cancel);
        assert_eq!(*checks.lock().unwrap(), [Duration::ZERO, 30 * HOUR]);
        assert_eq!(began.elapsed(), 31 * HOUR);
    }
}

//! Whether requests can be served, for `/readyz`.

use std::{error::Error as _, sync::Arc, time::Duration};

use patchbay_model::{Clock, CodedError};
use patchbay_storage::{Storage, StorageError};
use tokio::{sync::Mutex, time::Instant};

use crate::{Error, ErrorCode};

/// The time for which a result is used again. A check writes to the disk, and anyone may request one.
const MAX_AGE: Duration = Duration::from_secs(3);

/// The last check of the storage.
pub(crate) struct Readiness {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<Checked>>,
}

/// What a failed check says.
#[derive(Clone)]
struct Unready {
    code: ErrorCode,
    message: String,
    retry_after: Option<u64>,
}

/// A finished check.
struct Checked {
    at: Instant,
    outcome: Result<(), Unready>,
}

impl Readiness {
    pub(crate) fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock, last: Mutex::default() }
    }

    /// Checks that the storage accepts a write. A result of the last three seconds is used again; concurrent callers share
    /// one check.
    ///
    /// # Errors
    ///
    /// 503 `StorageUnavailableError`, for example for a full disk, or 500 `StorageError` for a damaged database.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let now = self.clock.now();
        self.cached(self.storage.meta().check_writable(now)).await
    }

    /// Returns the last result if it is young enough; otherwise runs `check`, which is lazy.
    async fn cached(&self, check: impl Future<Output = Result<(), StorageError>>) -> Result<(), Error> {
        let mut last = self.last.lock().await;
        let outcome = match &*last {
            Some(checked) if checked.at.elapsed() < MAX_AGE => checked.outcome.clone(),
            previous => {
                let was_ready = previous.as_ref().is_none_or(|checked| checked.outcome.is_ok());
                let outcome = check.await.map_err(|error| {
                    if was_ready {
                        let cause = error.source().map(ToString::to_string).unwrap_or_default();
                        tracing::error!(%error, cause, "the server is not ready");
                    }
                    Unready { code: error.code(), message: error.public_message(), retry_after: error.retry_after() }
                });
                if outcome.is_ok() && !was_ready {
                    tracing::info!("the server is ready again");
                }
                *last = Some(Checked { at: Instant::now(), outcome: outcome.clone() });
                outcome
            }
        };
        outcome.map_err(|unready| {
            let mut error = Error::new(unready.code, unready.message);
            error.retry_after = unready.retry_after;
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use patchbay_model::testing::ManualClock;
    use patchbay_storage::sqlite::SqliteStorage;

    use super::*;

    async fn readiness() -> (Readiness, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&directory.path().join("db")).await.unwrap();
        (Readiness::new(Arc::new(storage), Arc::new(ManualClock::at("2026-06-01T09:00:00Z"))), directory)
    }

    #[tokio::test]
    async fn a_result_is_used_again_for_three_seconds() {
        let (readiness, _directory) = readiness().await;
        // From here on, only the test's own checks run, which wait for nothing.
        tokio::time::pause();
        let checks = AtomicUsize::new(0);
        let full = || StorageError::Full("0 bytes are free".into());
        let ask = async |outcome: Result<(), StorageError>| {
            let check = async {
                checks.fetch_add(1, Ordering::Relaxed);
                outcome
            };
            let code = readiness.cached(check).await.err().map(|error| error.code);
            (code, checks.load(Ordering::Relaxed))
        };
        let unavailable = Some(ErrorCode::StorageUnavailable);
        assert_eq!(ask(Ok(())).await, (None, 1));
        tokio::time::advance(Duration::from_millis(2_999)).await;
        assert_eq!(ask(Err(full())).await, (None, 1));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(ask(Err(full())).await, (unavailable, 2));
        // An error is used again for as long, and not longer: the server recovers by itself.
        assert_eq!(ask(Ok(())).await, (unavailable, 2));
        tokio::time::advance(MAX_AGE).await;
        assert_eq!(ask(Ok(())).await, (None, 3));
    }

    #[tokio::test]
    async fn concurrent_callers_share_one_check() {
        let (readiness, _directory) = readiness().await;
        let checks = AtomicUsize::new(0);
        let ask = async || {
            let check = async {
                checks.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(())
            };
            readiness.cached(check).await
        };
        let (one, two, three) = tokio::join!(ask(), ask(), ask());
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        assert_eq!(checks.load(Ordering::Relaxed), 1);
        // The real check passes on a sound database.
        assert!(Readiness::check(&readiness).await.is_ok());
    }
}

//! Whether requests can be served, for `/readyz`.

use std::{error::Error as _, sync::Arc, time::Duration};

use patchbay_model::{Clock, CodedError};
use patchbay_storage::Storage;
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

/// A finished check.
struct Checked {
    at: Instant,
    outcome: Result<(), (ErrorCode, String)>,
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
        let mut last = self.last.lock().await;
        let outcome = match &*last {
            Some(checked) if checked.at.elapsed() < MAX_AGE => checked.outcome.clone(),
            previous => {
                let was_ready = previous.as_ref().is_none_or(|checked| checked.outcome.is_ok());
                let outcome = self.storage.meta().check_writable(self.clock.now()).await.map_err(|error| {
                    if was_ready {
                        let cause = error.source().map(ToString::to_string).unwrap_or_default();
                        tracing::error!(%error, cause, "the server is not ready");
                    }
                    (error.code(), error.public_message())
                });
                if outcome.is_ok() && !was_ready {
                    tracing::info!("the server is ready again");
                }
                *last = Some(Checked { at: Instant::now(), outcome: outcome.clone() });
                outcome
            }
        };
        outcome.map_err(|(code, message)| Error::new(code, message))
    }
}

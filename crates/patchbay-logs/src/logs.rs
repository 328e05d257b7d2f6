//! The logs of a server: the store, which may be away, and what was dropped.
//!
//! Whatever happens to the store, nobody who records a call waits or fails: rows that cannot be written are dropped, and counted by
//! reason. A damaged file is set aside under another name and a new one begins; a missing one begins anew.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use patchbay_model::Timestamp;
use patchbay_storage::StorageError;
use patchbay_vault::Secret;

use crate::{
    postgres::PostgresLogs,
    row::RunRow,
    sqlite::{SqliteLimits, SqliteLogs},
    store::{LogStore, Result},
};

/// Why runs were dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// Too many waited.
    QueueFull,
    /// Those that waited took too much memory.
    QueueBytes,
    /// The store failed for too long, or refused them.
    WriteFailed,
    /// The server has no store.
    NoStore,
    /// The server ended before they were written.
    Stopped,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::QueueFull, Self::QueueBytes, Self::WriteFailed, Self::NoStore, Self::Stopped];

    /// Returns its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::QueueBytes => "queue_bytes",
            Self::WriteFailed => "write_failed",
            Self::NoStore => "no_store",
            Self::Stopped => "stopped",
        }
    }
}

/// The logs of a server.
#[derive(Default)]
pub struct Logs {
    path: Option<PathBuf>,
    /// The URL of a PostgreSQL database. It contains a password.
    url: Option<Secret>,
    limits: SqliteLimits,
    store: Mutex<Option<Arc<dyn LogStore>>>,
    /// The task that opens the store holds it: two stores on one file would give the same numbers to different rows.
    opening: tokio::sync::Mutex<()>,
    dropped: [AtomicU64; DropReason::ALL.len()],
    written: AtomicU64,
}

impl Logs {
    /// Creates logs without a store, for commands that call nobody. What is recorded is dropped.
    pub fn none() -> Self {
        Self::default()
    }

    /// Creates logs in a file, which the first write or read opens.
    pub fn in_file(path: &Path, limits: SqliteLimits) -> Self {
        Self { path: Some(path.to_owned()), limits, ..Self::default() }
    }

    /// Creates logs in a PostgreSQL database, to which the first write connects.
    pub fn in_postgres(url: Secret) -> Self {
        Self { url: Some(url), ..Self::default() }
    }

    /// Creates logs in a store that is open.
    pub fn in_store(store: Arc<dyn LogStore>) -> Self {
        Self { store: Mutex::new(Some(store)), ..Self::default() }
    }

    /// Returns whether there is, or can be, a store.
    pub fn has_store(&self) -> bool {
        self.path.is_some() || self.url.is_some() || self.current().is_some()
    }

    fn current(&self) -> Option<Arc<dyn LogStore>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, store: Option<Arc<dyn LogStore>>) -> Option<Arc<dyn LogStore>> {
        std::mem::replace(&mut *self.store.lock().unwrap_or_else(PoisonError::into_inner), store)
    }

    /// Returns the store for reading.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if it is not open.
    pub fn reader(&self) -> Result<Arc<dyn LogStore>> {
        self.current().ok_or_else(|| StorageError::Unavailable {
            remedy: "look into the server's log for the reason, and try again",
            source: "the logs are not open".into(),
        })
    }

    /// Opens the store if it is not open. A damaged file is set aside first. Only who writes calls this.
    ///
    /// # Errors
    /// A [`StorageError`] if it cannot be opened now.
    pub async fn open(&self, now: Timestamp) -> Result<Arc<dyn LogStore>> {
        let _opening = self.opening.lock().await;
        // A file that was removed while it was open would take rows that nobody can read.
        let is_lost = self.path.as_ref().is_some_and(|path| !path.exists());
        if let Some(store) = self.current() {
            if !is_lost {
                return Ok(store);
            }
            tracing::error!(path = ?self.path, "THE FILE OF THE LOGS IS GONE: a new one begins");
            self.close().await;
        }
        if let Some(url) = &self.url {
            let store: Arc<dyn LogStore> = Arc::new(PostgresLogs::open(url.expose()).await?);
            self.replace(Some(store.clone()));
            return Ok(store);
        }
        let Some(path) = &self.path else {
            return Err(StorageError::Closed("the server has no store of logs".into()));
        };
        let opened = match SqliteLogs::open(path, self.limits).await {
            Err(StorageError::Corrupt(reason)) => {
                set_aside(path, now, &*reason);
                SqliteLogs::open(path, self.limits).await
            }
            outcome => outcome,
        };
        let store: Arc<dyn LogStore> = Arc::new(opened?);
        self.replace(Some(store.clone()));
        Ok(store)
    }

    /// Appends runs. A file that turns out to be damaged is set aside, and they go to a new one.
    ///
    /// # Errors
    /// A [`StorageError`] if they are not stored.
    pub async fn append(&self, rows: &[RunRow], now: Timestamp) -> Result<()> {
        let store = self.open(now).await?;
        let outcome = match (store.append(rows).await, &self.path) {
            (Err(StorageError::Corrupt(reason)), Some(path)) => {
                drop(store);
                self.close().await;
                set_aside(path, now, &*reason);
                self.open(now).await?.append(rows).await
            }
            (outcome, _) => outcome,
        };
        if outcome.is_ok() {
            self.written.fetch_add(rows.len() as u64, Ordering::Relaxed);
        }
        outcome
    }

    /// Counts runs that are dropped.
    pub fn drop_runs(&self, reason: DropReason, runs: u64) {
        let count = self.dropped[reason as usize].fetch_add(runs, Ordering::Relaxed) + runs;
        if count == runs || count.next_power_of_two() != (count - runs).next_power_of_two() {
            tracing::warn!(reason = reason.as_str(), dropped = count, "runs are missing in the logs");
        }
    }

    /// Returns the number of runs that were dropped since the start, by reason.
    pub fn dropped(&self) -> Vec<(&'static str, u64)> {
        let count = |reason: DropReason| (reason.as_str(), self.dropped[reason as usize].load(Ordering::Relaxed));
        DropReason::ALL.into_iter().map(count).collect()
    }

    /// Returns the number of runs that were written since the start.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Closes the store.
    pub async fn close(&self) {
        if let Some(store) = self.replace(None) {
            store.close().await;
        }
    }
}

/// Gives a damaged file another name. If that fails, opening it fails again, and says so.
fn set_aside(path: &Path, now: Timestamp, reason: &dyn std::error::Error) {
    match SqliteLogs::set_aside(path, now) {
        Ok(aside) => tracing::error!(
            %reason, aside = %aside.display(),
            "THE FILE OF THE LOGS IS DAMAGED: it has another name now, and a new one begins. Calls are not concerned"
        ),
        Err(error) => tracing::error!(%reason, %error, "THE FILE OF THE LOGS IS DAMAGED and cannot be renamed"),
    }
}

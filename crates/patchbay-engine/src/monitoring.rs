//! The text of `/metrics`: the counts of the process, and figures of the moment.
//!
//! Figures that are read from the database are kept for a few seconds, and concurrent callers share one look: a scrape costs the
//! database the same however many ask. While the database is away they are left out, and the rest is still written.

use std::{sync::Arc, time::Duration};

use patchbay_logs::Logs;
use patchbay_metrics::{CONTENT_TYPE, Gauges, metrics, open_metrics};
use patchbay_model::{AccountStatus, Clock};
use patchbay_storage::{Storage, StorageError, WebhookQueue};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// The content type of the metrics.
pub const METRICS_CONTENT_TYPE: &str = CONTENT_TYPE;

/// For how long figures of the database are used again.
const MAX_AGE: Duration = Duration::from_secs(5);
/// How long the figures of the database may take: monitoring gives up after ten seconds.
const TIMEOUT: Duration = Duration::from_secs(4);
/// The number of connectors of which accounts are counted.
const MAX_CONNECTORS: u32 = 500;

/// Figures of the databases.
#[derive(Clone, Default)]
struct Figures {
    accounts: Option<Vec<(String, AccountStatus, u64)>>,
    queue: Option<WebhookQueue>,
    log_bytes: Option<u64>,
}

/// Reads the figures of the moment.
pub(crate) struct Monitoring {
    storage: Arc<dyn Storage>,
    logs: Arc<Logs>,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<(Instant, Figures)>>,
}

impl Monitoring {
    pub(crate) fn new(storage: Arc<dyn Storage>, logs: Arc<Logs>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, logs, clock, last: Mutex::default() }
    }

    async fn figures(&self) -> Figures {
        let mut last = self.last.lock().await;
        match &*last {
            Some((at, figures)) if at.elapsed() < MAX_AGE => figures.clone(),
            _ => {
                let figures = timeout(TIMEOUT, self.read()).await.unwrap_or_default();
                *last = Some((Instant::now(), figures.clone()));
                figures
            }
        }
    }

    async fn read(&self) -> Figures {
        let found = |what: &str, error: StorageError| tracing::debug!(%error, what, "metrics are left out");
        let accounts = self.storage.accounts().count(MAX_CONNECTORS).await;
        let queue = self.storage.webhooks().queue().await;
        let log_bytes = match self.logs.reader() {
            Ok(store) => store.status().await.map(|status| status.bytes),
            Err(error) => Err(error),
        };
        Figures {
            accounts: accounts.map_err(|error| found("accounts", error)).ok(),
            queue: queue.map_err(|error| found("webhooks", error)).ok(),
            log_bytes: log_bytes.map_err(|error| found("logs", error)).ok(),
        }
    }

    /// Returns the metrics of the process in the text format of OpenMetrics. `stale` is how long a shared database has been away.
    pub(crate) async fn text(&self, stale: Option<Duration>) -> String {
        open_metrics(metrics(), &self.gauges(stale).await)
    }

    /// Returns the figures of the moment.
    async fn gauges(&self, stale: Option<Duration>) -> Gauges {
        let Figures { accounts, queue, log_bytes } = self.figures().await;
        let now = self.clock.now();
        let age = |queue: WebhookQueue| queue.oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
        let accounts = accounts.map(|accounts| {
            accounts.into_iter().map(|(connector, status, count)| (connector, status.as_str(), count)).collect()
        });
        Gauges {
            version: env!("CARGO_PKG_VERSION"),
            has_storage: queue.is_some(),
            accounts,
            webhook_queue: queue.map(|queue| vec![("pending", queue.pending), ("dead", queue.dead)]),
            webhook_oldest_seconds: queue.map(age),
            webhooks_open: queue.map(|queue| queue.open),
            log_rows: self.logs.written(),
            log_dropped: self.logs.dropped(),
            log_bytes,
            stale_seconds: stale.map_or(0.0, |age| age.as_secs_f64()),
        }
    }
}

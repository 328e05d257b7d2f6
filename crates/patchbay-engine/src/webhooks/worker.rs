//! The task that delivers events. Each server has one: they claim deliveries past each other.
//!
//! A claim lasts [`LEASE`], which is longer than an attempt. The deliveries of a server that was killed are due again when it ends.

use std::{collections::HashSet, sync::Arc, time::Duration};

use patchbay_metrics::{Delivery, metrics};
use patchbay_model::{
    AttemptOutcome, Audience, ClaimedDelivery, Clock, DeliveryId, DeliveryState, OutboxEvent, PlatformEvent, Webhook,
    WebhookId,
};
use patchbay_runtime::Host;
use patchbay_storage::{Storage, StorageError};
use patchbay_vault::Vault;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    attempt::Attempts,
    endpoints::{Endpoints, endpoint_of},
    outbox::DeliveryWake,
    payload::{WebhookFacts, webhook_body},
};
use crate::{EngineParts, background_task::BackgroundTask};

/// How long a delivery belongs to the server that claimed it.
const LEASE: Duration = Duration::from_secs(18);
/// The time between two looks for deliveries that are due.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The time between two looks for webhooks that fail.
const ALARM_INTERVAL: Duration = Duration::from_mins(1);
/// How long running attempts may take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// The number of webhooks that a look considers.
const MAX_WEBHOOKS_PER_LOOK: u32 = 200;
/// The number of outcomes that are kept while the database is away. Others are attempted again when their lease has ended.
const MAX_UNWRITTEN: usize = 1_000;

/// Delivers events.
pub(crate) struct Deliverer {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    attempts: Arc<Attempts>,
    wake: DeliveryWake,
}

/// An attempt that has ended.
struct Ended {
    endpoint: String,
    outcome: AttemptOutcome,
}

/// What one run of the task knows.
#[derive(Default)]
struct Run {
    running: JoinSet<Ended>,
    claimed: HashSet<(DeliveryId, i64)>,
    endpoints: Endpoints,
    unwritten: Vec<AttemptOutcome>,
    /// The webhook after which the next look begins.
    after: Option<WebhookId>,
    /// Webhooks of which the log says that they fail.
    failing: HashSet<WebhookId>,
}

impl Deliverer {
    pub(crate) fn new(parts: &EngineParts, host: Arc<Host>, wake: DeliveryWake) -> Self {
        let attempts = Arc::new(Attempts::new(parts, host));
        Self { storage: parts.storage.clone(), clock: parts.clock.clone(), attempts, wake }
    }

    /// Delivers everything that is due by now, and returns the number of attempts.
    pub(crate) async fn deliver_due(&self) -> Result<usize, StorageError> {
        let (mut run, mut attempts) = (Run::default(), 0);
        loop {
            self.claim(&mut run).await?;
            let Some(ended) = run.running.join_next().await else { break };
            run.end(ended);
            attempts += run.unwritten.len();
            self.write(&mut run).await?;
        }
        self.raise_alarms(&mut run).await?;
        Ok(attempts)
    }

    /// Claims as many deliveries as may run, and begins them.
    async fn claim(&self, run: &mut Run) -> Result<(), StorageError> {
        if run.endpoints.is_full() {
            return Ok(());
        }
        let (now, webhooks) = (self.clock.now(), self.storage.webhooks());
        let due = webhooks.due(now, run.after.unwrap_or(WebhookId(i64::MIN)), MAX_WEBHOOKS_PER_LOOK).await?;
        let plan = run.endpoints.plan(&due);
        let Some((last, _)) = plan.last() else { return Ok(()) };
        run.after = Some(*last);
        let claimed = webhooks.claim(&plan, now, now.plus(LEASE)).await?;
        for claimed in claimed {
            self.begin(run, claimed);
        }
        Ok(())
    }

    fn begin(&self, run: &mut Run, claimed: ClaimedDelivery) {
        let endpoint = endpoint_of(&claimed.webhook.url);
        let is_single = claimed.webhook.ordered || claimed.webhook.health.open_until().is_some();
        run.endpoints.begin(&endpoint, claimed.webhook.id, is_single);
        run.claimed.insert((claimed.id, claimed.fence));
        let attempts = self.attempts.clone();
        run.running.spawn(async move { Ended { endpoint, outcome: attempts.attempt(&claimed).await } });
    }

    /// Writes what came of attempts.
    async fn write(&self, run: &mut Run) -> Result<(), StorageError> {
        if run.unwritten.is_empty() {
            return Ok(());
        }
        let written = self.storage.webhooks().complete(&run.unwritten, self.clock.now()).await;
        match written {
            Ok(()) => run.unwritten.clear(),
            Err(_) => run.unwritten.truncate(MAX_UNWRITTEN),
        }
        written
    }

    /// Tells the log and the other webhooks of a project of those that fail.
    async fn raise_alarms(&self, run: &mut Run) -> Result<(), StorageError> {
        let now = self.clock.now();
        let failing = self.storage.webhooks().failing().await?;
        let failing = failing.into_iter().filter(|webhook| webhook.health.is_failing(now)).collect::<Vec<_>>();
        run.failing.retain(|id| failing.iter().any(|webhook| webhook.id == *id));
        for webhook in failing {
            if run.failing.insert(webhook.id) {
                tracing::warn!(
                    webhook = webhook.id.0, project = %webhook.project_id,
                    last_error = webhook.health.last_error, "no delivery to a webhook has succeeded for an hour"
                );
            }
            if webhook.health.is_alarm_due(now) {
                self.alarm(&webhook).await?;
            }
        }
        Ok(())
    }

    /// Tells the other webhooks. If the server stops in between, the event is stored once all the same: its id says what it reports.
    async fn alarm(&self, webhook: &Webhook) -> Result<(), StorageError> {
        let (now, since) = (self.clock.now(), webhook.health.failing_since());
        let number = webhook.id.to_string();
        let began = since.unwrap_or(now).as_micros().to_string();
        let parts = [webhook.project_id.as_str(), number.as_str(), began.as_str()];
        let id = format!("evt_{}", &Vault::hash_parts(&parts.map(str::as_bytes)).hex()[..40]);
        let name = PlatformEvent::WebhookFailing.as_str();
        let facts = WebhookFacts {
            id: &id,
            event: name,
            project: &webhook.project_id,
            webhook: webhook.id,
            failing_since: since,
            last_error: webhook.health.last_error.as_deref(),
        };
        let event = OutboxEvent {
            body: webhook_body(&facts, now),
            project_id: webhook.project_id.clone(),
            event: name.to_owned(),
            matches: vec![name.to_owned()],
            account_id: None,
            record_id: number,
            created_at: now,
            id,
        };
        self.storage.webhooks().record(&event, Audience::Others(webhook.id)).await?;
        self.storage.webhooks().set_alarmed(webhook.id).await?;
        self.wake.wake();
        tracing::error!(webhook = webhook.id.0, project = %webhook.project_id, "NO DELIVERY TO A WEBHOOK HAS SUCCEEDED FOR A DAY");
        Ok(())
    }
}

impl Run {
    fn end(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        self.take(ended);
        while let Some(ended) = self.running.try_join_next() {
            self.take(ended);
        }
    }

    fn take(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        let Ended { endpoint, outcome } = match ended {
            Ok(ended) => ended,
            // Its delivery is attempted again when the lease has ended.
            Err(error) => return tracing::error!(%error, "an attempt of a delivery ended early"),
        };
        let took = Duration::from_millis(outcome.attempt.duration_millis);
        self.endpoints.end(&endpoint, outcome.webhook_id, outcome.attempt.error.is_none(), took);
        metrics().deliveries.of(counted_as(outcome.state)).add_one();
        self.claimed.remove(&(outcome.id, outcome.fence));
        self.unwritten.push(outcome);
    }
}

/// Returns what metrics count an attempt under.
fn counted_as(state: DeliveryState) -> Delivery {
    match state {
        DeliveryState::Delivered => Delivery::Delivered,
        DeliveryState::Dead => Delivery::Dead,
        DeliveryState::Pending => Delivery::Retried,
    }
}

/// Starts the task. A cancellation lets running attempts end, and gives the others back.
pub(crate) fn start(deliverer: Arc<Deliverer>) -> BackgroundTask {
    BackgroundTask::start(async move |stop| {
        let mut run = Run::default();
        let mut next_alarms = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = run.running.join_next() => run.end(ended),
                () = deliverer.wake.woken() => {}
                () = sleep(LOOK_INTERVAL) => {}
            }
            let worked = async {
                deliverer.write(&mut run).await?;
                deliverer.claim(&mut run).await?;
                if next_alarms <= Instant::now() {
                    next_alarms = Instant::now() + ALARM_INTERVAL;
                    deliverer.raise_alarms(&mut run).await?;
                }
                Ok::<_, StorageError>(())
            };
            if let Err(error) = worked.await {
                tracing::warn!(%error, "could not deliver events to webhooks; will retry");
                tokio::select! { () = stop.cancelled() => break, () = sleep(LOOK_INTERVAL) => {} }
            }
        }
        stop_running(&deliverer, run).await;
    })
}

async fn stop_running(deliverer: &Deliverer, mut run: Run) {
    let _ = timeout(STOP_TIMEOUT, async {
        while let Some(ended) = run.running.join_next().await {
            run.take(ended);
        }
    })
    .await;
    run.running.abort_all();
    let back = run.claimed.iter().copied().collect::<Vec<_>>();
    let written = deliverer.write(&mut run).await;
    let released = if back.is_empty() { Ok(()) } else { deliverer.storage.webhooks().release(&back).await };
    if let Err(error) = written.and(released) {
        tracing::warn!(%error, "could not record the last deliveries to webhooks; they are attempted again");
    }
}

//! Background worker: refreshes due tokens (those of suspended accounts too), sends expiry notices, evicts idle mTLS
//! clients.

use std::{sync::Arc, time::Duration};

use patchbay_runtime::Host;
use tokio::time::{MissedTickBehavior, interval};

use super::{expiry_notices::ExpiryNotices, refresh::TokenRefresher};
use crate::background_task::BackgroundTask;

/// The interval between two runs.
const TICK_INTERVAL: Duration = Duration::from_secs(20);

/// Starts the worker.
pub(crate) fn start(host: Arc<Host>, refresher: Arc<TokenRefresher>, notices: Arc<ExpiryNotices>) -> BackgroundTask {
    BackgroundTask::start(async move |stop| {
        let mut ticks = interval(TICK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! { () = stop.cancelled() => break, _ = ticks.tick() => {} }
            host.http.evict_idle();
            tokio::select! { () = stop.cancelled() => break, () = refresher.refresh_due() => {} }
            tokio::select! { () = stop.cancelled() => break, () = notices.send_due() => {} }
        }
    })
}

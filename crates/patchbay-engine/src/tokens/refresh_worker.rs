//! Background worker: refreshes due tokens (those of suspended accounts too), sends expiry notices, evicts idle mTLS
//! clients. Of several servers, the leader sends the notices.

use std::{sync::Arc, time::Duration};

use patchbay_runtime::Host;
use tokio::time::{MissedTickBehavior, interval};

use super::{expiry_notices::ExpiryNotices, refresh::TokenRefresher};
use crate::{background_task::BackgroundTask, replicas::leadership::Leadership};

/// The interval between two runs. With the life of a lease, it bounds how long the refreshes of a server that died wait.
const TICK_INTERVAL: Duration = Duration::from_secs(5);

/// Starts the worker.
pub(crate) fn start(
    host: Arc<Host>,
    refresher: Arc<TokenRefresher>,
    notices: Arc<ExpiryNotices>,
    leadership: Leadership,
) -> BackgroundTask {
    BackgroundTask::start(async move |stop| {
        let mut ticks = interval(TICK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! { () = stop.cancelled() => break, _ = ticks.tick() => {} }
            host.http.evict_idle();
            tokio::select! { () = stop.cancelled() => break, () = refresher.refresh_due() => {} }
            tokio::select! { () = stop.cancelled() => break, _ = leadership.perform(notices.send_due()) => {} }
        }
    })
}

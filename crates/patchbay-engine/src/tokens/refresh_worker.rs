//! Background worker: refreshes due tokens (those of suspended accounts too), sends expiry notices, evicts idle mTLS
//! clients.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::{RefreshGoal, expiry_notices::send_expiry_notices};
use crate::{Engine, background_task::BackgroundTask};

/// The interval between two runs.
const TICK_INTERVAL: Duration = Duration::from_secs(20);
/// The most accounts of one run.
const MAX_BATCH: u32 = 200;
/// The most concurrent refreshes.
const MAX_CONCURRENT_REFRESHES: usize = 8;

/// Starts the worker.
pub(crate) fn start(engine: Engine) -> BackgroundTask {
    BackgroundTask::start(async move |stop| {
        let mut ticks = interval(TICK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! { () = stop.cancelled() => break, _ = ticks.tick() => {} }
            engine.http().evict_idle();
            tokio::select! { () = stop.cancelled() => break, () = refresh_due_tokens(&engine) => {} }
            tokio::select! { () = stop.cancelled() => break, () = send_expiry_notices(&engine) => {} }
        }
    })
}

/// Refreshes the tokens that are due.
pub(crate) async fn refresh_due_tokens(engine: &Engine) {
    let due = match engine.storage().refresh_leases().due_refreshes(engine.clock().now(), MAX_BATCH).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "could not read the accounts whose tokens are due; will retry");
            return;
        }
    };
    stream::iter(due)
        .for_each_concurrent(MAX_CONCURRENT_REFRESHES, async |(project, id)| {
            // The failure is in the account's state or in the log.
            if let Err(error) = engine.refresh_account(&project, &id, RefreshGoal::IfDue).await {
                tracing::debug!(%error, account = %id, "a token was not refreshed");
            }
        })
        .await;
}

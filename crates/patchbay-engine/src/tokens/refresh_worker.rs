//! Renews in the background what nobody uses, and what a schedule asks for; suspended accounts too. Tells of accounts that
//! no renewal can save. Lets go of clients with a certificate that rest.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::{RefreshGoal, expiry_notices::send_expiry_notices};
use crate::{Engine, background_task::BackgroundTask};

/// How often it looks.
const TICK_INTERVAL: Duration = Duration::from_secs(20);
/// The most accounts in one look.
const MAX_BATCH: u32 = 200;
/// Renewals at the same time.
const MAX_CONCURRENT_REFRESHES: usize = 8;

/// Starts it.
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

/// One look.
pub(crate) async fn refresh_due_tokens(engine: &Engine) {
    let due = match engine.storage().refresh_leases().due_refreshes(engine.clock().now(), MAX_BATCH).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "accounts whose tokens should be renewed could not be read; it is tried again");
            return;
        }
    };
    stream::iter(due)
        .for_each_concurrent(MAX_CONCURRENT_REFRESHES, async |(project, id)| {
            // What went wrong is in the account's state or in the log by now.
            if let Err(error) = engine.refresh_account(&project, &id, RefreshGoal::IfDue).await {
                tracing::debug!(%error, account = %id, "a token was not renewed");
            }
        })
        .await;
}

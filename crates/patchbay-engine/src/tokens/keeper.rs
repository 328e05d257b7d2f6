//! Renews in the background what nobody uses, and what a schedule asks for; suspended accounts too. Tells of accounts that
//! no renewal can save. Lets go of clients with a certificate that rest.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::{Want, endings::tell_of_endings};
use crate::{Engine, background_task::BackgroundTask};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(20);
/// The most accounts in one look.
const BATCH: u32 = 200;
/// Renewals at the same time.
const AT_ONCE: usize = 8;

/// Starts it.
pub(crate) fn start(engine: Engine) -> BackgroundTask {
    BackgroundTask::start(async move |stop| {
        let mut turns = interval(EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! { () = stop.cancelled() => break, _ = turns.tick() => {} }
            engine.http().evict_idle();
            tokio::select! { () = stop.cancelled() => break, () = renew_what_is_due(&engine) => {} }
            tokio::select! { () = stop.cancelled() => break, () = tell_of_endings(&engine) => {} }
        }
    })
}

/// One look.
pub(crate) async fn renew_what_is_due(engine: &Engine) {
    let due = match engine.storage().refresh_leases().due_refreshes(engine.clock().now(), BATCH).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "accounts whose tokens should be renewed could not be read; it is tried again");
            return;
        }
    };
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, async |(project, id)| {
            // What went wrong is in the account's state or in the log by now.
            if let Err(error) = engine.renewal(&project, &id, Want::WhenDue).await {
                tracing::debug!(%error, account = %id, "a token was not renewed");
            }
        })
        .await;
}

//! Reloads the connectors directory and the key ring on SIGHUP, and the key ring of a shared database every ten seconds. Running calls
//! are not interrupted.

use std::{sync::Arc, time::Duration};

use patchbay_engine::Engine;
use tokio::{
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::data_dir::DataDir;

/// The time between two reads of the key ring.
const KEY_RING_INTERVAL: Duration = Duration::from_secs(10);

/// Reloads the connectors at each SIGHUP, and reports the outcome on standard error. Reads the key ring then too, and regularly: other
/// servers of the database may have changed to another key.
pub async fn on_hang_up(engine: Engine, data_dir: Arc<DataDir>, mut hang_ups: Signal, stop: CancellationToken) {
    let mut ticks = interval(KEY_RING_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_hang_up = tokio::select! {
            () = stop.cancelled() => return,
            signal = hang_ups.recv() => {
                if signal.is_none() {
                    return;
                }
                true
            }
            _ = ticks.tick() => false,
        };
        if let Err(error) = engine.key_rotation.reread(&data_dir.key_ring()).await {
            tracing::warn!(%error, "could not read the key ring again; the one in use is kept");
        }
        if !is_hang_up {
            continue;
        }
        match engine.connectors.reload_instance().await {
            Ok(reloaded) => {
                if !reloaded.report.is_empty() {
                    eprint!("{}", reloaded.report);
                }
                for folder in &reloaded.refused {
                    let consequence = if reloaded.kept.contains(folder) {
                        "its last valid version stays in use"
                    } else {
                        "it is not in use"
                    };
                    tracing::error!(connector = %folder, "the connector has errors; {consequence}");
                }
                tracing::info!(
                    added = reloaded.added.join(", "),
                    changed = reloaded.changed.join(", "),
                    removed = reloaded.removed.join(", "),
                    refused = reloaded.refused.len(),
                    "reloaded the connectors"
                );
            }
            Err(error) => tracing::error!(code = error.code.as_str(), "{}", error.message),
        }
    }
}

//! Reloads the connectors directory on SIGHUP. Running calls are not interrupted.

use patchbay_engine::Engine;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;

/// Reloads the connectors at each SIGHUP, and reports the outcome on standard error.
pub async fn on_hang_up(engine: Engine, mut hang_ups: Signal, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            signal = hang_ups.recv() => if signal.is_none() { return },
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

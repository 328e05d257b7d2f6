//! SIGHUP reads the connectors directory again, while calls go on.

use patchbay_engine::Engine;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;

/// Reads the connectors again at each SIGHUP, and says on standard error what came of it.
pub async fn on_hang_up(engine: Engine, mut hang_ups: Signal, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            signal = hang_ups.recv() => if signal.is_none() { return },
        }
        match engine.reload_instance().await {
            Ok(reloaded) => {
                if !reloaded.report.is_empty() {
                    eprint!("{}", reloaded.report);
                }
                for folder in &reloaded.refused {
                    let still = if reloaded.kept.contains(folder) {
                        "its last good version serves"
                    } else {
                        "it is not served"
                    };
                    tracing::error!(connector = %folder, "the connector has errors: {still}");
                }
                tracing::info!(
                    added = reloaded.added.join(", "),
                    changed = reloaded.changed.join(", "),
                    removed = reloaded.removed.join(", "),
                    refused = reloaded.refused.len(),
                    "connectors were read again"
                );
            }
            Err(error) => tracing::error!(code = error.code.as_str(), "{}", error.message),
        }
    }
}

//! The time between the signal that ends the server and the moment when it stops accepting connections.
//!
//! Meanwhile, `/readyz` fails, and everything else is served as before: a load balancer has time to notice that the server leaves.
//! If it stopped accepting at once, a request would fail that is sent to it before the next health check.

use std::time::Duration;

use patchbay_engine::Engine;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long it takes, unless the operator chooses, if other servers use the database: without them, no load balancer has another
/// server to send requests to.
const DEFAULT: Duration = Duration::from_secs(5);

/// Cancels `stop` some time after `stopping` was cancelled: after `chosen`, or a default.
pub(super) async fn delay(
    chosen: Option<Duration>,
    engine: Engine,
    stopping: CancellationToken,
    stop: CancellationToken,
) {
    stopping.cancelled().await;
    let delay = match chosen {
        Some(delay) => delay,
        None if engine.membership.has_others().await => DEFAULT,
        None => Duration::ZERO,
    };
    if !delay.is_zero() {
        tracing::info!(seconds = delay.as_secs(), "not ready; still serving until load balancers have noticed");
        sleep(delay).await;
    }
    stop.cancel();
}

//! Turns SIGTERM and SIGINT into a cancellation token, and SIGHUP into a stream.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Returns a token that the first SIGTERM or SIGINT cancels. A second one exits the process at once.
pub fn listen() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping; waiting for running requests (a second signal stops at once)");
        stop.cancel();
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        // 128 + SIGTERM: the exit code that a shell reports for a process ended by that signal.
        std::process::exit(143);
    });
    Ok(token)
}

/// Returns the stream of SIGHUPs. From now on, SIGHUP no longer ends the process.
pub fn hang_ups() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}

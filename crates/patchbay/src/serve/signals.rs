//! SIGTERM and SIGINT, as a token; a second of them ends the process at once. SIGHUP, as a stream.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled at the first SIGTERM or SIGINT.
pub fn listen() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping: running requests may finish; a second signal stops at once");
        stop.cancel();
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        // 128 + SIGTERM, what a shell shows for a process that the signal ended.
        std::process::exit(143);
    });
    Ok(token)
}

/// The SIGHUPs from now on: none of them ends the process any more.
pub fn hang_ups() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}

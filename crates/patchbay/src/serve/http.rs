//! Accepts connections and serves them as HTTP/1.1 or HTTP/2 on the [`Workers`]. Disconnects slow clients, and drains
//! running requests at shutdown.

use std::{net::TcpStream, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use super::workers::{DrainedWorkers, Workers};

/// The time in which a client must send a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// The largest number of open connections. More connections wait in the system's queue.
const MAX_CONNECTIONS: usize = 10_000;
/// The interval of HTTP/2 keep-alive pings, and the time in which a client must acknowledge one. HTTP/1.1 connections
/// have [`HEADER_TIMEOUT`].
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// The time between two attempts to accept when the system has run out of file descriptors.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// Accepts connections until `stop` is cancelled, then waits for the running requests.
pub async fn serve(listener: TcpListener, workers: Workers, stop: CancellationToken) -> DrainedWorkers {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let permit = tokio::select! {
            () = stop.cancelled() => break,
            permit = permits.clone().acquire_owned() => permit,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted.and_then(|(stream, _)| stream.into_std()) {
            Ok(stream) => workers.assign(stream, permit),
            Err(error) => {
                // Both causes are temporary: the client disconnected, or file descriptors ran out.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
            }
        }
    }
    drop(listener);
    workers.drain().await
}

/// The connections of one worker thread.
pub(super) struct Connections {
    router: Router,
    builder: Arc<Builder<TokioExecutor>>,
    graceful: GracefulShutdown,
}

impl Connections {
    pub(super) fn new(router: Router) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        // Without `pipeline_flush`: with it, hyper does not send its 400, 414 or 431 for a request that it cannot parse.
        // Without vectored writes: small responses are sent faster from one buffer.
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).writev(false);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(256)
            .keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_INTERVAL);
        Self { router, builder: Arc::new(builder), graceful: GracefulShutdown::new() }
    }

    /// Serves a connection concurrently with the others. Drops `permit` when the connection closes.
    pub(super) fn serve(&self, stream: TcpStream, permit: impl Send + 'static) {
        // Responses are written in one piece: Nagle's algorithm would only delay them.
        let _ = stream.set_nodelay(true);
        let stream = match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot register a connection with the runtime");
                return;
            }
        };
        let service = TowerToHyperService::new(self.router.clone());
        let watcher = self.graceful.watcher();
        let builder = self.builder.clone();
        tokio::spawn(async move {
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(error, "a connection closed with an error");
            }
            drop(permit);
        });
    }

    /// Waits up to `grace` for the running requests. Returns true if all of them finished.
    pub(super) async fn drain(self, grace: Duration) -> bool {
        tokio::time::timeout(grace, self.graceful.shutdown()).await.is_ok()
    }
}

//! Connections: accepted in one place, served as HTTP/1.1 or HTTP/2 by the [`Workers`], slow clients cut off,
//! running requests drained at the end.

use std::{net::TcpStream, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use super::workers::{Drained, Workers};

/// How long a client may take to send a request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// Connections at once; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 10_000;
/// How long an HTTP/2 connection may be silent before it is asked whether it is still there, and how long it may take to
/// say so. HTTP/1.1 has [`HEADER_TIMEOUT`].
const SILENCE: Duration = Duration::from_secs(30);
/// How long to rest when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until `stop`, then lets the running requests finish.
pub async fn serve(listener: TcpListener, workers: Workers, stop: CancellationToken) -> Drained {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = places.clone().acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted.and_then(|(stream, _)| stream.into_std()) {
            Ok(stream) => workers.take(stream, place),
            Err(error) => {
                // A client that left is its own affair; running out of descriptors passes.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    workers.drain().await
}

/// The connections of one thread.
pub(super) struct Connections {
    router: Router,
    builder: Arc<Builder<TokioExecutor>>,
    graceful: GracefulShutdown,
}

impl Connections {
    pub(super) fn new(router: Router) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).pipeline_flush(true);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(256)
            .keep_alive_interval(SILENCE)
            .keep_alive_timeout(SILENCE);
        Self { router, builder: Arc::new(builder), graceful: GracefulShutdown::new() }
    }

    /// Serves a connection beside the others; `held` is let go when it ends.
    pub(super) fn serve(&self, stream: TcpStream, held: impl Send + 'static) {
        // Answers are written whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let stream = match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken over");
                return;
            }
        };
        let service = TowerToHyperService::new(self.router.clone());
        let watcher = self.graceful.watcher();
        let builder = self.builder.clone();
        tokio::spawn(async move {
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(error, "a connection ended early");
            }
            drop(held);
        });
    }

    /// Waits up to `grace` for the running requests. True when all of them finished.
    pub(super) async fn drain(self, grace: Duration) -> bool {
        tokio::time::timeout(grace, self.graceful.shutdown()).await.is_ok()
    }
}

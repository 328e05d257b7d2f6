//! Accepts connections and serves them as HTTP/1.1 or HTTP/2 on the [`Workers`]. Closes those that wait for their client
//! too long, and drains running requests at shutdown.

mod activity;
mod client_stream;
mod clocks;
mod descriptors;
mod exchange;
mod places;
mod refusals;
#[cfg(test)]
mod tests;

use std::{net::TcpStream, pin::Pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    activity::{Protocol, Verdict},
    client_stream::ClientStream,
    exchange::ConnectionService,
    places::{Client, Place},
};
use super::workers::{DrainedWorkers, Workers};

pub(super) use self::{
    clocks::Clocks,
    descriptors::{connections as connections_within, raise_limit},
    places::Places,
};

/// The largest head of an HTTP/1.1 request, in bytes. It also bounds what is written ahead of a client that does not
/// read, so that thousands of them cost little.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// The number of requests that an HTTP/2 client may have under way on a connection.
const MAX_CONCURRENT_STREAMS: u32 = 100;
/// What an HTTP/2 client may send ahead of who reads it: on a stream, and on all streams of a connection.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 512 * 1024;
/// What is written ahead of an HTTP/2 client that does not read, on each stream.
const MAX_SEND_BUFFER_BYTES: usize = 32 * 1024;
/// The interval of HTTP/2 keep-alive pings, and the time in which a client must acknowledge one.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// The time between two attempts to accept when no place or no file descriptor is free.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// An accepted connection that has a place.
pub(super) struct AcceptedConnection {
    stream: TcpStream,
    place: Place,
}

impl AcceptedConnection {
    pub(super) fn new(stream: TcpStream, place: Place) -> Self {
        Self { stream, place }
    }
}

/// Accepts connections until `stop` is cancelled, then waits for the running requests.
pub(super) async fn serve(
    listener: TcpListener,
    workers: Workers,
    places: Arc<Places>,
    stop: CancellationToken,
) -> DrainedWorkers {
    // Cancelled at any await: a connection that has no place yet is closed.
    let accepting = async {
        loop {
            match listener.accept().await.and_then(|(stream, address)| Ok((stream.into_std()?, address))) {
                Ok((stream, address)) => {
                    let place = loop {
                        match places.take(address.ip()) {
                            Some(place) => break place,
                            // Every client waits for the server. More connections wait in the system's queue.
                            None => drop(timeout(ACCEPT_RETRY_INTERVAL, places.freed()).await),
                        }
                    };
                    workers.assign(AcceptedConnection::new(stream, place));
                }
                Err(error) => {
                    // Both causes are temporary: the client disconnected, or file descriptors ran out.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
                }
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = accepting => {}
    }
    drop(listener);
    workers.drain().await
}

/// The connections of one worker thread.
pub(super) struct Connections {
    server: Arc<Server>,
    tasks: TaskTracker,
}

/// What the connections of a worker thread share.
struct Server {
    router: Router,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    clocks: Clocks,
    stop: CancellationToken,
}

/// The reason for which a connection ends.
enum End {
    /// It is complete, or broken.
    Complete,
    /// The head of a request is late.
    HeadTimeout,
    /// The client does not read.
    Cut,
}

impl Connections {
    pub(super) fn new(router: Router, clocks: Clocks) -> Self {
        let mut http1 = http1::Builder::new();
        // Without `pipeline_flush`, which removes the bound of what is written ahead. Without vectored writes: small
        // responses are sent faster from one buffer. Without hyper's timeout for heads, a timer for each request: the
        // connection's own clock covers it.
        http1.header_read_timeout(None).max_buf_size(MAX_BUFFER_BYTES).writev(false);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(MAX_SEND_BUFFER_BYTES)
            .keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_INTERVAL);
        let server = Server { router, http1, http2, clocks, stop: CancellationToken::new() };
        Self { server: Arc::new(server), tasks: TaskTracker::new() }
    }

    /// Serves a connection concurrently with the others. `count` is dropped when the connection closes.
    pub(super) fn serve(&self, connection: AcceptedConnection, count: impl Send + 'static) {
        let AcceptedConnection { stream, place } = connection;
        // Responses are written in one piece: Nagle's algorithm would only delay them.
        let _ = stream.set_nodelay(true);
        let stream = match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot register a connection with the runtime");
                return;
            }
        };
        let (server, client) = (self.server.clone(), place.client());
        let served = client.clone();
        let task = self.tasks.spawn(async move {
            server.serve(ClientStream::new(stream, served.clone()), served).await;
            drop((place, count));
        });
        client.is_served_by(task.abort_handle());
    }

    /// Waits up to `grace` for the running requests. Returns true if all of them finished.
    pub(super) async fn drain(self, grace: Duration) -> bool {
        self.server.stop.cancel();
        self.tasks.close();
        timeout(grace, self.tasks.wait()).await.is_ok()
    }
}

impl Server {
    async fn serve(&self, mut stream: ClientStream, client: Arc<Client>) {
        let head_deadline = Instant::now() + self.clocks.head;
        let protocol = tokio::select! {
            biased;
            protocol = stream.protocol() => protocol,
            () = self.stop.cancelled() => return,
            () = sleep_until(head_deadline) => return self.end_late(stream).await,
        };
        let service = ConnectionService::new(self.router.clone(), client.clone());
        match protocol {
            Ok(Some(Protocol::Http1)) => {
                let mut connection = self.http1.serve_connection(TokioIo::new(stream), service);
                let end =
                    self.watch(&mut connection, &client, head_deadline, http1::Connection::graceful_shutdown).await;
                let stream = connection.into_parts().io.into_inner();
                match end {
                    End::Complete if stream.must_linger() => stream.linger(self.clocks.leave).await,
                    End::HeadTimeout => self.end_late(stream).await,
                    End::Complete | End::Cut => {}
                }
            }
            Ok(Some(Protocol::Http2)) => {
                let mut connection = self.http2.serve_connection(TokioIo::new(stream), service);
                self.watch(&mut connection, &client, head_deadline, http2::Connection::graceful_shutdown).await;
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "a connection closed with an error"),
        }
    }

    /// Refuses a request whose head is late.
    async fn end_late(&self, mut stream: ClientStream) {
        let refused = timeout(self.clocks.leave, stream.refuse_late_head()).await;
        if matches!(refused, Ok(Ok(()))) {
            stream.linger(self.clocks.leave).await;
        }
    }

    /// Runs a connection until it ends or its clock runs out.
    async fn watch<C: Future<Output = hyper::Result<()>> + Unpin>(
        &self,
        connection: &mut C,
        client: &Client,
        head_deadline: Instant,
        shut_down: fn(Pin<&mut C>),
    ) -> End {
        let mut clock = std::pin::pin!(sleep_until(head_deadline.min(Instant::now() + self.clocks.tick())));
        let mut stop = std::pin::pin!(self.stop.cancelled());
        let (mut is_stopping, mut is_leaving) = (false, false);
        loop {
            tokio::select! {
                biased;
                outcome = &mut *connection => {
                    if let Err(error) = outcome {
                        tracing::debug!(%error, "a connection closed with an error");
                    }
                    return End::Complete;
                }
                () = &mut stop, if !is_stopping => {
                    is_stopping = true;
                    shut_down(Pin::new(connection));
                }
                () = &mut clock => {
                    let wait = match client.activity.verdict(&self.clocks) {
                        Verdict::Wait(time) => time,
                        Verdict::HeadTimeout => return End::HeadTimeout,
                        Verdict::Cut => return End::Cut,
                        // No request is under way, or none but those that wait for the client: it was asked to leave.
                        Verdict::Leave if is_leaving && client.activity.waits_since().is_some() => return End::Cut,
                        Verdict::Leave => {
                            is_leaving = true;
                            shut_down(Pin::new(connection));
                            self.clocks.leave
                        }
                    };
                    clock.as_mut().reset(Instant::now() + wait);
                }
            }
        }
    }
}

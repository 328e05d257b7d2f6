//! Serves connections as HTTP/1.1 or HTTP/2, until they are complete or wait for their client too long.

use std::{pin::Pin, sync::Arc, time::Duration};

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use patchbay_server::RequestHandler;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{
    activity::{Protocol, Verdict},
    client::Client,
    client_stream::{ClientSocket, ClientStream},
    clocks::Clocks,
    exchange::ConnectionService,
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
/// The largest head of an HTTP/2 request that is read. It is larger than what is accepted, so that a request with too
/// large a head is refused in words; h2 refuses still larger ones itself, with 431 and without a body.
const MAX_HEADER_LIST_BYTES: u32 = 64 * 1024;
/// How long after it was accepted a connection is still served if the server stops meanwhile. Its client had no way to know that.
const NEWCOMER: Duration = Duration::from_millis(500);
/// The interval of HTTP/2 keep-alive pings, and the time in which a client must acknowledge one.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// What the connections of a worker thread share.
pub(crate) struct Server {
    handler: RequestHandler,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    clocks: Clocks,
    /// Canceled when the server will stop soon.
    announced: CancellationToken,
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

/// Ends the backlog of a connection when it is dropped.
struct EndOfBacklog(Arc<Client>);

impl Drop for EndOfBacklog {
    fn drop(&mut self) {
        self.0.backlog.end();
    }
}

impl Server {
    pub(crate) fn new(handler: RequestHandler, clocks: Clocks) -> Self {
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
            .max_header_list_size(MAX_HEADER_LIST_BYTES)
            .keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_INTERVAL);
        Self { handler, http1, http2, clocks, announced: CancellationToken::new(), stop: CancellationToken::new() }
    }

    /// Announces to the clients that the server will stop soon. They can still open connections and send requests, but each HTTP/1.1
    /// response is the last one of its connection, and says so; HTTP/2 connections get GOAWAY. A client or load balancer that keeps its
    /// connections therefore has none on which it could send a request at the moment when they are closed.
    pub(crate) fn announce_stop(&self) {
        self.announced.cancel();
    }

    /// Lets every connection end when its running requests are answered.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Serves a connection until it ends.
    ///
    /// Everything that a connection needs once it has said something is on the heap, and is made then: a connection that
    /// says nothing costs what this future, without its branches, takes (a test has the bound).
    pub(crate) async fn serve<S: ClientSocket>(&self, mut stream: ClientStream<S>, client: Arc<Client>) {
        let accepted = Instant::now();
        let head_deadline = accepted + self.clocks.head;
        let mut is_stopped = false;
        // `None` if the first bytes are late.
        let mut protocol = tokio::select! {
            biased;
            protocol = stream.protocol() => Some(protocol),
            () = self.stop.cancelled() => {
                is_stopped = true;
                None
            }
            () = sleep_until(head_deadline) => None,
        };
        if is_stopped {
            protocol = Box::pin(timeout_at(accepted + NEWCOMER, stream.protocol())).await.ok();
            if protocol.is_none() {
                return;
            }
        }
        match protocol {
            Some(Ok(Some(Protocol::Http1))) => Box::pin(self.serve_http1(stream, client, head_deadline)).await,
            Some(Ok(Some(Protocol::Http2))) => Box::pin(self.serve_http2(stream, client, head_deadline)).await,
            Some(Ok(None)) => {}
            Some(Err(error)) => tracing::debug!(%error, "a connection closed with an error"),
            None => Box::pin(self.end_late(stream)).await,
        }
    }

    async fn serve_http1<S: ClientSocket>(&self, stream: ClientStream<S>, client: Arc<Client>, head_deadline: Instant) {
        let service = ConnectionService::new(self.handler.clone(), client.clone());
        let mut connection = self.http1.serve_connection(TokioIo::new(stream), service);
        if self.announced.is_cancelled() {
            client.leaves_with_next_response();
        }
        let steps = (|_: Pin<&mut _>| client.leaves_with_next_response(), http1::Connection::graceful_shutdown);
        let end = self.watch(&mut connection, &client, head_deadline, steps).await;
        let stream = connection.into_parts().io.into_inner();
        match end {
            End::Complete if stream.must_linger() => stream.linger(self.clocks.leave).await,
            End::HeadTimeout => self.end_late(stream).await,
            End::Complete | End::Cut => {}
        }
    }

    async fn serve_http2<S: ClientSocket>(&self, stream: ClientStream<S>, client: Arc<Client>, head_deadline: Instant) {
        let service = ConnectionService::new(self.handler.clone(), client.clone());
        let mut connection = self.http2.serve_connection(TokioIo::new(stream), service);
        // Ends the backlog before the connection: the end of its streams wakes the requests that have not begun.
        let _end = EndOfBacklog(client.clone());
        let steps = (http2::Connection::graceful_shutdown, http2::Connection::graceful_shutdown);
        self.watch(&mut connection, &client, head_deadline, steps).await;
    }

    /// Refuses a request whose head is late.
    async fn end_late<S: ClientSocket>(&self, mut stream: ClientStream<S>) {
        let refused = timeout(self.clocks.leave, stream.refuse_late_head()).await;
        if matches!(refused, Ok(Ok(()))) {
            stream.linger(self.clocks.leave).await;
        }
    }

    /// Runs a connection until it ends or its clock runs out. `announce` is called when the server will stop soon, `shut_down` when it
    /// stops or the client waits too long.
    async fn watch<C: Future<Output = hyper::Result<()>> + Unpin>(
        &self,
        connection: &mut C,
        client: &Client,
        head_deadline: Instant,
        (announce, shut_down): (impl Fn(Pin<&mut C>), impl Fn(Pin<&mut C>)),
    ) -> End {
        let mut clock = std::pin::pin!(sleep_until(head_deadline.min(Instant::now() + self.clocks.tick())));
        let mut announced = std::pin::pin!(self.announced.cancelled());
        let mut stop = std::pin::pin!(self.stop.cancelled());
        let (mut is_announced, mut is_stopping, mut is_leaving) = (false, false, false);
        loop {
            tokio::select! {
                biased;
                outcome = &mut *connection => {
                    if let Err(error) = outcome {
                        tracing::debug!(%error, "a connection closed with an error");
                    }
                    return End::Complete;
                }
                () = &mut announced, if !is_announced => {
                    is_announced = true;
                    announce(Pin::new(connection));
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

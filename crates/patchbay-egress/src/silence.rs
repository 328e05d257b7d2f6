//! Detects connections that died silently: a network device dropped them without telling either end.
//!
//! An HTTP/2 connection serves many requests, so a dead one loses each request that is sent on it until it is closed. Two
//! rules end it:
//! - hyper sends a PING while a request waits, and closes the connection if no response to it arrives (`transport`).
//! - A request that ends without a response, during which the connection received nothing at all, is the last one on
//!   its connection ([`SilenceGuard`]). So one call is lost and not one per time limit. A slow provider is not affected:
//!   its connection responds to the PING.
//!
//! HTTP/1.1 needs neither: the connection of a request without a response is never used again.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    rt::{Read, ReadBufCursor, Write},
};
use hyper_util::client::legacy::connect::{CaptureConnection, Connected, Connection};

/// The number of times that a connection received bytes.
#[derive(Clone, Debug, Default)]
struct ReadCount(Arc<AtomicU64>);

impl ReadCount {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that counts its reads, for the [`SilenceGuard`]s of the requests on it.
pub(crate) struct CountedStream<S> {
    stream: S,
    reads: ReadCount,
}

impl<S> CountedStream<S> {
    /// Returns the stream with its count at zero.
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, reads: ReadCount::default() }
    }
}

impl<S> Connection for CountedStream<S> {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.reads.clone())
    }
}

impl<S: Read + Unpin> Read for CountedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.reads.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: Write + Unpin> Write for CountedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}

/// Takes an HTTP/2 connection out of the pool if a request on it is dropped while it waits, and the connection received
/// nothing since the wait began.
pub(crate) struct SilenceGuard {
    connection: CaptureConnection,
    /// The reads of the connection; `None` until it is known, and for HTTP/1.1.
    reads: Option<ReadCount>,
    /// The count of reads when the current wait began.
    waits_since: Option<u64>,
}

impl SilenceGuard {
    /// Returns the guard of a request whose connection is captured.
    pub(crate) fn new(connection: CaptureConnection) -> Self {
        Self { connection, reads: None, waits_since: None }
    }

    /// Notes after a poll whether the request waits for the provider.
    pub(crate) fn note<T>(&mut self, polled: &Poll<T>) {
        if polled.is_pending() {
            self.begin_wait();
        } else {
            self.waits_since = None;
        }
    }

    fn begin_wait(&mut self) {
        if self.waits_since.is_some() {
            return;
        }
        if self.reads.is_none() {
            self.reads = self.connection.connection_metadata().as_ref().filter(|one| one.is_negotiated_h2()).and_then(
                |connected| {
                    let mut extras = http::Extensions::new();
                    connected.get_extras(&mut extras);
                    extras.remove::<ReadCount>()
                },
            );
        }
        self.waits_since = self.reads.as_ref().map(ReadCount::get);
    }

    /// Returns true if the request is on an HTTP/2 connection.
    pub(crate) fn is_http2(&self) -> bool {
        self.reads.is_some()
    }

    /// Takes the connection out of the pool. The requests on it continue.
    pub(crate) fn discard_connection(&self) {
        if let Some(connected) = self.connection.connection_metadata().as_ref() {
            connected.poison();
        }
    }
}

impl Drop for SilenceGuard {
    fn drop(&mut self) {
        if self.waits_since.is_some() && self.waits_since == self.reads.as_ref().map(ReadCount::get) {
            self.discard_connection();
        }
    }
}

/// A response body on an HTTP/2 connection with the guard of its request.
pub(crate) struct GuardedBody {
    body: Incoming,
    guard: SilenceGuard,
}

impl GuardedBody {
    /// Returns the body of the request that `guard` watches.
    pub(crate) fn new(body: Incoming, guard: SilenceGuard) -> Self {
        Self { body, guard }
    }
}

impl Body for GuardedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let outcome = Pin::new(&mut self.body).poll_frame(cx);
        self.guard.note(&outcome);
        outcome
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

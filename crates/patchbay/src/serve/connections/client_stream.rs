//! The bytes of a connection: tells HTTP/1.1 and HTTP/2 apart, records progress, and puts hyper's refusals into words.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use patchbay_engine::ErrorCode;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
};

use super::{
    activity::{Activity, Protocol},
    places::Client,
    refusals::Refusal,
};

/// The bytes that begin an HTTP/2 connection (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The connection of a client.
pub(super) struct ClientStream {
    tcp: TcpStream,
    client: Arc<Client>,
    /// The first bytes, which showed the protocol, and how many of them have been received and passed on.
    first: [u8; PREFACE.len()],
    received: usize,
    passed: usize,
    /// What is written in place of hyper's refusal.
    refusal: Option<PendingRefusal>,
    has_ended: bool,
}

struct PendingRefusal {
    text: Vec<u8>,
    written: usize,
}

impl ClientStream {
    pub(super) fn new(tcp: TcpStream, client: Arc<Client>) -> Self {
        Self { tcp, client, first: [0; PREFACE.len()], received: 0, passed: 0, refusal: None, has_ended: false }
    }

    fn activity(&self) -> &Activity {
        &self.client.activity
    }

    /// Reads until the protocol is known: HTTP/2 has a preface, everything else is HTTP/1.1. Returns `None` if the
    /// client sent nothing and left.
    pub(super) async fn protocol(&mut self) -> io::Result<Option<Protocol>> {
        loop {
            let length = self.tcp.read(&mut self.first[self.received..]).await?;
            self.client.activity.received(&self.first[self.received..self.received + length]);
            self.received += length;
            let protocol = match length {
                0 if self.received == 0 => return Ok(None),
                0 => Protocol::Http1,
                _ if self.first[..self.received] != PREFACE[..self.received] => Protocol::Http1,
                _ if self.received == PREFACE.len() => Protocol::Http2,
                _ => continue,
            };
            self.activity().speaks(protocol);
            return Ok(Some(protocol));
        }
    }

    /// Sends a refusal of the request whose head did not arrive in time. Without a byte of it there is nothing to refuse.
    pub(super) async fn refuse_late_head(&mut self) -> io::Result<()> {
        let is_asked = self.activity().head_began() && !self.activity().is_blocked() && !self.activity().is_http2();
        if is_asked {
            let refusal = Refusal::new(ErrorCode::RequestTimeout);
            self.tcp.write_all(&refusal.into_bytes()).await?;
        }
        self.tcp.shutdown().await
    }

    /// Returns true if the client may be sending bytes that nobody reads. Closing the connection at once would reset it,
    /// and the client might lose the response.
    pub(super) fn must_linger(&self) -> bool {
        !self.has_ended && (self.refusal.is_some() || self.activity().is_unread())
    }

    /// Reads and discards what the client still sends, until it closes the connection; at most for `time`.
    pub(super) async fn linger(mut self, time: Duration) {
        let mut discarded = [0; 4096];
        let rest = async { while matches!(self.tcp.read(&mut discarded).await, Ok(1..)) {} };
        // A client that does not stop loses the response.
        let _ = tokio::time::timeout(time, rest).await;
    }

    /// Writes the refusal in place of hyper's.
    fn poll_refuse(&mut self, cx: &mut Context<'_>, replaced: usize) -> Poll<io::Result<usize>> {
        let Some(refusal) = &mut self.refusal else { return Poll::Ready(Ok(replaced)) };
        while refusal.written < refusal.text.len() {
            match Pin::new(&mut self.tcp).poll_write(cx, &refusal.text[refusal.written..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(length)) => {
                    refusal.written += length;
                    self.client.activity.wrote(false);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.client.activity.blocked();
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(replaced))
    }

    fn note(&self, written: &Poll<io::Result<usize>>, length: usize) {
        match written {
            Poll::Ready(Ok(count)) => self.activity().wrote(*count == length),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity().blocked(),
        }
    }
}

impl Drop for ClientStream {
    /// Resets a connection whose client does not read: the system would otherwise keep what it did not read.
    fn drop(&mut self) {
        if self.activity().is_blocked() {
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.passed < this.received {
            let rest = &this.first[this.passed..this.received];
            let length = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..length]);
            this.passed += length;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.tcp).poll_read(cx, buffer))?;
        match &buffer.filled()[before..] {
            [] => this.has_ended = true,
            bytes => this.client.activity.received(bytes),
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    /// hyper answers a request that it cannot parse itself, with a status and no body, and no service sees it. Such an
    /// answer is recognized by its place, not by its text, which a response's body could imitate: everything that
    /// belongs to requests has been written, and no request is under way. Behind a response that the client has not read
    /// yet, hyper's own answer stays as it is.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.refusal.is_none() && this.activity().owes_nothing() {
            let text = Refusal::of_hyper(bytes, this.activity().line_ended()).map(Refusal::into_bytes);
            this.refusal = text.map(|text| PendingRefusal { text, written: 0 });
        }
        if this.refusal.is_some() {
            return this.poll_refuse(cx, bytes.len());
        }
        let written = Pin::new(&mut this.tcp).poll_write(cx, bytes);
        this.note(&written, bytes.len());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, slices);
        self.note(&written, slices.iter().map(|slice| slice.len()).sum());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.activity().is_http2() && self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

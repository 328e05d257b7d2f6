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
    client::Client,
    refusals::Refusal,
};

/// The bytes that begin an HTTP/2 connection (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The number of bytes that are discarded at once.
const DISCARDED_BYTES: usize = 4096;

/// The socket of a client.
pub(crate) trait ClientSocket: AsyncRead + AsyncWrite + Unpin {
    /// Lets the end of the connection discard what has not been sent.
    fn discard_unsent(&self);
}

impl ClientSocket for TcpStream {
    fn discard_unsent(&self) {
        let _ = self.set_zero_linger();
    }
}

/// The connection of a client.
pub(crate) struct ClientStream<S: ClientSocket> {
    socket: S,
    client: Arc<Client>,
    /// The first bytes, which showed the protocol, and how many of them have been received and passed on.
    first: [u8; PREFACE.len()],
    received: usize,
    passed: usize,
    /// The number of bytes that hyper had left to write, and of requests that had been answered, after the last write.
    unsent: usize,
    answered: Option<u32>,
    /// What is written in place of hyper's refusal.
    refusal: Option<PendingRefusal>,
    has_ended: bool,
}

struct PendingRefusal {
    text: Vec<u8>,
    written: usize,
}

impl<S: ClientSocket> ClientStream<S> {
    pub(crate) fn new(socket: S, client: Arc<Client>) -> Self {
        Self {
            socket,
            client,
            first: [0; PREFACE.len()],
            received: 0,
            passed: 0,
            unsent: 0,
            answered: None,
            refusal: None,
            has_ended: false,
        }
    }

    fn activity(&self) -> &Activity {
        &self.client.activity
    }

    /// Reads until the protocol is known: HTTP/2 has a preface, everything else is HTTP/1.1. Returns `None` if the
    /// client sent nothing and left.
    pub(crate) async fn protocol(&mut self) -> io::Result<Option<Protocol>> {
        loop {
            let length = self.socket.read(&mut self.first[self.received..]).await?;
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
    pub(crate) async fn refuse_late_head(&mut self) -> io::Result<()> {
        let is_asked = self.activity().head_began() && !self.activity().is_blocked() && !self.activity().is_http2();
        if is_asked {
            let refusal = Refusal::new(ErrorCode::RequestTimeout);
            self.socket.write_all(&refusal.into_bytes()).await?;
        }
        self.socket.shutdown().await
    }

    /// Returns true if the client may be sending bytes that nobody reads. Closing the connection at once would reset it,
    /// and the client might lose the response.
    pub(crate) fn must_linger(&self) -> bool {
        !self.has_ended && (self.refusal.is_some() || self.activity().is_unread())
    }

    /// Reads and discards what the client still sends, until it closes the connection; at most for `time`.
    pub(crate) async fn linger(mut self, time: Duration) {
        // On the heap: an array would be a part of every connection's future.
        let mut discarded = vec![0; DISCARDED_BYTES];
        let rest = async { while matches!(self.socket.read(&mut discarded).await, Ok(1..)) {} };
        // A client that does not stop loses the response.
        let _ = tokio::time::timeout(time, rest).await;
    }

    /// Writes the refusal in place of hyper's.
    fn poll_refuse(&mut self, cx: &mut Context<'_>, replaced: usize) -> Poll<io::Result<usize>> {
        let Some(refusal) = &mut self.refusal else { return Poll::Ready(Ok(replaced)) };
        while refusal.written < refusal.text.len() {
            match Pin::new(&mut self.socket).poll_write(cx, &refusal.text[refusal.written..]) {
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

    /// Returns the part of the bytes that belongs to responses: everything, or what is left of the last response if hyper
    /// has appended its own answer to it.
    fn before_refusal<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let answered = self.activity().answered();
        let is_last = answered.is_some() && answered == self.answered;
        self.answered = answered;
        match bytes.split_at_checked(self.unsent) {
            Some((rest, own))
                if is_last && !rest.is_empty() && Refusal::of_hyper(own, self.activity().line_ended()).is_some() =>
            {
                rest
            }
            _ => bytes,
        }
    }

    fn note(&self, written: &Poll<io::Result<usize>>, length: usize) {
        match written {
            Poll::Ready(Ok(count)) => self.activity().wrote(*count == length),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity().blocked(),
        }
    }
}

impl<S: ClientSocket> Drop for ClientStream<S> {
    /// Resets a connection whose client does not read: the system would otherwise keep what it did not read.
    fn drop(&mut self) {
        if self.activity().is_blocked() {
            self.socket.discard_unsent();
        }
    }
}

impl<S: ClientSocket> AsyncRead for ClientStream<S> {
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
        ready!(Pin::new(&mut this.socket).poll_read(cx, buffer))?;
        match &buffer.filled()[before..] {
            [] => this.has_ended = true,
            bytes => this.client.activity.received(bytes),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: ClientSocket> AsyncWrite for ClientStream<S> {
    /// hyper answers a request that it cannot parse itself, with a status and no body, and no service sees it. Such an
    /// answer is recognized by its place, not by its text, which a response's body could imitate: no request is under way,
    /// and everything that belongs to requests has been written, or was left of the last write when no request had begun
    /// since.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.refusal.is_none() && this.activity().owes_nothing() {
            let text = Refusal::of_hyper(bytes, this.activity().line_ended()).map(Refusal::into_bytes);
            this.refusal = text.map(|text| PendingRefusal { text, written: 0 });
        }
        if this.refusal.is_some() {
            return this.poll_refuse(cx, bytes.len());
        }
        let part = this.before_refusal(bytes);
        let written = Pin::new(&mut this.socket).poll_write(cx, part);
        this.note(&written, part.len());
        let accepted = if let Poll::Ready(Ok(accepted)) = &written { *accepted } else { 0 };
        this.unsent = part.len() - accepted;
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.note(&written, slices.iter().map(|slice| slice.len()).sum());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.activity().is_http2() && self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, net::Ipv4Addr};

    use tokio::net::TcpListener;

    use super::*;

    /// What hyper writes for a request that it cannot parse.
    const OF_HYPER: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: Mon, 30 Nov 2026 09:00:00 GMT\r\n\r\n";
    /// More than the system takes for a client that does not read.
    const LARGE: usize = 48 * 1024 * 1024;

    /// Writes a response that the client does not read, then `behind` as hyper does: behind what is left. Returns what the
    /// client receives behind the response when it reads.
    async fn behind_an_unread_response(between: impl FnOnce(&Activity), behind: &[u8]) -> Vec<u8> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (tcp, address) = listener.accept().await.unwrap();
        let client = Arc::new(Client::new(address.ip()));
        let mut stream = ClientStream::new(tcp, client.clone());
        client.activity.begin();
        client.activity.received(b"GET / HTTP/1.1\r\n");
        client.activity.end();
        let response = vec![b'x'; LARGE];
        let mut rest = &response[..];
        while let Poll::Ready(written) = poll_fn(|cx| Poll::Ready(Pin::new(&mut stream).poll_write(cx, rest))).await {
            rest = &rest[written.unwrap()..];
        }
        assert!(!rest.is_empty(), "the system takes more than expected");
        between(&client.activity);
        client.activity.received(b"GET / HTTP/1.1\r\n");
        let bytes = [rest, behind].concat();
        let reader = tokio::spawn(async move {
            let mut received = Vec::new();
            peer.read_to_end(&mut received).await.unwrap();
            received
        });
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let received = reader.await.unwrap();
        assert!(received[..LARGE] == response, "the response is unchanged");
        received[LARGE..].to_vec()
    }

    #[tokio::test]
    async fn a_refusal_behind_an_unread_response_is_in_words() {
        let received = behind_an_unread_response(|_| (), OF_HYPER).await;
        let received = String::from_utf8(received).unwrap();
        let (head, body) = received.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 ") && head.contains("connection: close"), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["errorCode"], "HeadersTooLargeError");
    }

    #[tokio::test]
    async fn a_response_that_looks_like_a_refusal_is_unchanged() {
        let another_request = |activity: &Activity| {
            activity.begin();
            activity.end();
        };
        assert_eq!(behind_an_unread_response(another_request, OF_HYPER).await, OF_HYPER);
        // The end of the same response.
        let inside = [b"x", OF_HYPER].concat();
        assert_eq!(behind_an_unread_response(|_| (), &inside).await, inside);
    }
}

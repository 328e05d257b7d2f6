//! A request and its response: counts them in the connection's [`Activity`](super::activity::Activity) and
//! [`Backlog`](super::backlog::Backlog), and divides large responses.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker, ready},
};

use axum::body::Body as AxumBody;
use hyper::{
    Request, Response,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header::{CONNECTION, HeaderValue},
    service::Service,
};
use patchbay_server::{RemoteAddress, RequestHandler};

use super::client::Client;

/// The largest part of a response that is passed to hyper at once. hyper and h2 hold a whole part while the client does
/// not read; the rest stays where it is, and a streamed file stays at its provider.
const MAX_PART_BYTES: usize = 16 * 1024;

/// What a response that waits for its client takes beside its bytes: its head, its stream and its task. Small responses are
/// therefore not begun in larger numbers than large ones.
const RESPONSE_BYTES: usize = 4 * 1024;
/// The value of [`Exchange::stalled`] of a response that does not wait for the client.
const MOVING: u8 = u8::MAX;

/// The service of one connection.
pub(crate) struct ConnectionService {
    handler: RequestHandler,
    client: Arc<Client>,
}

impl ConnectionService {
    pub(crate) fn new(handler: RequestHandler, client: Arc<Client>) -> Self {
        Self { handler, client }
    }
}

impl Service<Request<Incoming>> for ConnectionService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let exchange = Exchange::begin(self.client.clone());
        let client = self.client.clone();
        let peer = RemoteAddress(client.peer);
        let body = |body| AxumBody::new(RequestBody { body, client, is_waiting: false, has_ended: false });
        let mut request = request.map(body);
        request.extensions_mut().insert(peer);
        ResponseFuture { response: (self.handler)(request), exchange: Some(exchange) }
    }
}

/// The response of the handler, when there is one. A request of an HTTP/2 client that leaves too much unread does not begin.
pub(crate) struct ResponseFuture {
    response: Pin<Box<dyn Future<Output = Response<AxumBody>> + Send>>,
    exchange: Option<Exchange>,
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.exchange.as_mut().is_some_and(|exchange| exchange.is_held_back(cx)) {
            return Poll::Pending;
        }
        let mut response = ready!(self.response.as_mut().poll(cx));
        let mut exchange = self.exchange.take();
        if exchange.as_ref().is_some_and(|exchange| exchange.client.is_leaving()) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(exchange) = exchange.as_mut().filter(|_| !response.body().is_end_stream()) {
            exchange.has_body();
            exchange.waits_for_room(response.body().size_hint().lower());
        }
        let exchange = exchange.map(Arc::new);
        Poll::Ready(Ok(response.map(|body| ResponseBody { body, rest: Bytes::new(), exchange })))
    }
}

/// A request that is under way. It ends when it is dropped: with the body of its response and, in HTTP/2, with the last bytes
/// that h2 has of it.
struct Exchange {
    client: Arc<Client>,
    /// The generation in which the response began to wait for the client, or [`MOVING`].
    stalled: AtomicU8,
    /// The bytes of the response in the backlog that have not been produced.
    waiting_bytes: AtomicUsize,
    /// What else of the response is in the backlog.
    fixed_bytes: usize,
    state: State,
}

/// Whether a request has begun.
enum State {
    New,
    /// The backlog has this waker of its task.
    HeldBack(Waker),
    Begun,
}

impl Exchange {
    fn begin(client: Arc<Client>) -> Self {
        client.activity.begin();
        Self {
            client,
            stalled: AtomicU8::new(MOVING),
            waiting_bytes: AtomicUsize::new(0),
            fixed_bytes: 0,
            state: State::New,
        }
    }

    /// Returns true if the request must not begin yet, because its client does not read. It is polled again when it may.
    fn is_held_back(&mut self, cx: &Context<'_>) -> bool {
        if matches!(self.state, State::Begun) {
            return false;
        }
        if self.client.activity.is_http2() && self.client.backlog.holds_back(cx.waker()) {
            // A task polls a request, and its waker stays the same.
            if matches!(self.state, State::New) {
                self.state = State::HeldBack(cx.waker().clone());
                self.client.activity.waits();
            }
            return true;
        }
        self.begins();
        false
    }

    fn begins(&mut self) {
        if let State::HeldBack(waker) = std::mem::replace(&mut self.state, State::Begun) {
            self.client.backlog.forgets(&waker);
            self.client.activity.resumes();
        }
    }

    /// Records that there is a response with a body.
    fn has_body(&mut self) {
        if self.client.activity.is_http2() {
            self.fixed_bytes = RESPONSE_BYTES;
            self.client.backlog.replace(0, RESPONSE_BYTES);
        }
    }

    /// Records that hyper has a part, or the head. HTTP/2 asks for the next part when the client has room for this one.
    /// `bytes` have not been produced yet. In HTTP/1.1 the socket itself shows whether the client reads.
    fn waits_for_room(&self, bytes: u64) {
        if self.client.activity.is_http2() {
            self.leaves(usize::try_from(bytes).unwrap_or(usize::MAX / 2));
            self.moves();
            self.stalled.store(self.client.activity.stalls(), Relaxed);
        }
    }

    /// Records that the client has taken a part. The next one follows at once, or [`Self::leaves`] says that there is none.
    fn moves(&self) {
        let generation = self.stalled.swap(MOVING, Relaxed);
        if generation != MOVING {
            self.client.activity.moves(generation);
        }
    }

    /// Records how many bytes of the response are still to be produced.
    fn leaves(&self, bytes: usize) {
        let before = self.waiting_bytes.swap(bytes, Relaxed);
        if before != bytes {
            self.client.backlog.replace(before, bytes);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.moves();
        self.leaves(0);
        self.client.backlog.replace(self.fixed_bytes, 0);
        self.begins();
        self.client.activity.end();
    }
}

/// A chunk of the body of an HTTP/2 response. It is in the backlog as long as the response or h2 has a part of it, because each
/// part keeps the memory of the whole chunk. With the last chunk, the request ends.
struct Chunk {
    bytes: Bytes,
    exchange: Arc<Exchange>,
}

impl Chunk {
    /// Counts a chunk. The parts of the returned bytes share the count.
    fn count(bytes: Bytes, exchange: &Arc<Exchange>) -> Bytes {
        exchange.client.backlog.replace(0, bytes.len());
        Bytes::from_owner(Self { bytes, exchange: exchange.clone() })
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.exchange.client.backlog.replace(self.bytes.len(), 0);
    }
}

/// The body of a request.
pub(crate) struct RequestBody {
    body: Incoming,
    client: Arc<Client>,
    is_waiting: bool,
    has_ended: bool,
}

impl RequestBody {
    fn stop_waiting(&mut self) {
        if std::mem::take(&mut self.is_waiting) {
            self.client.activity.resumes();
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            if !self.is_waiting {
                self.is_waiting = true;
                self.client.activity.waits();
            }
            return Poll::Pending;
        };
        self.stop_waiting();
        self.has_ended = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.stop_waiting();
        if !self.has_ended && !self.body.is_end_stream() {
            self.client.activity.leaves_body();
        }
    }
}

/// The body of a response, in parts.
pub(crate) struct ResponseBody {
    body: AxumBody,
    /// What is left of the last chunk.
    rest: Bytes,
    exchange: Option<Arc<Exchange>>,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        if let Some(exchange) = &this.exchange {
            exchange.moves();
        }
        if this.rest.is_empty() {
            let polled = Pin::new(&mut this.body).poll_frame(cx).map_ok(Frame::into_data);
            if let Poll::Ready(Some(Ok(Ok(data)))) = polled {
                let http2 = this.exchange.as_ref().filter(|exchange| exchange.client.activity.is_http2());
                this.rest = match http2 {
                    Some(exchange) if !data.is_empty() => Chunk::count(data, exchange),
                    _ => data,
                };
            } else {
                if let Some(exchange) = &this.exchange {
                    if polled.is_pending() {
                        // Nothing has been produced that could wait for the client.
                        exchange.leaves(0);
                    } else {
                        // What h2 has of the response may still wait.
                        exchange.waits_for_room(0);
                    }
                }
                return polled.map_ok(|frame| frame.map_or_else(|other| other, Frame::data));
            }
        }
        if let Some(exchange) = &this.exchange {
            exchange.waits_for_room(this.body.size_hint().lower());
        }
        let length = this.rest.len().min(MAX_PART_BYTES);
        Poll::Ready(Some(Ok(Frame::data(this.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

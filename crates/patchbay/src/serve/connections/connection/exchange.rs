//! A request and its response: counts them in the connection's [`Activity`](super::activity::Activity), and divides large
//! responses.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{Router, body::Body as AxumBody};
use hyper::{
    Request, Response,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    service::Service,
};
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use patchbay_server::RemoteAddress;

use super::client::Client;

/// The largest part of a response that is passed to hyper at once. hyper and h2 hold a whole part while the client does
/// not read; the rest stays where it is, and a streamed file stays at its provider.
const MAX_PART_BYTES: usize = 16 * 1024;

/// The service of one connection.
pub(crate) struct ConnectionService {
    router: TowerToHyperService<Router>,
    client: Arc<Client>,
}

impl ConnectionService {
    pub(crate) fn new(router: Router, client: Arc<Client>) -> Self {
        Self { router: TowerToHyperService::new(router), client }
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
        let mut request = request.map(|body| RequestBody { body, client, is_waiting: false, has_ended: false });
        request.extensions_mut().insert(peer);
        ResponseFuture { response: self.router.call(request), exchange: Some(exchange) }
    }
}

/// The response of the router, when there is one.
pub(crate) struct ResponseFuture {
    response: TowerToHyperServiceFuture<Router, Request<RequestBody>>,
    exchange: Option<Exchange>,
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.response).poll(cx))?;
        let exchange = self.exchange.take();
        Poll::Ready(Ok(response.map(|body| ResponseBody { body, rest: Bytes::new(), exchange })))
    }
}

/// A request that is under way. It ends when it is dropped: with the body of its response.
struct Exchange {
    client: Arc<Client>,
    /// The generation in which the response began to wait for the client.
    stalled: Option<u8>,
}

impl Exchange {
    fn begin(client: Arc<Client>) -> Self {
        client.activity.begin();
        Self { client, stalled: None }
    }

    /// Records that hyper has a part. HTTP/2 asks for the next one when the client has room for this one. In HTTP/1.1
    /// the socket itself shows whether the client reads.
    fn passes_part(&mut self) {
        if self.client.activity.is_http2() {
            self.stalled = Some(self.client.activity.stalls());
        }
    }

    fn is_asked(&mut self) {
        if let Some(generation) = self.stalled.take() {
            self.client.activity.moves(generation);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.is_asked();
        self.client.activity.end();
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
    exchange: Option<Exchange>,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        if let Some(exchange) = &mut this.exchange {
            exchange.is_asked();
        }
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = this.rest.len().min(MAX_PART_BYTES);
        let part = this.rest.split_to(length);
        if let Some(exchange) = &mut this.exchange {
            exchange.passes_part();
        }
        Poll::Ready(Some(Ok(Frame::data(part))))
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

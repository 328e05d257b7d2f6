//! Requests to strangers before anyone has signed in: bounded, without credentials, to the origin that was meant.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;

use super::not_found;
use crate::{
    Engine, Error,
    http::{BodyObserver, FailureCause, InboundResponse, OutboundRequest},
    runtime::{IntoError as _, cause_error},
};

/// The most of a document that is read, in bytes.
const MAX_DOCUMENT: usize = 128 * 1024;

/// Stops where a document grows too large.
struct Small(usize);

impl BodyObserver for Small {
    fn start(&mut self, _: StatusCode, _: &HeaderMap) {
        self.0 = 0;
    }

    fn observe(&mut self, bytes: &[u8]) -> Result<ControlFlow<()>, FailureCause> {
        self.0 += bytes.len();
        if self.0 > MAX_DOCUMENT {
            Err(FailureCause::ResponseTooLarge(MAX_DOCUMENT))
        } else {
            Ok(ControlFlow::Continue(()))
        }
    }
}

/// Asks; the answer is small and from the origin that was asked.
pub(super) async fn ask(
    engine: &Engine,
    title: &str,
    mut outgoing: OutboundRequest,
    deadline: Instant,
) -> Result<InboundResponse, Error> {
    let origin = outgoing.url.origin();
    outgoing.headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    // Unpacked, its size is what is counted.
    outgoing.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let incoming = engine.http().send_observed(outgoing, None, deadline, &mut Small(0)).await;
    let incoming = incoming.map_err(|failure| failure.into_error(title))?;
    if incoming.body.len() > MAX_DOCUMENT {
        return Err(cause_error(FailureCause::ResponseTooLarge(MAX_DOCUMENT), title, &incoming.url));
    }
    if incoming.url.origin() != origin {
        return Err(not_found(title, "a document about it is redirected to another origin"));
    }
    Ok(incoming)
}

/// A document; none where there is none, or something that is no JSON object (many servers answer every address
/// with a page).
pub(super) async fn document(
    engine: &Engine,
    title: &str,
    url: &Url,
    deadline: Instant,
) -> Result<Option<Map<String, Value>>, Error> {
    let outgoing = OutboundRequest {
        method: Method::GET,
        url: url.clone(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        idempotent: true,
        certificate: None,
    };
    let incoming = ask(engine, title, outgoing, deadline).await?;
    if incoming.status.is_server_error() {
        return Err(crate::runtime::provider_error(engine.clock(), title, &incoming));
    }
    if !incoming.status.is_success() {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&incoming.body).ok())
}

/// Sends JSON, and reads the JSON object that is answered.
pub(super) async fn post(
    engine: &Engine,
    title: &str,
    url: &Url,
    body: &Value,
    deadline: Instant,
) -> Result<(InboundResponse, Map<String, Value>), Error> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = Bytes::from(body.to_string());
    let outgoing =
        OutboundRequest { method: Method::POST, url: url.clone(), headers, body, idempotent: false, certificate: None };
    let incoming = ask(engine, title, outgoing, deadline).await?;
    let answered = serde_json::from_slice(&incoming.body).unwrap_or_default();
    Ok((incoming, answered))
}

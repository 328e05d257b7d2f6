//! Bounded requests to servers that are not trusted yet: without credentials, and only to the origin that was meant.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use patchbay_egress::{BodyObserver, FailureCause, InboundResponse, OutboundRequest};
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;

use super::discovery_error;
use crate::Error;
use crate::oauth::Oauth;
use patchbay_runtime::{IntoError as _, Redactor, cause_error};

/// The largest document that is read, in bytes.
const MAX_DOCUMENT_BYTES: usize = 128 * 1024;

/// Aborts when a document is too large.
struct SizeLimit(usize);

impl BodyObserver for SizeLimit {
    fn start(&mut self, _: StatusCode, _: &HeaderMap) {
        self.0 = 0;
    }

    fn observe(&mut self, bytes: &[u8]) -> Result<ControlFlow<()>, FailureCause> {
        self.0 += bytes.len();
        if self.0 > MAX_DOCUMENT_BYTES {
            Err(FailureCause::ResponseTooLarge(MAX_DOCUMENT_BYTES))
        } else {
            Ok(ControlFlow::Continue(()))
        }
    }
}

/// Sends a request. Returns a response of at most [`MAX_DOCUMENT_BYTES`] from the requested origin.
pub(super) async fn send(
    oauth: &Oauth,
    title: &str,
    mut outgoing: OutboundRequest,
    deadline: Instant,
) -> Result<InboundResponse, Error> {
    let origin = outgoing.url.origin();
    outgoing.headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    // The limit counts the decoded size.
    outgoing.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let incoming = oauth.host.http.send_observed(outgoing, None, deadline, &mut SizeLimit(0)).await;
    let incoming = incoming.map_err(|failure| failure.into_error(title))?;
    if incoming.body.len() > MAX_DOCUMENT_BYTES {
        return Err(cause_error(FailureCause::ResponseTooLarge(MAX_DOCUMENT_BYTES), title, &incoming.url));
    }
    if incoming.url.origin() != origin {
        return Err(discovery_error(title, "its metadata redirect to another origin"));
    }
    Ok(incoming)
}

/// Gets a JSON object. Returns none for an error status, and for a body that is not a JSON object (many servers respond
/// to every URL with a page).
pub(super) async fn get_document(
    oauth: &Oauth,
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
    let incoming = send(oauth, title, outgoing, deadline).await?;
    if incoming.status.is_server_error() {
        return Err(patchbay_runtime::provider_error(&*oauth.clock, title, &incoming, &Redactor::default()));
    }
    if !incoming.status.is_success() {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&incoming.body).ok())
}

/// Posts JSON. Returns the response and its JSON object, which is empty when the body is not one.
pub(super) async fn post_json(
    oauth: &Oauth,
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
    let incoming = send(oauth, title, outgoing, deadline).await?;
    let object = serde_json::from_slice(&incoming.body).unwrap_or_default();
    Ok((incoming, object))
}

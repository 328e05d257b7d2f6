//! Builds a request without a token, whose response shows how a server authorizes its clients.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use patchbay_mcp::{
    headers::{METHOD, VERSION},
    message,
    version::MODERN,
};
use serde_json::Map;

/// Returns the headers and body of a request that servers of both eras answer: with a 401 if they require a token.
pub fn mcp_probe_request() -> (HeaderMap, Bytes) {
    let headers = [
        (header::ACCEPT, "application/json, text/event-stream"),
        (header::CONTENT_TYPE, "application/json"),
        (VERSION, MODERN),
        (METHOD, "tools/list"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let body = message::request(1, "tools/list", &message::modern(Map::new()));
    (HeaderMap::from_iter(headers), Bytes::from(body.to_string()))
}

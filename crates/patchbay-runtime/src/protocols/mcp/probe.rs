//! A call without a token, by which a server tells what it wants of its callers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Map;

use super::message::{self, MODERN};

/// A request that servers of either kind answer, with a refusal where they want a token.
pub fn mcp_probe_request() -> (HeaderMap, Bytes) {
    let headers = [
        (header::ACCEPT, "application/json, text/event-stream"),
        (header::CONTENT_TYPE, "application/json"),
        (HeaderName::from_static("mcp-protocol-version"), MODERN),
        (HeaderName::from_static("mcp-method"), "tools/list"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let body = message::request(1, "tools/list", &message::modern(Map::new()));
    (HeaderMap::from_iter(headers), Bytes::from(body.to_string()))
}

//! HTTP responses without a web framework, and the JSON-RPC messages in them.

use std::{fmt, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use super::{accept::Accepts, list::ListPage};
use crate::{RequestId, RpcError, sse};

/// What the JSON body of a response to another method than POST says. Clients of the original server know this text.
const ONLY_POST: &str =
    r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Only POST is supported for stateless MCP."},"id":null}"#;

/// The chunks of a stream of events.
pub type EventStream = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// The body of a response.
pub enum McpBody {
    /// The whole body in parts, some of which a cache shares.
    Parts(Vec<Bytes>),
    /// A stream of events. If it is dropped, its request ends.
    Events(EventStream),
}

impl fmt::Debug for McpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parts(parts) => f.debug_tuple("Parts").field(parts).finish(),
            Self::Events(_) => f.write_str("Events"),
        }
    }
}

/// A response.
#[derive(Debug)]
pub struct McpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: McpBody,
}

impl McpResponse {
    /// Creates a response without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: McpBody::Parts(Vec::new()) }
    }

    /// Creates a response of JSON text in parts.
    pub fn json(status: StatusCode, parts: Vec<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self { status, headers, body: McpBody::Parts(parts) }
    }

    /// Creates a response of events. Proxies must neither keep nor collect them.
    pub fn events(events: EventStream) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        Self { status: StatusCode::OK, headers, body: McpBody::Events(events) }
    }

    /// Creates the response of a request that failed before it was handled; `id` is null if it cannot be read.
    pub fn error(status: StatusCode, id: Option<&RequestId>, error: &RpcError) -> Self {
        Self::json(status, vec![error_text(id, error)])
    }
}

/// Returns the response to a method other than POST, without sessions.
pub fn method_not_allowed() -> McpResponse {
    let mut response =
        McpResponse::json(StatusCode::METHOD_NOT_ALLOWED, vec![Bytes::from_static(ONLY_POST.as_bytes())]);
    response.headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

/// Returns the response to a body that is too large.
pub fn body_too_large(limit: usize) -> McpResponse {
    let message = format!("the body is larger than {limit} bytes");
    let error = RpcError::new(RpcError::INVALID_REQUEST, message);
    McpResponse::error(StatusCode::PAYLOAD_TOO_LARGE, None, &error)
}

/// A JSON-RPC message that answers a request, and the status of a response that contains only it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) parts: Vec<Bytes>,
}

impl Reply {
    /// Creates the message of a result.
    pub(crate) fn result(id: &RequestId, result: &Value) -> Self {
        let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}", id.as_json());
        Self { status: StatusCode::OK, parts: vec![text.into()] }
    }

    /// Creates the message of a page. `name` is the member of its items, `rest` are the other members of the result.
    pub(crate) fn page(id: &RequestId, name: &str, page: &ListPage, rest: &Map<String, Value>) -> Self {
        let before = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{\"{name}\":", id.as_json());
        let mut after = String::new();
        for (name, value) in rest {
            after.push(',');
            after.push_str(&Value::String(name.clone()).to_string());
            after.push(':');
            after.push_str(&value.to_string());
        }
        after.push_str("}}");
        let items = Bytes::from_owner(SharedText(page.items.clone()));
        Self { status: StatusCode::OK, parts: vec![before.into(), items, after.into()] }
    }

    /// Creates the message of an error, with the status that its code has in the modern era.
    pub(crate) fn modern_error(id: &RequestId, error: &RpcError) -> Self {
        let status = match error.code {
            RpcError::HEADER_MISMATCH | RpcError::MISSING_CAPABILITY | RpcError::UNSUPPORTED_VERSION => {
                StatusCode::BAD_REQUEST
            }
            RpcError::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        };
        Self { status, parts: vec![error_text(Some(id), error)] }
    }

    /// Creates the message of an error of the legacy era, where every response to a request that was read has the status 200: 404
    /// would mean that a session has ended. It has no code of the modern era.
    pub(crate) fn legacy_error(id: &RequestId, error: &RpcError) -> Self {
        let is_modern = matches!(
            error.code,
            RpcError::HEADER_MISMATCH | RpcError::MISSING_CAPABILITY | RpcError::UNSUPPORTED_VERSION
        );
        let text = if is_modern {
            let error = RpcError { code: RpcError::INVALID_REQUEST, ..error.clone() };
            error_text(Some(id), &error)
        } else {
            error_text(Some(id), error)
        };
        Self { status: StatusCode::OK, parts: vec![text] }
    }

    /// Returns the response that contains only this message: JSON, or an event for a client that reads only those.
    pub(crate) fn into_response(self, accepts: Accepts) -> McpResponse {
        if accepts.json || self.status != StatusCode::OK {
            return McpResponse::json(self.status, self.parts);
        }
        let event = sse::event(None, &self.parts);
        McpResponse::events(Box::pin(stream::iter([event])))
    }
}

/// Returns the text of a notification.
pub(crate) fn notification(method: &str, params: &Value) -> Bytes {
    format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{params}}}").into()
}

/// Returns the text of an error message.
fn error_text(id: Option<&RequestId>, error: &RpcError) -> Bytes {
    let id = id.map_or("null", RequestId::as_json);
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{}}}", error.to_json()).into()
}

/// A text that a cache shares.
struct SharedText(Arc<str>);

impl AsRef<[u8]> for SharedText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

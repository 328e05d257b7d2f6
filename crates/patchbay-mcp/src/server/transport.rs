//! The endpoint: which era a request belongs to.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use patchbay_metrics::{McpMethod, metrics};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{
    accept::Accepts,
    handler::{McpCaller, McpHandler},
    incoming::{self, Body, Incoming, Unreadable},
    inner::{Inner, McpSettings},
    legacy, modern,
    response::{McpResponse, method_not_allowed},
};
use crate::{
    RpcError,
    headers::{METHOD, VERSION, decode_value, is_media_type},
    meta::PROTOCOL_VERSION,
    version::{Era, LEGACY},
};

/// The transport of an MCP server.
///
/// Before it, the endpoint checks the host and the origin ([`super::AllowedHosts`]) and the size of the body, and authenticates.
pub struct McpServer<H>(Arc<Inner<H>>);

impl<H> Clone for McpServer<H> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<H: McpHandler> McpServer<H> {
    /// Creates a transport.
    pub fn new(handler: H, settings: McpSettings) -> Self {
        Self(Arc::new(Inner::new(handler, settings)))
    }

    /// Returns the handler.
    pub fn handler(&self) -> &H {
        &self.0.handler
    }

    /// Answers a POST.
    pub async fn post(&self, caller: H::Caller, headers: &HeaderMap, body: &[u8]) -> McpResponse {
        let caller = Arc::new(caller);
        let content_type = headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
        if content_type.is_some_and(|kind| !is_media_type(kind, "application/json")) {
            let error =
                RpcError::new(RpcError::INVALID_REQUEST, "the content type of the body is not application/json");
            return McpResponse::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, None, &error);
        }
        let body = match incoming::read(body) {
            Ok(body) => body,
            Err(Unreadable { id, error }) => return McpResponse::error(StatusCode::BAD_REQUEST, id.as_ref(), &error),
        };
        let accepts = Accepts::of(headers);
        if !accepts.json && !accepts.events {
            let message = "the header `Accept` admits neither application/json nor text/event-stream";
            let id = match &body {
                Body::One(Incoming::Request(request)) => Some(&request.id),
                _ => None,
            };
            return McpResponse::error(
                StatusCode::NOT_ACCEPTABLE,
                id,
                &RpcError::new(RpcError::INVALID_REQUEST, message),
            );
        }
        let (began, method) = (Instant::now(), counted_as(&body));
        let response = match era(headers, &body) {
            Era::Modern => modern::post(&self.0, caller, headers, accepts, body).await,
            Era::Legacy => legacy::post(&self.0, caller, headers, accepts, body).await,
        };
        metrics().mcp.observe(method, began.elapsed());
        response
    }

    /// Answers a GET: the stream of a legacy session, or 405.
    pub async fn get(&self, caller: H::Caller, headers: &HeaderMap) -> McpResponse {
        if !caller.has_sessions() {
            return method_not_allowed();
        }
        legacy::get(&self.0, Arc::new(caller), headers).await
    }

    /// Answers a DELETE: the end of a legacy session, or 405.
    pub fn delete(&self, caller: &H::Caller, headers: &HeaderMap) -> McpResponse {
        if !caller.has_sessions() {
            return method_not_allowed();
        }
        legacy::delete(&self.0, caller, headers)
    }
}

/// Returns what metrics count a body under.
fn counted_as(body: &Body) -> McpMethod {
    match body {
        Body::One(Incoming::Request(request)) => McpMethod::of(&request.method),
        Body::One(Incoming::Notification { .. } | Incoming::Response { .. }) | Body::Batch(_) => McpMethod::Other,
    }
}

/// Returns the era of a request. It is a modern one if `_meta` names a revision, if the header names another revision than a legacy one, or
/// if the method exists only since then. The header for the method says so too, unless the header for the revision names a legacy one:
/// some clients send the header for the method in both eras.
fn era(headers: &HeaderMap, body: &Body) -> Era {
    let mut versions = headers.get_all(VERSION).iter().peekable();
    let is_modern_header = match versions.peek() {
        None => headers.contains_key(METHOD),
        Some(_) => versions.any(|version| decode_value(version).is_none_or(|named| !LEGACY.contains(&named.as_str()))),
    };
    let is_modern_body = match body {
        Body::One(Incoming::Request(request)) => request.method == "server/discover" || names_version(&request.params),
        Body::One(Incoming::Notification { params, .. }) => names_version(params),
        Body::One(Incoming::Response { .. }) | Body::Batch(_) => false,
    };
    if is_modern_header || is_modern_body { Era::Modern } else { Era::Legacy }
}

fn names_version(params: &Map<String, Value>) -> bool {
    params.get("_meta").is_some_and(|meta| meta.get(PROTOCOL_VERSION).is_some())
}

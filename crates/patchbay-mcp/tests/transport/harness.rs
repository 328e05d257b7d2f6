//! Sends requests to the transport, and reads its responses.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use patchbay_mcp::server::{EventStream, McpBody, McpResponse, McpServer};
use patchbay_model::testing::{ManualClock, SeededEntropy};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, FixtureCaller, server};

/// A transport with the fixture's handler.
pub(crate) struct Harness {
    pub(crate) server: McpServer<Fixture>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) stop: CancellationToken,
}

/// A response that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The messages: one of a JSON body, or those of the events.
    pub(crate) messages: Vec<Value>,
    /// The body as it was sent.
    pub(crate) text: String,
}

impl Harness {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-07-28T12:00:00Z"));
        let stop = CancellationToken::new();
        let server = server(clock.clone(), Arc::new(SeededEntropy::new(7)), stop.clone());
        Self { server, clock, stop }
    }

    pub(crate) async fn send(&self, caller: FixtureCaller, headers: &[(&str, &str)], body: &str) -> McpResponse {
        self.server.post(caller, &header_map(headers), body.as_bytes()).await
    }

    /// Sends a request of the modern era with the headers that belong to it.
    pub(crate) async fn modern(&self, method: &str, params: Value) -> Answer {
        read(self.send_modern(caller("p"), method, params).await).await
    }

    pub(crate) async fn send_modern(&self, caller: FixtureCaller, method: &str, params: Value) -> McpResponse {
        let params = with_meta(params);
        let headers = modern_headers(method, &params);
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
        self.send(caller, &headers, &request(method, &params)).await
    }

    /// Sends a request of the legacy era without a session.
    pub(crate) async fn legacy(&self, method: &str, params: Value) -> Answer {
        read(self.send(caller("p"), &[ACCEPT], &request(method, &params)).await).await
    }
}

pub(crate) const ACCEPT: (&str, &str) = ("accept", "application/json, text/event-stream");

pub(crate) fn caller(principal: &str) -> FixtureCaller {
    FixtureCaller { principal: principal.to_owned(), client: "c".to_owned(), sessions: false, expires_at: None }
}

pub(crate) fn header_map(headers: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    map
}

/// Returns the text of a request with the id 1.
pub(crate) fn request(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

/// Adds the `_meta` of the modern era to parameters, as far as they do not have it.
pub(crate) fn with_meta(params: Value) -> Value {
    let Value::Object(mut params) = params else { return params };
    let mut meta = Map::from_iter([
        ("io.modelcontextprotocol/protocolVersion".to_owned(), json!("2026-07-28")),
        (
            "io.modelcontextprotocol/clientCapabilities".to_owned(),
            json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} }),
        ),
    ]);
    if let Some(Value::Object(own)) = params.remove("_meta") {
        meta.extend(own);
    }
    params.insert("_meta".to_owned(), Value::Object(meta));
    Value::Object(params)
}

/// Returns the capabilities of a client that understands tasks.
pub(crate) fn tasks_meta() -> Value {
    json!({ "io.modelcontextprotocol/clientCapabilities": {
        "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} } } })
}

pub(crate) fn modern_headers(method: &str, params: &Value) -> Vec<(&'static str, String)> {
    let name = ["name", "uri", "taskId"].iter().find_map(|name| params.get(name)?.as_str());
    let mut headers = vec![
        ("accept", ACCEPT.1.to_owned()),
        ("content-type", "application/json".to_owned()),
        ("mcp-protocol-version", "2026-07-28".to_owned()),
        ("mcp-method", method.to_owned()),
    ];
    headers.extend(name.map(|name| ("mcp-name", name.to_owned())));
    headers
}

/// Reads a response to its end.
pub(crate) async fn read(response: McpResponse) -> Answer {
    let McpResponse { status, headers, body } = response;
    match body {
        McpBody::Parts(parts) => {
            let text = String::from_utf8(parts.concat()).unwrap();
            let messages = serde_json::from_str(&text).into_iter().collect();
            Answer { status, headers, messages, text }
        }
        McpBody::Events(events) => {
            let chunks = events.collect::<Vec<Bytes>>().await;
            let text = String::from_utf8(chunks.concat()).unwrap();
            let messages = chunks.iter().filter_map(|chunk| message(chunk)).collect();
            Answer { status, headers, messages, text }
        }
    }
}

/// Returns the events of a response that is a stream.
pub(crate) fn events(response: McpResponse) -> EventStream {
    assert_eq!(response.headers["content-type"], "text/event-stream");
    match response.body {
        McpBody::Events(events) => events,
        McpBody::Parts(parts) => panic!("{parts:?}"),
    }
}

/// Returns the message of an event; `None` for a comment.
pub(crate) fn message(chunk: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(chunk).unwrap();
    let data = text.lines().find_map(|line| line.strip_prefix("data: "))?;
    serde_json::from_str(data).ok()
}

impl Answer {
    /// Returns the only message.
    pub(crate) fn only(&self) -> &Value {
        assert_eq!(self.messages.len(), 1, "{self:?}");
        &self.messages[0]
    }

    /// Returns the result of the last message.
    pub(crate) fn result(&self) -> &Value {
        let last = self.messages.last().unwrap();
        last.get("result").unwrap_or_else(|| panic!("{last}"))
    }

    /// Returns the code of the error, with the status.
    pub(crate) fn error(&self) -> (u16, i64) {
        let last = self.messages.last().unwrap();
        (self.status.as_u16(), last["error"]["code"].as_i64().unwrap_or_else(|| panic!("{last}")))
    }

    /// Returns the text of a tool's result.
    pub(crate) fn said(&self) -> &str {
        self.result()["content"][0]["text"].as_str().unwrap_or_default()
    }
}

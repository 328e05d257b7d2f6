//! The target of the MCP transport: whatever the headers and the body are, a caller gets a JSON-RPC message with an id or null, and the
//! transport returns.
//!
//! An input is lines of headers (`name: value`), an empty line, and the body.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use patchbay_mcp::{
    RpcError,
    param_headers::{ParamHeader, tool_headers},
    server::{
        Ask, Context, Features, InputRequest, ListPage, McpBody, McpCaller, McpHandler, McpServer, McpSettings,
        Outcome, SealPurpose, Sealer, ServerInfo,
    },
};
use patchbay_model::testing::{ManualClock, SeededEntropy};
use serde_json::{Map, Value, json};
use tokio::{runtime::Runtime, time::timeout};
use tokio_util::sync::CancellationToken;

/// The transport of all inputs.
static SERVER: LazyLock<(Runtime, McpServer<Echo>)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let settings = McpSettings {
        sealer: Arc::new(Plain),
        clock: Arc::new(ManualClock::at("2026-07-28T00:00:00Z")),
        entropy: Arc::new(SeededEntropy::new(1)),
        stop: CancellationToken::new(),
        keep_alive: Duration::from_millis(10),
        max_streams: 4,
        max_streams_of_principal: 2,
    };
    (runtime, McpServer::new(Echo, settings))
});

struct Caller {
    principal: String,
    has_sessions: bool,
}

impl McpCaller for Caller {
    fn principal(&self) -> &str {
        &self.principal
    }

    fn client(&self) -> &str {
        &self.principal
    }

    fn has_sessions(&self) -> bool {
        self.has_sessions
    }
}

/// Seals nothing, so that inputs can contain any state.
struct Plain;

impl Sealer for Plain {
    fn seal(&self, _: SealPurpose, _: &str, text: &str) -> String {
        text.to_owned()
    }

    fn open(&self, _: SealPurpose, _: &str, sealed: &str) -> Option<String> {
        Some(sealed.to_owned())
    }
}

struct Echo;

#[async_trait]
impl McpHandler for Echo {
    type Caller = Caller;

    fn info(&self) -> ServerInfo {
        ServerInfo { name: "fuzz", title: "Fuzz", version: "0" }
    }

    fn features(&self) -> Features {
        Features { tools: true, list_changes: true, logging: true, ..Features::default() }
    }

    async fn instructions(&self, _: &Caller) -> Result<Option<String>, RpcError> {
        Ok(None)
    }

    async fn list_tools(&self, _: &Context<Caller>, _: Option<&str>) -> Result<ListPage, RpcError> {
        Ok(ListPage::of_values(&[]))
    }

    fn param_headers(&self, _: &Caller, tool: &str) -> Option<Arc<Vec<ParamHeader>>> {
        let schema = json!({ "inputSchema": { "properties": { "a": { "type": tool, "x-mcp-header": "A" } } } });
        tool_headers(&schema).ok().map(Arc::new)
    }

    async fn call_tool(
        &self,
        context: &Context<Caller>,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<Outcome, RpcError> {
        context.progress(1.0, None, Some(name)).await;
        if name == "ask" && context.responses().get("q").is_none() {
            let question = InputRequest::Form { message: name.to_owned(), schema: Value::Object(arguments) };
            return Ok(Outcome::Ask(Ask { questions: vec![("q".to_owned(), question)], ..Ask::default() }));
        }
        Ok(Outcome::Done(arguments))
    }
}

/// Sends an input to the transport, with and without sessions.
pub fn mcp(data: &[u8]) {
    let split = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = (&data[..split], data.get(split + 2..).unwrap_or_default());
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n').take(32) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&line[colon + 1..])) {
            headers.append(name, value);
        }
    }
    let (runtime, server) = &*SERVER;
    runtime.block_on(async {
        for has_sessions in [false, true] {
            let response = server.post(Caller { principal: "fuzz".to_owned(), has_sessions }, &headers, body).await;
            match response.body {
                McpBody::Parts(parts) => check(&parts.concat()),
                McpBody::Events(mut events) => {
                    let first = timeout(Duration::from_secs(1), events.next()).await.expect("a stream says something");
                    let text = first.unwrap_or_default();
                    assert!(text.is_empty() || text.ends_with(b"\n\n"), "{text:?}");
                }
            }
        }
    });
}

/// Checks that a body is empty, or a message or a batch of them with an id or null.
fn check(body: &[u8]) {
    if body.is_empty() {
        return;
    }
    let message = serde_json::from_slice::<Value>(body).expect("a body is JSON");
    let messages = match message {
        Value::Array(messages) => messages,
        message => vec![message],
    };
    for message in messages {
        let has_outcome = message.get("result").is_some() != message.get("error").is_some();
        assert!(message.get("id").is_some() && has_outcome, "{message}");
    }
}

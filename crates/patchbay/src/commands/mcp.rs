//! `patchbay mcp`: gives hosts that only start programs the tools of a running server. Each line of standard input is a
//! message for the server, and each message of the server becomes a line of standard output.
//!
//! The bridge decides nothing: it adds the headers that Streamable HTTP wants, and turns what fails on the way into
//! JSON-RPC errors. Nothing else is written to standard output, because hosts read it as messages.

use std::{
    collections::HashMap,
    io::{BufRead as _, stdin},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args as ClapArgs;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use patchbay_egress::StreamingResponse;
use patchbay_runtime::IntoError as _;
use patchbay_vault::{OsEntropy, Secret};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::Instant,
};

use super::connector::print_line;
use crate::{
    api_client::ApiClient,
    runtime::{SystemClock, Threads, build_runtime},
};

/// The longest time until a response begins: that of an action, and some more.
const HEAD_TIMEOUT: Duration = Duration::from_mins(10);
/// The longest pause within a response. Servers send a comment while they work.
const PAUSE_TIMEOUT: Duration = Duration::from_mins(5);
/// The longest response: a client may listen for changes for a day.
const STREAM_TIMEOUT: Duration = Duration::from_hours(24);
/// The largest message.
const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;
/// The code of the errors that the bridge itself returns.
const INTERNAL_ERROR: i64 = -32603;
const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

#[derive(ClapArgs)]
pub struct Args {
    /// The server's URL
    #[arg(long, env = "PATCHBAY_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// An API key of the project. Prefer the environment variable: other users can see a command's arguments
    #[arg(long, env = "PATCHBAY_API_KEY", value_name = "KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// PEM file of certificate authorities to trust in addition to the public ones
    #[arg(long, env = "PATCHBAY_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The linked accounts whose tools to use; comma-separated
    #[arg(long, env = "PATCHBAY_ACCOUNT_ID", value_name = "ID", value_delimiter = ',')]
    account: Vec<String>,
    /// Use all accounts of this owner instead
    #[arg(long, value_name = "ID", conflicts_with = "account")]
    owner: Option<String>,
    /// How actions become tools: `individual`, `search_execute` or `meta`
    #[arg(long, value_name = "MODE")]
    tool_mode: Option<String>,
    /// How tools take inputs: `nested`, `flat_prefixed` or `flat_smart`
    #[arg(long, value_name = "STYLE")]
    param_style: Option<String>,
    /// Only these connectors; comma-separated, `*` for any characters
    #[arg(long, value_name = "PATTERN")]
    connectors: Option<String>,
    /// Only these actions; comma-separated, `*` for any characters
    #[arg(long, value_name = "PATTERN")]
    actions: Option<String>,
}

impl Args {
    fn query(&self) -> Vec<(String, String)> {
        let accounts = (!self.account.is_empty()).then(|| self.account.join(","));
        let all = [
            ("x-account-id", accounts.as_ref()),
            ("owner_id", self.owner.as_ref()),
            ("tool-mode", self.tool_mode.as_ref()),
            ("param-style", self.param_style.as_ref()),
            ("connectors", self.connectors.as_ref()),
            ("actions", self.actions.as_ref()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone()))).collect()
    }
}

/// Runs the command until standard input ends and the last response is written.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let key = args.api_key.as_deref().map(str::trim).filter(|key| !key.is_empty());
    let key = key.context("an API key is required; set PATCHBAY_API_KEY or pass --api-key")?;
    let authorities = match &args.ca_file {
        None => None,
        Some(path) => {
            Some(std::fs::read_to_string(path).with_context(|| format!("--ca-file: cannot read {}", path.display()))?)
        }
    };
    let client = ApiClient::new(&args.url, Secret::new(key), authorities, Arc::new(SystemClock), Arc::new(OsEntropy))?;
    let bridge = Arc::new(Bridge { client, query: args.query(), state: Mutex::default() });
    build_runtime(Threads::Single)?.block_on(serve(bridge))
}

/// Reads standard input on a thread of its own: a read cannot be cancelled.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(64);
    std::thread::spawn(move || {
        for line in stdin().lock().lines() {
            let Ok(line) = line else { return };
            if !line.trim().is_empty() && sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

async fn serve(bridge: Arc<Bridge>) -> anyhow::Result<()> {
    let mut lines = lines();
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            line = lines.recv() => {
                let Some(line) = line else { break };
                bridge.accept(&line, &mut running).await?;
            }
            Some(_) = running.join_next() => {}
        }
    }
    // The host ended: what still runs is written if somebody reads it.
    while running.join_next().await.is_some() {}
    Ok(())
}

/// What is known of the conversation.
#[derive(Default)]
struct State {
    /// The revision that the handshake of a legacy client agreed on.
    version: Option<String>,
    session: Option<String>,
    /// The running requests by id. Only those of modern clients: their connection is closed when they cancel.
    running: HashMap<String, AbortHandle>,
}

struct Bridge {
    client: ApiClient,
    query: Vec<(String, String)>,
    state: Mutex<State>,
}

impl Bridge {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message of the host. Requests run side by side, except the handshake, whose outcome the next ones need.
    async fn accept(self: &Arc<Self>, line: &str, running: &mut JoinSet<()>) -> anyhow::Result<()> {
        let message: Value = match serde_json::from_str(line) {
            Ok(message) => message,
            Err(error) => return print_line(&failure(&Value::Null, -32700, &format!("the line is not JSON: {error}"))),
        };
        if message["method"] == "notifications/cancelled"
            && let Some(handle) = self.state().running.remove(&message["params"]["requestId"].to_string())
        {
            handle.abort();
            return Ok(());
        }
        let is_handshake = matches!(message["method"].as_str(), Some("initialize" | "notifications/initialized"));
        let (bridge, id) = (self.clone(), message.get("id").cloned());
        let is_modern = is_modern(&message);
        let send = async move {
            if let Err(error) = bridge.send(&message).await
                && let Some(id) = message.get("id").filter(|_| message.get("method").is_some())
            {
                let _ = print_line(&failure(id, INTERNAL_ERROR, &format!("{error:#}")));
            }
            if let Some(id) = message.get("id") {
                bridge.state().running.remove(&id.to_string());
            }
        };
        if is_handshake {
            send.await;
            return Ok(());
        }
        let handle = running.spawn(send);
        if let Some(id) = id.filter(|_| is_modern && !handle.is_finished()) {
            self.state().running.insert(id.to_string(), handle);
        }
        Ok(())
    }

    async fn send(&self, message: &Value) -> anyhow::Result<()> {
        let headers = self.headers(message);
        let body = serde_json::to_vec(message)?;
        let response = self.client.post_streaming(&["mcp"], &self.query, headers, body, HEAD_TIMEOUT).await?;
        if let Some(session) = response.headers.get("mcp-session-id").and_then(|value| value.to_str().ok()) {
            self.state().session = Some(session.to_owned());
        }
        let kind = response.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.starts_with("text/event-stream") {
            return self.events(message, response).await;
        }
        let status = response.status;
        let limit = Instant::now() + PAUSE_TIMEOUT;
        let read =
            response.read_body(MAX_MESSAGE_BYTES, limit).await.map_err(|failure| failure.into_error("the server"))?;
        if read.body.is_empty() && status.is_success() {
            return Ok(());
        }
        let answer = serde_json::from_slice::<Value>(&read.body).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&read.body);
            json!({ "message": text.chars().filter(|c| !c.is_control()).take(200).collect::<String>() })
        });
        if answer.get("jsonrpc").is_some() || answer.is_array() {
            return self.receive(message, answer);
        }
        let why = answer["message"].as_str().unwrap_or("no message");
        anyhow::bail!("the server responded with status {}: {why}", status.as_u16())
    }

    /// Writes the messages of an event stream.
    async fn events(&self, message: &Value, response: StreamingResponse) -> anyhow::Result<()> {
        let stream = response.into_stream(PAUSE_TIMEOUT, Instant::now() + STREAM_TIMEOUT);
        let mut stream = stream.map_err(|failure| failure.into_error("the server"))?;
        let mut events = Events::default();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|failure| failure.into_error("the server"))?;
            for data in events.push(&chunk)? {
                if let Ok(answer) = serde_json::from_str::<Value>(&data) {
                    self.receive(message, answer)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a message of the server. An error about a request that the server could not read has the request's id.
    fn receive(&self, message: &Value, mut answer: Value) -> anyhow::Result<()> {
        if message["method"] == "initialize"
            && let Some(version) = answer["result"]["protocolVersion"].as_str()
        {
            self.state().version = Some(version.to_owned());
        }
        let has_no_id = answer.get("error").is_some() && answer.get("id").is_none_or(Value::is_null);
        if let (true, Some(id)) = (has_no_id, message.get("id")) {
            answer["id"] = id.clone();
        }
        if has_no_id && message.get("id").is_none() {
            return Ok(());
        }
        print_line(&answer.to_string())
    }

    fn headers(&self, message: &Value) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        let mut add = |name: &'static str, value: &str| {
            headers.insert(HeaderName::from_static(name), header_value(value));
        };
        let params = &message["params"];
        if is_modern(message) {
            add("mcp-protocol-version", params["_meta"][PROTOCOL_VERSION].as_str().unwrap_or("2026-07-28"));
            add("mcp-method", message["method"].as_str().unwrap_or_default());
            let named = ["name", "uri", "taskId"].into_iter().find_map(|name| params[name].as_str());
            if let Some(named) = named {
                add("mcp-name", named);
            }
            return headers;
        }
        let state = self.state();
        if message["method"] != "initialize" {
            if let Some(version) = &state.version {
                add("mcp-protocol-version", version);
            }
            if let Some(session) = &state.session {
                add("mcp-session-id", session);
            }
        }
        headers
    }
}

/// Returns true for a message of a client that sends its revision with every request.
fn is_modern(message: &Value) -> bool {
    message["method"] == "server/discover" || message["params"]["_meta"].get(PROTOCOL_VERSION).is_some()
}

/// Returns a header with a value, encoded if a header cannot contain it.
fn header_value(text: &str) -> HeaderValue {
    let is_plain = text.trim() == text && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let encoded = || format!("=?base64?{}?=", STANDARD.encode(text));
    let value = if is_plain && !text.starts_with("=?") { text.to_owned() } else { encoded() };
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static(""))
}

fn failure(id: &Value, code: i64, message: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } }).to_string()
}

/// Splits an event stream (WHATWG HTML, "Server-sent events") into the data of its events.
#[derive(Default)]
struct Events {
    line: Vec<u8>,
    data: String,
    has_data: bool,
}

impl Events {
    fn push(&mut self, chunk: &[u8]) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        for byte in chunk {
            if *byte != b'\n' {
                self.line.push(*byte);
                anyhow::ensure!(self.line.len() <= MAX_MESSAGE_BYTES, "a message of the server is too large");
                continue;
            }
            let line = String::from_utf8_lossy(&self.line).trim_end_matches('\r').to_owned();
            self.line.clear();
            if line.is_empty() {
                if std::mem::take(&mut self.has_data) {
                    found.push(std::mem::take(&mut self.data));
                }
            } else if let Some(data) = line.strip_prefix("data:") {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
                anyhow::ensure!(self.data.len() <= MAX_MESSAGE_BYTES, "a message of the server is too large");
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let text = b": ping\r\n\r\nevent: message\ndata: {\"a\":\ndata: 1}\n\nid: 1\ndata:\n\ndata: x\n\ndata: cut";
        let whole = Events::default().push(text).unwrap();
        assert_eq!(whole, ["{\"a\":\n1}", "", "x"]);
        let mut events = Events::default();
        let pieces = text.chunks(1).flat_map(|piece| events.push(piece).unwrap()).collect::<Vec<_>>();
        assert_eq!(pieces, whole);
    }

    #[test]
    fn values_that_headers_cannot_contain_are_encoded() {
        for (given, expected) in [
            ("slack_post", "slack_post"),
            ("a b", "a b"),
            (" a", "=?base64?IGE=?="),
            ("ä", "=?base64?w6Q=?="),
            ("a\r\nx: y", "=?base64?YQ0KeDogeQ==?="),
            ("=?x", "=?base64?PT94?="),
        ] {
            assert_eq!(header_value(given).to_str().unwrap(), expected);
        }
    }

    #[test]
    fn modern_messages_are_recognized() {
        assert!(is_modern(&json!({ "method": "server/discover" })));
        assert!(is_modern(
            &json!({ "method": "tools/list", "params": { "_meta": { PROTOCOL_VERSION: "2026-07-28" } } })
        ));
        assert!(!is_modern(&json!({ "method": "tools/list", "params": {} })));
        assert!(!is_modern(&json!({ "id": 1, "result": {} })));
    }
}

//! What the transport costs: requests on one core, without the network, and the memory of streams about changes.

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use fixture::{Fixture, FixtureCaller, server};
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use patchbay_mcp::server::{McpBody, McpServer};
use patchbay_model::testing::{ManualClock, SeededEntropy};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const REQUESTS: usize = 20_000;
const STREAMS: usize = 1_000;
const MANY: usize = 1_000_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");
    runtime.block_on(async {
        let clock = Arc::new(ManualClock::at("2026-07-28T12:00:00Z"));
        let transport = server(clock, Arc::new(SeededEntropy::new(7)), CancellationToken::new());
        for (method, params) in [
            ("server/discover", json!({})),
            ("tools/list", json!({})),
            ("tools/call", json!({ "name": "greet", "arguments": { "name": "Ada" } })),
        ] {
            requests(&transport, method, params).await;
        }
        streams(&transport).await;
        memory(&transport).await;
    });
}

/// Prints how many requests a core answers in a second, and how long the slowest percent takes.
async fn requests(transport: &McpServer<Fixture>, method: &str, params: Value) {
    let (headers, body) = request(method, params);
    let mut times = Vec::with_capacity(REQUESTS);
    let mut bytes = 0;
    let start = Instant::now();
    for at in 0..REQUESTS {
        let begun = Instant::now();
        let response = transport.post(caller(at), &headers, body.as_bytes()).await;
        if let McpBody::Parts(parts) = response.body {
            bytes = parts.iter().map(bytes::Bytes::len).sum();
        }
        times.push(begun.elapsed());
    }
    let total = start.elapsed();
    times.sort_unstable();
    let p99 = times[REQUESTS * 99 / 100];
    let rate = f64::from(u32::try_from(REQUESTS).unwrap_or(u32::MAX)) / total.as_secs_f64();
    println!("{method}: {rate:.0}/s on one core, p99 {p99:.1?}, {bytes} bytes");
}

/// Prints how the memory grows with a million requests.
async fn memory(transport: &McpServer<Fixture>) {
    let (headers, body) = request("tools/call", json!({ "name": "greet", "arguments": { "name": "Ada" } }));
    let before = resident_kilobytes();
    for at in 0..MANY {
        drop(transport.post(caller(at), &headers, body.as_bytes()).await);
    }
    println!("{MANY} calls: {before:.0} kB before, {:.0} kB after", resident_kilobytes());
}

/// Prints the memory of open streams.
async fn streams(transport: &McpServer<Fixture>) {
    let (headers, body) = request("subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }));
    let before = resident_kilobytes();
    let mut open = Vec::with_capacity(STREAMS);
    for at in 0..STREAMS {
        let response = transport.post(caller(at), &headers, body.as_bytes()).await;
        if let McpBody::Events(mut events) = response.body {
            // Acknowledged, and then waiting.
            let _ = events.next().await;
            let _ = tokio::time::timeout(Duration::ZERO, events.next()).await;
            open.push(events);
        }
    }
    let used = resident_kilobytes() - before;
    let count = f64::from(u32::try_from(open.len()).unwrap_or(u32::MAX));
    println!("subscriptions/listen: {count} streams, {:.1} kB each", used / count);
}

fn caller(at: usize) -> FixtureCaller {
    let principal = format!("key {}", at / 8);
    FixtureCaller { principal, client: String::new(), sessions: false, expires_at: None }
}

fn request(method: &str, params: Value) -> (HeaderMap, String) {
    let mut params = params;
    params["_meta"] = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {} });
    let mut headers = HeaderMap::new();
    let name = params.get("name").and_then(Value::as_str).unwrap_or_default();
    for (header, value) in [
        ("accept", "application/json, text/event-stream"),
        ("content-type", "application/json"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
        ("mcp-name", name),
    ] {
        headers.insert(HeaderName::from_static(header), HeaderValue::try_from(value).expect("a header is text"));
    }
    (headers, json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string())
}

/// Returns the resident memory of this process (Linux).
fn resident_kilobytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or_default()
}

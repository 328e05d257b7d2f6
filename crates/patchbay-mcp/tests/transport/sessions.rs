//! Sessions of the legacy era.

use std::time::Duration;

use futures_util::StreamExt as _;
use patchbay_mcp::server::{Change, McpBody};
use serde_json::{Value, json};

use crate::{
    fixture::FixtureCaller,
    harness::{ACCEPT, Answer, Harness, caller, events, header_map, message, read, request},
};

const VERSION: &str = "2025-11-25";

fn with_sessions(principal: &str) -> FixtureCaller {
    FixtureCaller { sessions: true, ..caller(principal) }
}

struct Session<'a> {
    harness: &'a Harness,
    id: String,
}

impl<'a> Session<'a> {
    async fn begin(harness: &'a Harness, version: &str) -> Self {
        let params = json!({ "protocolVersion": version, "clientInfo": { "name": "t", "version": "1" },
            "capabilities": { "elicitation": { "form": {}, "url": {} }, "sampling": {} } });
        let answer = read(harness.send(with_sessions("p"), &[ACCEPT], &request("initialize", &params)).await).await;
        assert_eq!(answer.result()["capabilities"]["tools"], json!({ "listChanged": true }));
        let id = answer.headers["mcp-session-id"].to_str().unwrap().to_owned();
        assert!(id.len() >= 22 && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
        Self { harness, id }
    }

    fn headers(&self) -> [(&str, &str); 3] {
        [ACCEPT, ("mcp-session-id", &self.id), ("mcp-protocol-version", VERSION)]
    }

    async fn send(&self, body: &str) -> patchbay_mcp::server::McpResponse {
        self.harness.send(with_sessions("p"), &self.headers(), body).await
    }

    async fn call(&self, method: &str, params: Value) -> Answer {
        read(self.send(&request(method, &params)).await).await
    }

    async fn respond(&self, id: &Value, result: Value) {
        let body = json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
        assert_eq!(self.send(&body).await.status.as_u16(), 202);
    }

    async fn get(&self, more: &[(&str, &str)]) -> patchbay_mcp::server::McpResponse {
        let headers = [&self.headers()[..], more].concat();
        self.harness.server.get(with_sessions("p"), &header_map(&headers)).await
    }
}

#[tokio::test]
async fn a_session_ends_and_is_then_not_found() {
    let harness = Harness::new();
    let session = Session::begin(&harness, VERSION).await;
    assert!(session.call("tools/list", json!({})).await.result()["tools"].is_array());
    assert_eq!(
        session.call("resources/subscribe", json!({ "uri": "test://watched-resource" })).await.result(),
        &json!({})
    );
    assert_eq!(
        session.call("resources/unsubscribe", json!({ "uri": "test://watched-resource" })).await.result(),
        &json!({})
    );

    let foreign = harness.send(with_sessions("q"), &session.headers(), &request("tools/list", &json!({}))).await;
    assert_eq!(read(foreign).await.error(), (404, -32600));
    assert_eq!(harness.server.delete(&with_sessions("q"), &header_map(&session.headers())).status.as_u16(), 404);
    assert_eq!(harness.server.delete(&with_sessions("p"), &header_map(&session.headers())).status.as_u16(), 204);
    assert_eq!(session.call("tools/list", json!({})).await.error(), (404, -32600));
    assert_eq!(harness.server.delete(&with_sessions("p"), &header_map(&session.headers())).status.as_u16(), 404);
    assert_eq!(read(session.get(&[]).await).await.error(), (404, -32600));

    let idle = Session::begin(&harness, VERSION).await;
    harness.clock.advance_seconds(3_601);
    assert_eq!(idle.call("tools/list", json!({})).await.error(), (404, -32600));
    // Another process knows no session: a client begins anew.
    let restarted = Harness::new();
    let answer = restarted.send(with_sessions("p"), &session.headers(), &request("tools/list", &json!({}))).await;
    assert_eq!(read(answer).await.error(), (404, -32600));
}

#[tokio::test(start_paused = true)]
async fn a_client_is_asked_on_the_stream_of_its_call() {
    let harness = Harness::new();
    let session = Session::begin(&harness, VERSION).await;
    let mut stream = events(
        session
            .send(&request("tools/call", &json!({ "name": "test_elicitation", "arguments": { "message": "Who?" } })))
            .await,
    );
    let first = stream.next().await.unwrap();
    assert!(first.starts_with(b"id: ") && first.ends_with(b"\ndata:\n\n"), "{first:?}");
    let question = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!((&question["method"], &question["params"]["message"]), (&json!("elicitation/create"), &json!("Who?")));
    // An unknown id and a foreign session answer nothing.
    session.respond(&json!(999), json!({ "action": "accept" })).await;
    let content = json!({ "username": "ada", "email": "a@example.com" });
    session.respond(&question["id"], json!({ "action": "accept", "content": content })).await;
    let result = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(result["result"]["content"][0]["text"], format!("User response: action=accept, content={content}"));
    assert!(stream.next().await.is_none());

    let mut stream = events(session.send(&request("tools/call", &json!({ "name": "test_url" }))).await);
    stream.next().await.unwrap();
    let question = message(&stream.next().await.unwrap()).unwrap();
    let params = json!({ "mode": "url", "message": "Connect the account", "url": "https://gateway.example/connect/1", "elicitationId": "e1" });
    assert_eq!(question["params"], params);
    let refusal =
        json!({ "jsonrpc": "2.0", "id": question["id"], "error": { "code": -1, "message": "no" } }).to_string();
    session.send(&refusal).await;
    let result = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(result["result"]["content"][0]["text"], "Opened: action=cancel, content=null");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_its_form_is_an_error() {
    let harness = Harness::new();
    let session = Session::begin(&harness, VERSION).await;
    let mut stream = events(session.send(&request("tools/call", &json!({ "name": "test_elicitation" }))).await);
    stream.next().await.unwrap();
    let question = message(&stream.next().await.unwrap()).unwrap();
    session.respond(&question["id"], json!({ "action": "accept", "content": { "username": 5 } })).await;
    let error = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(error["error"]["code"], -32602);
}

#[tokio::test(start_paused = true)]
async fn a_broken_stream_is_resumed() {
    let harness = Harness::new();
    let session = Session::begin(&harness, VERSION).await;
    let text = read(session.send(&request("tools/call", &json!({ "name": "test_reconnection" }))).await).await.text;
    let first_id = text.lines().next().unwrap().strip_prefix("id: ").unwrap().to_owned();
    assert!(text.ends_with("retry: 500\n\n") && !text.contains("result"), "{text}");
    let resumed = read(session.get(&[("last-event-id", &first_id)]).await).await;
    assert_eq!(resumed.said(), "Reconnection test completed");
    let again = read(session.get(&[("last-event-id", &first_id)]).await).await;
    assert_eq!(again.said(), "Reconnection test completed");
    for unknown in ["999-0", "x", "-", "1-x"] {
        assert_eq!(read(session.get(&[("last-event-id", unknown)]).await).await.error(), (400, -32600), "{unknown}");
    }

    // The connection breaks while the tool runs: it goes on.
    let params = json!({ "name": "test_tool_with_progress", "_meta": { "progressToken": 1 } });
    let mut stream = events(session.send(&request("tools/call", &params)).await);
    let first = stream.next().await.unwrap();
    let first_id = String::from_utf8_lossy(&first).lines().next().unwrap().strip_prefix("id: ").unwrap().to_owned();
    drop(stream);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let resumed = read(session.get(&[("last-event-id", &first_id)]).await).await;
    assert_eq!((resumed.messages.len(), resumed.said()), (4, "Tool with progress executed"));
    let last_but_one = resumed.text.lines().filter_map(|line| line.strip_prefix("id: ")).nth(2).unwrap().to_owned();
    let rest = read(session.get(&[("last-event-id", &last_but_one)]).await).await;
    assert_eq!((rest.messages.len(), rest.said()), (1, "Tool with progress executed"));
    assert!(harness.server.handler().dropped.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn older_revisions_get_no_event_without_data() {
    let harness = Harness::new();
    let session = Session::begin(&harness, "2025-06-18").await;
    let params = json!({ "name": "test_tool_with_progress", "_meta": { "progressToken": 1 } });
    let text = session.call("tools/call", params).await.text;
    assert!(text.contains("notifications/progress") && !text.contains("data:\n"), "{text}");
    let plain = session.call("tools/call", json!({ "name": "greet" })).await;
    assert_eq!((plain.headers["content-type"].to_str().unwrap(), plain.said()), ("application/json", "Hello, !"));
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_session_is_cancelled_by_a_notification() {
    let harness = Harness::new();
    let session = Session::begin(&harness, VERSION).await;
    let mut stream = events(session.send(&request("tools/call", &json!({ "name": "test_hang" }))).await);
    assert!(stream.next().await.is_some());
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } }).to_string();
    // Another session of the principal does not cancel it.
    let other = Session::begin(&harness, VERSION).await;
    other.send(&cancel).await;
    tokio::task::yield_now().await;
    assert!(harness.server.handler().dropped.lock().unwrap().is_empty());
    session.send(&cancel).await;
    let rest = stream.filter_map(|chunk| async move { message(&chunk) }).collect::<Vec<_>>().await;
    assert!(rest.is_empty(), "{rest:?}");
    assert_eq!(*harness.server.handler().dropped.lock().unwrap(), ["test_hang"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_hears_about_changes_outside_of_requests() {
    let harness = Harness::new();
    let session = Session::begin(&harness, VERSION).await;
    let mut stream = events(session.get(&[]).await);
    assert_eq!(read(session.get(&[]).await).await.error(), (409, -32600));
    harness.server.handler().change(Change::Tools);
    let sent = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(sent, json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": {} }));
    harness.server.delete(&with_sessions("p"), &header_map(&session.headers()));
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn log_messages_follow_the_level_of_the_session() {
    let harness = Harness::new();
    let session = Session::begin(&harness, VERSION).await;
    let call = || session.call("tools/call", json!({ "name": "test_tool_with_logging" }));
    assert_eq!(call().await.messages.len(), 1);
    session.call("logging/setLevel", json!({ "level": "debug" })).await;
    assert_eq!(call().await.messages.len(), 4);
    session.call("logging/setLevel", json!({ "level": "error" })).await;
    assert_eq!(call().await.messages.len(), 1);
}

#[tokio::test]
async fn a_client_without_a_session_is_served_too() {
    let harness = Harness::new();
    let response =
        harness.send(with_sessions("p"), &[ACCEPT], &request("tools/call", &json!({ "name": "greet" }))).await;
    assert!(matches!(response.body, McpBody::Parts(_)));
    assert_eq!(read(response).await.said(), "Hello, !");
}

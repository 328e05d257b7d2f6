//! The legacy era without sessions.

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{ACCEPT, Harness, caller, read, request};

#[tokio::test]
async fn the_handshake_agrees_on_a_revision() {
    let harness = Harness::new();
    for (wanted, expected) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("2024-11-05", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("", "2025-11-25"),
    ] {
        let params =
            json!({ "protocolVersion": wanted, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let answer = harness.legacy("initialize", params).await;
        let result = answer.result();
        assert_eq!(result["protocolVersion"], expected, "{wanted}");
        assert_eq!(result["capabilities"]["tools"], json!({}));
        assert_eq!(result["capabilities"]["logging"], json!({}));
        assert_eq!(result["serverInfo"]["name"], "patchbay-conformance");
        assert!(!answer.headers.contains_key("mcp-session-id"));
    }
    let empty = harness.legacy("initialize", json!({})).await;
    assert_eq!(empty.result()["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn requests_come_in_any_order_and_get_nothing_modern() {
    for (method, params) in [
        ("tools/list", json!({})),
        ("tools/call", json!({ "name": "greet", "arguments": { "name": "Ada" } })),
        ("prompts/list", json!({})),
        ("prompts/get", json!({ "name": "test_simple_prompt" })),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({ "uri": "test://static-text" })),
        ("completion/complete", json!({ "ref": {}, "argument": {} })),
        ("ping", json!({})),
        ("logging/setLevel", json!({ "level": "debug" })),
    ] {
        let answer = Harness::new().legacy(method, params).await;
        let result = answer.result();
        for modern in ["resultType", "ttlMs", "cacheScope", "_meta"] {
            assert!(result.get(modern).is_none(), "{method} {modern}");
        }
    }
    let harness = Harness::new();
    assert_eq!(harness.legacy("ping", json!({})).await.result(), &json!({}));
    assert_eq!(harness.legacy("logging/setLevel", json!({ "level": "info" })).await.result(), &json!({}));
}

#[tokio::test]
async fn errors_have_the_status_200_and_no_modern_code() {
    let harness = Harness::new();
    for (method, params, code) in [
        ("unknown/method", json!({}), -32601),
        ("tasks/get", json!({ "taskId": "a" }), -32601),
        ("subscriptions/listen", json!({}), -32601),
        ("resources/subscribe", json!({ "uri": "a" }), -32601),
        ("tools/call", json!({ "name": "unknown" }), -32602),
        ("tools/call", json!({}), -32602),
        ("tools/call", json!({ "name": "test_missing_capability" }), -32600),
        ("tools/call", json!({ "name": "failing_job" }), -32600),
        ("tools/list", json!({ "cursor": "x" }), -32602),
        ("resources/read", json!({ "uri": "test://unknown" }), -32602),
        ("logging/setLevel", json!({ "level": "loud" }), -32602),
    ] {
        let answer = harness.legacy(method, params.clone()).await;
        assert_eq!(answer.error(), (200, code), "{method} {params}");
        assert_eq!(answer.only()["id"], 1);
    }
}

#[tokio::test]
async fn a_revision_that_is_not_spoken_is_refused() {
    let harness = Harness::new();
    let body = request("tools/list", &json!({}));
    let old = read(harness.send(caller("p"), &[ACCEPT, ("mcp-protocol-version", "2024-11-05")], &body).await).await;
    assert_eq!(old.error(), (400, -32600));
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let answer = read(harness.send(caller("p"), &[ACCEPT, ("mcp-protocol-version", version)], &body).await).await;
        assert!(answer.result()["tools"].is_array(), "{version}");
    }
    let dead = read(harness.send(caller("p"), &[ACCEPT, ("mcp-session-id", "x")], &body).await).await;
    assert_eq!((dead.error(), &dead.only()["id"]), ((404, -32600), &json!(1)));
}

#[tokio::test]
async fn notifications_are_accepted_and_responses_are_not() {
    let harness = Harness::new();
    for body in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unknown","params":{}}"#,
    ] {
        let answer = read(harness.send(caller("p"), &[ACCEPT], body).await).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::ACCEPTED, ""), "{body}");
    }
    let response = read(harness.send(caller("p"), &[ACCEPT], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).await).await;
    assert_eq!(response.error(), (400, -32600));
}

#[tokio::test]
async fn only_the_revision_2025_03_26_has_batches() {
    let harness = Harness::new();
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "greet", "arguments": { "name": "Ada" } } },
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        { "jsonrpc": "2.0", "id": "x", "method": "unknown/method" },
        { "jsonrpc": "2.0", "id": 3, "method": "initialize", "params": {} },
        { "jsonrpc": "2.0", "id": 4, "method": "tools/call",
            "params": { "name": "test_tool_with_progress", "_meta": { "progressToken": 1 } } },
        5,
    ]);
    let answer = read(harness.send(caller("p"), &[ACCEPT], &batch.to_string()).await).await;
    let replies = answer.only().as_array().unwrap();
    let ids = replies.iter().map(|reply| reply["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids, [json!(1), json!("x"), json!(3), json!(4), Value::Null]);
    assert_eq!(replies[0]["result"]["content"][0]["text"], "Hello, Ada!");
    assert_eq!(replies[3]["result"]["content"][0]["text"], "Tool with progress executed");
    let codes = [&replies[1], &replies[2], &replies[4]].map(|reply| reply["error"]["code"].as_i64());
    assert_eq!(codes, [Some(-32601), Some(-32600), Some(-32600)]);

    let quiet = json!([{ "jsonrpc": "2.0", "method": "notifications/initialized" }]).to_string();
    let answer = read(harness.send(caller("p"), &[ACCEPT], &quiet).await).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::ACCEPTED, ""));
    for version in ["2025-06-18", "2025-11-25"] {
        let answer = read(harness.send(caller("p"), &[ACCEPT, ("mcp-protocol-version", version)], &quiet).await).await;
        assert_eq!(answer.error(), (400, -32600), "{version}");
    }
}

//! The modern era: which era a request is of, its headers, `_meta`, errors, lists and results.

use http::StatusCode;
use patchbay_mcp::server::method_not_allowed;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{ACCEPT, Harness, caller, modern_headers, read, request, with_meta};

const META: &str = "io.modelcontextprotocol/";

/// Sends a request with headers and parameters that are not completed.
async fn raw(headers: &[(&str, &str)], body: &str) -> crate::harness::Answer {
    read(Harness::new().send(caller("p"), headers, body).await).await
}

/// Sends a modern request with changes of its headers; an empty value removes one.
async fn with_headers(method: &str, params: Value, changes: &[(&'static str, &str)]) -> crate::harness::Answer {
    let params = with_meta(params);
    let mut headers = modern_headers(method, &params);
    for (name, value) in changes {
        headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            headers.push((name, (*value).to_owned()));
        }
    }
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
    raw(&headers, &request(method, &params)).await
}

#[tokio::test]
async fn anything_modern_about_a_request_decides_its_era() {
    let version = ("mcp-protocol-version", "2026-07-28");
    let meta = json!({ "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } });
    for (headers, method, params) in [
        (&[version][..], "tools/list", json!({})),
        (&[("mcp-protocol-version", "2027-01-01")], "tools/list", json!({})),
        (&[("mcp-protocol-version", "invalid")], "initialize", json!({})),
        (&[("mcp-method", "tools/list")], "tools/list", json!({})),
        (&[("mcp-protocol-version", "2025-11-25")], "tools/list", meta.clone()),
        (&[], "server/discover", json!({})),
        (&[], "initialize", meta),
    ] {
        let answer = raw(headers, &request(method, &params)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{headers:?} {method} {answer:?}");
        assert!(answer.only()["error"]["code"].as_i64() != Some(-32600), "{answer:?}");
    }
    let both = [("mcp-protocol-version", "2025-11-25"), ("mcp-method", "tools/list")];
    for headers in [&[][..], &[("mcp-protocol-version", "2025-06-18")], &both] {
        let answer = raw(headers, &request("tools/list", &json!({}))).await;
        assert!(answer.result().get("resultType").is_none(), "{answer:?}");
    }
    let harness = Harness::new();
    assert_eq!(harness.modern("initialize", json!({})).await.error(), (404, -32601));
}

#[tokio::test]
async fn headers_repeat_the_body() {
    let call = || json!({ "name": "greet", "arguments": { "name": "Ada" } });
    for changes in [
        &[("mcp-method", "")][..],
        &[("mcp-method", "tools/list")],
        &[("mcp-method", "TOOLS/CALL")],
        &[("mcp-method", "=?base64?dG9vbHMvY2FsbA?=")],
        &[("mcp-name", "")],
        &[("mcp-name", "Greet")],
        &[("mcp-name", "=?base64?!?=")],
        &[("mcp-protocol-version", "")],
        &[("mcp-protocol-version", "2025-11-25")],
        &[("mcp-protocol-version", "v999")],
    ] {
        let answer = with_headers("tools/call", call(), changes).await;
        assert_eq!(answer.error(), (400, -32020), "{changes:?}");
        assert_eq!(answer.only()["id"], 1);
    }
    for changes in [
        &[][..],
        &[("mcp-name", "  greet\t")],
        &[("mcp-name", "=?base64?Z3JlZXQ=?=")],
        &[("mcp-method", " tools/call ")],
        &[("mcp-param-unknown", "x")],
        &[("mcp-session-id", "dead")],
        &[("last-event-id", "9-9")],
    ] {
        assert_eq!(with_headers("tools/call", call(), changes).await.said(), "Hello, Ada!", "{changes:?}");
    }
    let read = with_headers("resources/read", json!({ "uri": "test://static-text" }), &[("mcp-name", "x")]).await;
    assert_eq!(read.error(), (400, -32020));
    let prompt = with_headers("prompts/get", json!({ "name": "test_simple_prompt" }), &[("mcp-name", "x")]).await;
    assert_eq!(prompt.error(), (400, -32020));
}

#[tokio::test]
async fn marked_arguments_are_repeated_in_headers() {
    let call = |region: Value| json!({ "name": "test_custom_header", "arguments": { "region": region } });
    for (region, header, is_accepted) in [
        (json!("Hello"), "=?base64?SGVsbG8=?=", true),
        (json!("SGVsbG8="), "SGVsbG8=", true),
        (json!("=?base64?SGVsbG8="), "=?base64?SGVsbG8=", true),
        (json!(null), "", true),
        (json!("Hello"), "=?base64?SGVsbG8?=", false),
        (json!("Hello"), "=?base64?SGVs!!!bG8=?=", false),
        (json!("Hello"), "hello", false),
        (json!("Hello"), "", false),
    ] {
        let answer = with_headers("tools/call", call(region.clone()), &[("mcp-param-region", header)]).await;
        let error = answer.only()["error"]["code"].as_i64();
        assert_eq!(error, (!is_accepted).then_some(-32020), "{region} {header}");
        assert_eq!(answer.status == StatusCode::OK, is_accepted, "{region} {header}");
    }
}

#[tokio::test]
async fn each_error_has_its_status_and_code() {
    let harness = Harness::new();
    for (method, params, expected) in [
        ("unknown/method", json!({}), (404, -32601)),
        ("ping", json!({}), (404, -32601)),
        ("logging/setLevel", json!({ "level": "info" }), (404, -32601)),
        ("resources/subscribe", json!({ "uri": "a" }), (404, -32601)),
        ("resources/unsubscribe", json!({ "uri": "a" }), (404, -32601)),
        ("tasks/list", json!({}), (404, -32601)),
        ("tasks/result", json!({ "taskId": "a" }), (404, -32601)),
        ("tools/call", json!({ "name": "unknown", "arguments": {} }), (200, -32602)),
        ("tools/call", json!({ "arguments": {} }), (200, -32602)),
        ("tools/call", json!({ "name": 5 }), (200, -32602)),
        ("tools/call", json!({ "name": "greet", "arguments": [] }), (200, -32602)),
        ("prompts/get", json!({ "name": "unknown" }), (200, -32602)),
        ("resources/read", json!({ "uri": "test://unknown" }), (200, -32602)),
        ("tools/list", json!({ "cursor": "" }), (200, -32602)),
        ("tools/list", json!({ "cursor": 5 }), (200, -32602)),
        ("subscriptions/listen", json!({}), (200, -32602)),
        ("subscriptions/listen", json!({ "notifications": { "toolsListChanged": 5 } }), (200, -32602)),
        ("tools/list", json!({ "_meta": { "progressToken": [] } }), (400, -32602)),
        ("tools/list", json!({ "_meta": { "progressToken": 1.5 } }), (400, -32602)),
        ("tools/list", json!({ "_meta": { format!("{META}logLevel"): "loud" } }), (400, -32602)),
        ("tools/list", json!({ "_meta": { format!("{META}clientCapabilities"): [] } }), (400, -32602)),
    ] {
        let answer = harness.modern(method, params.clone()).await;
        assert_eq!(answer.error(), expected, "{method} {params}");
        assert_eq!(answer.only()["id"], 1);
    }
    let missing = harness.modern("resources/read", json!({ "uri": "test://unknown" })).await;
    assert_eq!(missing.only()["error"]["data"], json!({ "uri": "test://unknown" }));
}

#[tokio::test]
async fn meta_says_the_revision_and_the_capabilities() {
    let headers = [ACCEPT, ("mcp-protocol-version", "2026-07-28"), ("mcp-method", "server/discover")];
    let version = json!("2026-07-28");
    for params in [
        json!({}),
        json!({ "_meta": null }),
        json!({ "_meta": { format!("{META}clientCapabilities"): {} } }),
        json!({ "_meta": { format!("{META}protocolVersion"): version } }),
        json!({ "_meta": { format!("{META}protocolVersion"): 20_260_728, format!("{META}clientCapabilities"): {} } }),
    ] {
        let answer = raw(&headers, &request("server/discover", &params)).await;
        assert_eq!(answer.error(), (400, -32602), "{params}");
    }
    for version in ["v999.0.0", "2025-11-25", "2027-01-01"] {
        let meta =
            json!({ "_meta": { format!("{META}protocolVersion"): version, format!("{META}clientCapabilities"): {} } });
        let headers = [ACCEPT, ("mcp-protocol-version", version), ("mcp-method", "server/discover")];
        let answer = raw(&headers, &request("server/discover", &meta)).await;
        assert_eq!(answer.error(), (400, -32022), "{version}");
        let data = json!({ "supported": ["2026-07-28"], "requested": version });
        assert_eq!(answer.only()["error"]["data"], data);
    }
}

#[tokio::test]
async fn a_body_is_one_message() {
    let headers = [ACCEPT, ("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
    for (body, code, id) in [
        ("{", -32700, Value::Null),
        ("[]", -32600, Value::Null),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#, -32600, Value::Null),
        (r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#, -32600, Value::Null),
        (r#"{"jsonrpc":"2.0","id":"a","result":{}}"#, -32600, Value::Null),
        (r#"{"jsonrpc":"2.0","id":"a"}"#, -32600, json!("a")),
    ] {
        let answer = raw(&headers, body).await;
        assert_eq!((answer.error(), &answer.only()["id"]), ((400, code), &id), "{body}");
    }
    let notification = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let headers = [ACCEPT, ("mcp-protocol-version", "2026-07-28"), ("mcp-method", "notifications/cancelled")];
    let answer = raw(&headers, notification).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::ACCEPTED, ""));
}

#[tokio::test]
async fn ids_come_back_as_they_were_sent() {
    let params = with_meta(json!({}));
    for id in ["0", "-7", "\"\"", "\"a\\u00e9\"", "12345678901234567890123"] {
        let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/list\",\"params\":{params}}}");
        let headers = [ACCEPT, ("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
        let answer = raw(&headers, &body).await;
        assert!(answer.text.starts_with(&format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\"")), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_client_must_read_json_or_events() {
    let sends = |accept: &'static str| async move {
        with_headers("tools/call", json!({ "name": "greet" }), &[("accept", accept)]).await
    };
    for accept in ["text/html", "application/json;q=0"] {
        let answer = sends(accept).await;
        assert_eq!((answer.error(), &answer.only()["id"]), ((406, -32600), &json!(1)), "{accept}");
    }
    for (accept, kind) in [
        ("application/json", "application/json"),
        ("text/event-stream", "text/event-stream"),
        ("*/*", "application/json"),
        ("", "application/json"),
    ] {
        let answer = sends(accept).await;
        assert_eq!((answer.said(), answer.headers["content-type"].to_str().unwrap()), ("Hello, !", kind), "{accept}");
    }
    let form = with_headers("tools/call", json!({ "name": "greet" }), &[("content-type", "text/plain")]).await;
    assert_eq!(form.error(), (415, -32600));
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let harness = Harness::new();
    let discovered = harness.modern("server/discover", json!({})).await;
    let result = discovered.result();
    assert_eq!(result["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(result["capabilities"]["tools"], json!({ "listChanged": true }));
    assert_eq!(result["capabilities"]["extensions"], json!({ "io.modelcontextprotocol/tasks": {} }));
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(300_000), &json!("private")));
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({ "uri": "test://static-text" })),
        ("tools/call", json!({ "name": "greet" })),
        ("prompts/get", json!({ "name": "test_simple_prompt" })),
        ("completion/complete", json!({ "ref": {}, "argument": {} })),
    ] {
        let answer = harness.modern(method, params).await;
        let result = answer.result();
        assert_eq!(result["resultType"], "complete", "{method}");
        assert_eq!(result["_meta"][format!("{META}serverInfo")]["name"], "patchbay-conformance", "{method}");
        let is_cacheable = method.ends_with("/list") || method.ends_with("/read") || method == "server/discover";
        assert_eq!(result["ttlMs"].is_u64(), is_cacheable, "{method}");
        assert_eq!(result["cacheScope"].is_string(), is_cacheable, "{method}");
    }
}

#[tokio::test]
async fn a_cursor_is_only_for_its_list_and_its_caller() {
    let harness = Harness::new();
    let first = harness.modern("prompts/list", json!({})).await;
    let cursor = first.result()["nextCursor"].as_str().unwrap().to_owned();
    assert_eq!(first.result()["prompts"].as_array().unwrap().len(), 2);
    let second = harness.modern("prompts/list", json!({ "cursor": cursor })).await;
    assert_eq!((second.result()["prompts"].as_array().unwrap().len(), second.result().get("nextCursor")), (3, None));
    assert_eq!(first.result()["cacheScope"], second.result()["cacheScope"]);

    assert_eq!(harness.modern("tools/list", json!({ "cursor": cursor })).await.error(), (200, -32602));
    let foreign = harness.send_modern(caller("q"), "prompts/list", json!({ "cursor": cursor })).await;
    assert_eq!(read(foreign).await.error(), (200, -32602));
    for at in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let answer = harness.modern("prompts/list", json!({ "cursor": changed })).await;
        // The last character of base64 can have bits that mean nothing.
        assert!(answer.only().get("error").is_some() || at + 1 == cursor.len(), "{at}");
    }
}

#[tokio::test]
async fn other_methods_than_post_are_not_allowed() {
    let harness = Harness::new();
    let get = read(harness.server.get(caller("p"), &crate::harness::header_map(&[ACCEPT])).await).await;
    let delete = read(harness.server.delete(&caller("p"), &crate::harness::header_map(&[]))).await;
    for answer in [get, delete, read(method_not_allowed()).await] {
        assert_eq!((answer.error(), answer.headers["allow"].to_str().unwrap()), ((405, -32000), "POST"));
        assert_eq!(answer.only()["error"]["message"], "Only POST is supported for stateless MCP.");
        assert_eq!(answer.only()["id"], Value::Null);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_body_gets_a_message_with_an_id_or_null(
        body in "[\\[\\]{}\":,0-9a-z/_. \\\\]{0,80}",
        method in "[a-z/]{0,20}",
        version in prop_oneof![Just("2026-07-28"), Just("2025-03-26"), Just("=?base64??="), Just("x")],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let answer = runtime.block_on(async {
            let headers = [ACCEPT, ("mcp-protocol-version", version), ("mcp-method", method.as_str())];
            raw(&headers, &body).await
        });
        let is_empty = answer.status == StatusCode::ACCEPTED && answer.text.is_empty();
        prop_assert!(is_empty || answer.messages.len() == 1, "{answer:?}");
        // The answer to a batch is a list.
        let messages = answer.messages.iter().flat_map(|message| match message {
            Value::Array(batch) => batch.clone(),
            message => vec![message.clone()],
        });
        prop_assert!(messages.into_iter().all(|message| message.get("id").is_some()), "{answer:?}");
    }
}

//! The endpoint for agents: who reaches it, and that both eras are served there.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{ApiResponse, Client, LinkedServer, canary};

fn request(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": params })
}

fn with_meta(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params
}

/// Sends a request of the modern era.
fn modern(client: &Client, method: &str, params: Value) -> ApiResponse {
    let params = with_meta(params);
    let name = params["name"].as_str().unwrap_or_default().to_owned();
    let client = client.clone().header("mcp-protocol-version", "2026-07-28").header("mcp-method", method);
    let client = if name.is_empty() { client } else { client.header("mcp-name", &name) };
    client.post("/mcp", &request(method, &params))
}

fn names(answer: &ApiResponse) -> Vec<String> {
    let json = answer.json();
    let tools = json["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}"));
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn both_eras_list_and_call_the_same_tools() {
    let linked = LinkedServer::new();
    let api = linked.api().header("accept", "application/json, text/event-stream");
    let discovered = modern(&api, "server/discover", json!({}));
    assert_eq!(discovered.status, 200, "{discovered}");
    assert_eq!(discovered.json()["result"]["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(discovered.header("content-type"), Some("application/json"));

    let hello =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let hello = api.post("/mcp", &request("initialize", &hello));
    assert_eq!(hello.json()["result"]["protocolVersion"], "2025-11-25", "{hello}");
    assert_eq!(hello.header("mcp-session-id"), None);
    let initialized = api.post("/mcp", &json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    assert_eq!((initialized.status, initialized.body.as_str()), (202, ""));

    let (new, old) = (modern(&api, "tools/list", json!({})), api.post("/mcp", &request("tools/list", &json!({}))));
    assert!(names(&new).len() > 5 && names(&new) == names(&old), "{new}");
    assert_eq!((&new.json()["result"]["cacheScope"], old.json()["result"].get("ttlMs")), (&json!("private"), None));
    let length = new.header("content-length").and_then(|length| length.parse().ok());
    assert_eq!(length, Some(new.body.len()));

    let tool = names(&new).into_iter().find(|name| name.contains("list")).unwrap();
    let call = json!({ "name": tool, "arguments": {} });
    let (new, old) = (modern(&api, "tools/call", call.clone()), api.post("/mcp", &request("tools/call", &call)));
    assert!(new.json()["result"]["content"].is_array(), "{new}");
    assert_eq!(new.json()["result"]["content"], old.json()["result"]["content"]);
    let unknown = modern(&api, "tools/call", json!({ "name": "not_a_tool" }));
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (200, &json!(-32602)), "{unknown}");
}

#[test]
fn only_a_key_opens_the_endpoint() {
    let linked = LinkedServer::new();
    let account = |client: Client| client.header("x-account-id", &linked.account);
    let list = request("tools/list", &json!({}));
    for (client, status) in [
        (account(linked.server.api()), 200),
        (account(linked.server.anonymous().header("authorization", "Bearer wrong")), 401),
        (account(linked.server.anonymous()), 401),
        (account(linked.server.anonymous().header("cookie", "patchbay_session=x")), 401),
    ] {
        let answer = client.post("/mcp", &list);
        assert_eq!(answer.status, status, "{answer}");
    }
    let bearer = format!("Bearer {}", canary::API_KEY);
    let bearer = account(linked.server.anonymous().header("authorization", &bearer));
    assert_eq!(bearer.post("/mcp", &list).status, 200);
    assert_eq!(linked.server.api().post("/mcp", &list).status, 400);
    let elsewhere = linked.server.api().header("x-account-id", "unknown").post("/mcp", &list);
    assert_eq!(elsewhere.status, 404, "{elsewhere}");
}

#[test]
fn a_page_of_another_site_cannot_reach_agents_tools() {
    let linked = LinkedServer::new();
    let list = request("tools/list", &json!({}));
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("host", "evil.example"),
        ("host", "localhost.evil.example"),
    ] {
        let answer = linked.api().header(name, value).post("/mcp", &list);
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (403, &json!(-32600)), "{name} {value} {answer}");
        assert_eq!(answer.json()["id"], Value::Null);
    }
    // What a header of a proxy says does not count.
    let forwarded = linked.api().header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example");
    assert_eq!(forwarded.post("/mcp", &list).status, 200);
    assert_eq!(linked.api().header("origin", "http://localhost:5173").post("/mcp", &list).status, 200);
}

#[test]
fn only_post_is_supported() {
    let linked = LinkedServer::new();
    for (client, method) in [
        (linked.server.anonymous(), "GET"),
        (linked.api(), "GET"),
        (linked.api(), "DELETE"),
        (linked.server.anonymous(), "PUT"),
    ] {
        let answer = client.send(method, "/mcp", None);
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{answer}");
        let expected = json!({ "jsonrpc": "2.0", "id": null,
            "error": { "code": -32000, "message": "Only POST is supported for stateless MCP." } });
        assert_eq!(answer.json(), expected);
    }
}

#[test]
fn bad_bodies_of_agents_are_answered() {
    let linked = LinkedServer::with_arguments(&["--body-limit-mib", "1"]);
    let api = linked.api();
    for (body, status, code) in [
        (String::new(), 400, -32700),
        ("{".to_owned(), 400, -32700),
        ("[]".to_owned(), 400, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.to_owned(), 400, -32600),
        ("[".repeat(100_000), 400, -32700),
    ] {
        let answer = api.send("POST", "/mcp", Some(body));
        assert_eq!((answer.status, answer.json()["error"]["code"].as_i64()), (status, Some(code)), "{answer}");
    }
    let large = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}\"}}", "x".repeat(2 << 20));
    assert_eq!(api.send("POST", "/mcp", Some(large)).status, 413);
}

/// Opens a stream about changes of the tools.
fn listen(linked: &LinkedServer, key: &str) -> BufReader<TcpStream> {
    let address = linked.server.base.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let params = with_meta(json!({ "notifications": { "toolsListChanged": true, "promptsListChanged": true } }));
    let body = request("subscriptions/listen", &params).to_string();
    let (account, length) = (&linked.account, body.len());
    write!(
        connection,
        "POST /mcp HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nx-account-id: {account}\r\n\
         content-type: application/json\r\naccept: application/json, text/event-stream\r\n\
         mcp-protocol-version: 2026-07-28\r\nmcp-method: subscriptions/listen\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    BufReader::new(connection)
}

/// Returns the next message of a stream.
fn next_message(stream: &mut BufReader<TcpStream>) -> Value {
    let mut line = String::new();
    while !line.starts_with("data: ") {
        line.clear();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "the stream ended");
    }
    serde_json::from_str(line.trim_start_matches("data: ")).unwrap()
}

#[test]
fn a_stream_says_that_the_tools_have_changed() {
    let linked = LinkedServer::new();
    let mut stream = listen(&linked, canary::API_KEY);
    let first = next_message(&mut stream);
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(first["params"]["notifications"], json!({ "toolsListChanged": true }));
    let before = names(&linked.api().post("/mcp", &request("tools/list", &json!({}))));
    let enabled = json!({ "enabled_actions": ["spotdraft_list_contracts"] });
    let patched = linked.server.api().patch(&format!("/auth_configs/{}", linked.integration), &enabled);
    assert_eq!(patched.status, 200, "{patched}");
    assert_eq!(next_message(&mut stream)["method"], "notifications/tools/list_changed");
    assert_ne!(names(&linked.api().post("/mcp", &request("tools/list", &json!({})))), before);
}

#[test]
fn a_stream_about_tools_ends_with_its_key() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    for ending in ["delete", "disable"] {
        let key = api.post("/api_keys", &json!({ "name": "agent", "scopes": ["actions:execute"] }));
        let mut stream = listen(&linked, &key.text("/key"));
        assert_eq!(next_message(&mut stream)["method"], "notifications/subscriptions/acknowledged");
        let path = format!("/api_keys/{}", key.text("/id"));
        let ended = match ending {
            "delete" => api.delete(&path),
            _ => api.patch(&path, &json!({ "enabled": false })),
        };
        assert!(ended.status < 300, "{ended}");
        // The result of the request, which ends the stream as the protocol wants it.
        let last = next_message(&mut stream);
        assert!(last["result"].is_object(), "{ending}: {last}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let linked = LinkedServer::new();
    let list = request("tools/list", &json!({}));
    let mistyped = linked.api().post("/mcp?toolmode=meta", &list);
    assert_eq!((mistyped.status, mistyped.code()), (400, "ValidationError".to_owned()), "{mistyped}");
    let other = linked.api().post("/mcp?utm_source=x", &list);
    assert_eq!((other.status, other.header("x-ignored-fields")), (200, Some("query.utm_source")), "{other}");
    let stranger = linked.server.anonymous().post("/mcp", &list);
    assert_eq!(stranger.status, 401);
    assert!(stranger.text("/message").contains("Bearer"), "{stranger}");
    let long = json!({ "name": "spotdraft_list_contracts", "arguments": { "x".repeat(500_000): 1 } });
    let refused = linked.api().post("/mcp", &request("tools/call", &long));
    assert!(refused.body.len() < 10_000, "{} bytes", refused.body.len());
}

#[test]
fn calls_of_agents_are_logged_with_the_address_of_their_client() {
    let linked = LinkedServer::new();
    let call = request("tools/call", &json!({ "name": "spotdraft_list_contract_types", "arguments": {} }));
    assert_eq!(linked.api().post("/mcp", &call).status, 200);
    let deadline = Instant::now() + Duration::from_secs(20);
    let rows = loop {
        let page = linked.server.api().post("/logs", &json!({ "filters": { "source_type": ["mcp"] } })).json();
        match page["data"].as_array() {
            Some(rows) if !rows.is_empty() => break rows.clone(),
            _ => assert!(Instant::now() < deadline, "the call is not in the logs: {page}"),
        }
        std::thread::yield_now();
    };
    assert_eq!(rows[0]["ip_address"], json!("127.0.0.1"), "{}", rows[0]);
}

//! The raw proxy.

use serde_json::{Value, json};

use crate::support::LinkedServer;

#[test]
fn every_response_of_the_provider_is_passed_through() {
    let linked = LinkedServer::new();
    let send = |body: Value| linked.api().post("/unified/proxy", &body);
    let answer = send(json!({ "method": "get", "path": "/contract_types/" }));
    assert_eq!(answer.status, 200, "{answer}");
    let body = answer.json();
    assert_eq!((body["status"].clone(), body["data"][0]["name"].clone()), (json!(200), json!("Mutual NDA")));
    let made =
        send(json!({ "method": "post", "path": "/contracts/8/comments/", "body": { "comment": "Hello" } })).json();
    assert_eq!((made["status"].clone(), made["data"]["comment"].clone()), (json!(201), json!("Hello")));
    let missing = send(json!({ "path": "/contracts/T-999/status" })).json();
    assert_eq!(missing["status"], 404, "{missing}");
}

#[test]
fn the_proxy_reaches_no_other_host() {
    let linked = LinkedServer::new();
    linked.provider.forget_requests();
    for body in [
        json!({ "path": "/x", "url": "https://evil.example.com" }),
        json!({ "path": "/x", "url": "http://169.254.169.254" }),
        json!({ "path": "https://evil.example.com/x" }),
        json!({ "path": "//evil.example.com/x" }),
        json!({ "path": "/../../secret" }),
        json!({ "path": "/%2e%2e/secret" }),
        json!({ "path": "\\\\evil.example.com" }),
        json!({ "path": "x" }),
        json!({ "path": "/x", "headers": { "client-secret": "mine" } }),
        json!({ "path": "/x", "headers": { "host": "evil.example.com" } }),
        json!({ "path": "/x", "headers": { "x-note": "a\r\nx-evil: 1" } }),
        json!({ "path": "/x", "method": "trace" }),
    ] {
        let answer = linked.api().post("/unified/proxy", &body);
        assert_eq!(answer.status, 400, "{body}: {answer}");
    }
    assert!(linked.provider.requests().is_empty());
}

#[test]
fn heartbeats_keep_a_long_call_open() {
    let linked = LinkedServer::new();
    let answer =
        linked.api().header("prefer", "heartbeat").post("/unified/proxy", &json!({ "path": "/contract_types/" }));
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer.header("preference-applied"), Some("heartbeat"));
    assert_eq!(answer.json()["status"], 200);
}

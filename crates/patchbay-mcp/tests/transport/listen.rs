//! Streams about changes.

use std::time::Duration;

use futures_util::StreamExt as _;
use patchbay_mcp::server::Change;
use patchbay_model::Clock as _;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout};

use crate::harness::{Harness, caller, events, message, read};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn filter(notifications: Value) -> Value {
    Value::Object(Map::from_iter([("notifications".to_owned(), notifications)]))
}

#[tokio::test(start_paused = true)]
async fn a_stream_acknowledges_and_tells_only_what_was_asked_for() {
    let harness = Harness::new();
    let wanted = filter(
        json!({ "toolsListChanged": true, "resourceSubscriptions": ["test://watched-resource"], "newKind": true }),
    );
    let mut stream = events(harness.send_modern(caller("p"), "subscriptions/listen", wanted).await);
    let first = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    let served = json!({ "toolsListChanged": true, "resourceSubscriptions": ["test://watched-resource"] });
    assert_eq!(first["params"]["notifications"], served);
    let handler = harness.server.handler();
    handler.change(Change::Prompts);
    handler.change(Change::Resource("test://other".to_owned()));
    handler.change(Change::Resource("test://watched-resource".to_owned()));
    handler.change(Change::Tools);
    let second = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(second["method"], "notifications/resources/updated");
    assert_eq!(second["params"]["uri"], "test://watched-resource");
    let third = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(third["method"], "notifications/tools/list_changed");
    for sent in [first, second, third] {
        assert_eq!(sent["params"]["_meta"][SUBSCRIPTION], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_second_are_told_once() {
    let harness = Harness::new();
    let wanted = filter(json!({ "toolsListChanged": true }));
    let mut stream = events(harness.send_modern(caller("p"), "subscriptions/listen", wanted).await);
    stream.next().await.unwrap();
    let handler = harness.server.handler();
    let start = Instant::now();
    (0..20).for_each(|_| handler.change(Change::Tools));
    assert!(message(&stream.next().await.unwrap()).is_some());
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(message(&stream.next().await.unwrap()).is_some());
    assert_eq!(start.elapsed().as_secs(), 1);
    // Nothing more, until it is time for a comment.
    assert_eq!(stream.next().await.as_deref(), Some(&b": ping\n\n"[..]));
    assert_eq!(start.elapsed().as_secs(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_server_or_the_authority() {
    let harness = Harness::new();
    let wanted = filter(json!({ "toolsListChanged": true }));
    let mut stopped = events(harness.send_modern(caller("p"), "subscriptions/listen", wanted.clone()).await);
    let mut expiring = caller("p");
    expiring.expires_at = Some(harness.clock.now().plus_seconds(5));
    let mut expired = events(harness.send_modern(expiring, "subscriptions/listen", wanted).await);
    assert!(stopped.next().await.is_some() && expired.next().await.is_some());
    let start = Instant::now();
    let end = message(&expired.next().await.unwrap()).unwrap();
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(
        end,
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "resultType": "complete", "_meta": { SUBSCRIPTION: 1 } } })
    );
    assert!(expired.next().await.is_none());
    assert!(timeout(Duration::from_secs(1), stopped.next()).await.is_err());
    harness.stop.cancel();
    assert!(message(&stopped.next().await.unwrap()).unwrap().get("result").is_some());
    assert!(stopped.next().await.is_none());
}

#[tokio::test]
async fn streams_of_a_principal_are_bounded_and_freed() {
    let harness = Harness::new();
    let wanted = || filter(json!({ "toolsListChanged": true }));
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(events(harness.send_modern(caller("p"), "subscriptions/listen", wanted()).await));
    }
    let refused = read(harness.send_modern(caller("p"), "subscriptions/listen", wanted()).await).await;
    assert_eq!((refused.error(), refused.headers.contains_key("retry-after")), ((429, -32603), true));
    drop(events(harness.send_modern(caller("q"), "subscriptions/listen", wanted()).await));
    open.pop();
    drop(events(harness.send_modern(caller("p"), "subscriptions/listen", wanted()).await));
}

#[tokio::test]
async fn filters_are_bounded() {
    let harness = Harness::new();
    let uris = vec!["test://a"; 101];
    let answer = harness.modern("subscriptions/listen", filter(json!({ "resourceSubscriptions": uris }))).await;
    assert_eq!(answer.error(), (200, -32602));
    let answer = harness.modern("subscriptions/listen", filter(json!({ "resourceSubscriptions": [5] }))).await;
    assert_eq!(answer.error(), (200, -32602));
}

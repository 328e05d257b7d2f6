//! What a client hears before the response: progress, messages, and that it still has to wait. And what ends a call.

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::harness::{ACCEPT, Harness, caller, events, message, read, request};

const HANG: &str = "test_hang";

#[tokio::test(start_paused = true)]
async fn progress_comes_before_the_response() {
    let harness = Harness::new();
    let params = json!({ "name": "test_tool_with_progress", "_meta": { "progressToken": "t" } });
    let answer = harness.modern("tools/call", params).await;
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["x-accel-buffering"], "no");
    let values = answer.messages.iter().filter_map(|message| message["params"]["progress"].as_f64());
    assert_eq!(values.collect::<Vec<_>>(), [0.0, 50.0, 100.0]);
    assert_eq!(answer.messages.len(), 4);
    assert_eq!(answer.said(), "Tool with progress executed");
    assert!(!answer.text.contains("id: "), "{}", answer.text);

    let silent = harness.modern("tools/call", json!({ "name": "test_tool_with_progress" })).await;
    assert_eq!((silent.messages.len(), silent.headers["content-type"].to_str().unwrap()), (1, "application/json"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_hears_something_every_ten_seconds() {
    let harness = Harness::new();
    let started = tokio::time::Instant::now();
    let params = json!({ "name": HANG, "_meta": { "progressToken": 7 } });
    let answer = harness.modern("tools/call", params).await;
    assert_eq!(started.elapsed().as_secs(), 35);
    let progress = answer.messages.iter().filter(|message| message["method"] == "notifications/progress");
    let values = progress.map(|message| {
        assert_eq!(message["params"]["progressToken"], 7);
        assert_eq!(message["params"]["message"], "waiting for the provider");
        message["params"]["progress"].as_f64().unwrap()
    });
    let values = values.collect::<Vec<_>>();
    assert!(values.len() == 3 && values.is_sorted_by(|a, b| a < b), "{values:?}");
    assert_eq!(answer.said(), "At last");

    for answer in [
        harness.modern("tools/call", json!({ "name": HANG })).await,
        harness.legacy("tools/call", json!({ "name": HANG })).await,
    ] {
        assert_eq!(
            (answer.text.matches(": ping\n\n").count(), answer.messages.len(), answer.said()),
            (3, 1, "At last")
        );
    }
    let body = request("tools/call", &json!({ "name": HANG }));
    let json_only = read(harness.send(caller("p"), &[("accept", "application/json")], &body).await).await;
    assert_eq!(
        (json_only.headers["content-type"].to_str().unwrap(), json_only.said()),
        ("application/json", "At last")
    );
}

#[tokio::test(start_paused = true)]
async fn log_messages_are_only_sent_if_they_are_wanted() {
    let harness = Harness::new();
    let call = |level: Option<&str>| {
        let meta = level.map_or_else(|| json!({}), |level| json!({ "io.modelcontextprotocol/logLevel": level }));
        json!({ "name": "test_tool_with_logging", "_meta": meta })
    };
    for (level, count) in [(None, 0), (Some("debug"), 3), (Some("info"), 3), (Some("notice"), 0)] {
        let answer = harness.modern("tools/call", call(level)).await;
        let logged = answer.messages.iter().filter(|message| message["method"] == "notifications/message");
        assert_eq!(logged.count(), count, "{level:?}");
    }
    assert_eq!(harness.legacy("tools/call", json!({ "name": "test_tool_with_logging" })).await.messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_ends_its_call() {
    let harness = Harness::new();
    let dropped = harness.server.handler().dropped.clone();
    // Before the response, as an endpoint drops the request of a connection that is closed.
    let request_of_gone = harness.send_modern(caller("p"), "tools/call", json!({ "name": HANG }));
    assert!(tokio::time::timeout(std::time::Duration::from_secs(1), request_of_gone).await.is_err());
    assert_eq!(*dropped.lock().unwrap(), [HANG]);
    // While the response is a stream, in both eras.
    let body = request("tools/call", &json!({ "name": HANG }));
    for response in [
        harness.send_modern(caller("p"), "tools/call", json!({ "name": HANG })).await,
        harness.send(caller("p"), &[ACCEPT], &body).await,
    ] {
        let mut stream = events(response);
        assert_eq!(stream.next().await.as_deref(), Some(&b": ping\n\n"[..]));
        drop(stream);
    }
    assert_eq!(dropped.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_legacy_client_cancels_its_own_call() {
    let harness = Harness::new();
    let dropped = harness.server.handler().dropped.clone();
    let cancel = |id: Value| {
        let params = json!({ "requestId": id, "reason": "enough" });
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }).to_string()
    };
    let mut stream =
        events(harness.send(caller("p"), &[ACCEPT], &request("tools/call", &json!({ "name": HANG }))).await);
    assert!(stream.next().await.is_some());
    let mut other_client = caller("p");
    other_client.client = "another".to_owned();
    for (canceller, id) in
        [(caller("q"), json!(1)), (other_client, json!(1)), (caller("p"), json!(2)), (caller("p"), json!("1"))]
    {
        let answer = read(harness.send(canceller, &[ACCEPT], &cancel(id)).await).await;
        assert_eq!(answer.status.as_u16(), 202);
    }
    assert!(dropped.lock().unwrap().is_empty());
    harness.send(caller("p"), &[ACCEPT], &cancel(json!(1))).await;
    assert!(stream.next().await.is_none());
    assert_eq!(*dropped.lock().unwrap(), [HANG]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_stops_its_call() {
    let harness = Harness::new();
    let params = json!({ "name": "test_tool_with_progress", "_meta": { "progressToken": "t" } });
    let mut stream = events(harness.send_modern(caller("p"), "tools/call", params).await);
    let first = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(first["params"]["progress"], 0);
    // Nobody polls the stream, so nothing runs.
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let rest = stream.collect::<Vec<_>>().await;
    let rest = rest.iter().filter_map(|chunk| message(chunk)).collect::<Vec<_>>();
    assert_eq!(rest.last().unwrap()["result"]["content"][0]["text"], "Tool with progress executed");
}

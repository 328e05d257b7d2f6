//! Calls that become tasks.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::harness::{Harness, caller, events, message, read, tasks_meta};

async fn start(harness: &Harness, tool: &str, arguments: Value) -> String {
    let params = json!({ "name": tool, "arguments": arguments, "_meta": tasks_meta() });
    let answer = harness.modern("tools/call", params).await;
    let result = answer.result();
    assert_eq!(result["resultType"], "task");
    for absent in ["result", "error", "inputRequests", "requestState", "task", "ttl", "pollInterval"] {
        assert!(result.get(absent).is_none(), "{absent}");
    }
    assert_eq!((&result["ttlMs"], &result["pollIntervalMs"]), (&json!(3_600_000), &json!(100)));
    result["taskId"].as_str().unwrap().to_owned()
}

async fn ask(harness: &Harness, method: &str, id: &str, more: Value) -> crate::harness::Answer {
    let mut params = json!({ "taskId": id, "_meta": tasks_meta() });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    harness.modern(method, params).await
}

#[tokio::test(start_paused = true)]
async fn a_task_is_there_at_once_and_ends_with_its_result() {
    let harness = Harness::new();
    let id = start(&harness, "slow_compute", json!({ "seconds": 2 })).await;
    let working = ask(&harness, "tasks/get", &id, json!({})).await;
    assert_eq!((&working.result()["status"], &working.result()["resultType"]), (&json!("working"), &json!("complete")));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let done = ask(&harness, "tasks/get", &id, json!({})).await;
    assert_eq!(done.result()["status"], "completed");
    assert_eq!(done.result()["result"]["content"][0]["text"], "Computed after 2 seconds");

    let failing = start(&harness, "failing_job", json!({})).await;
    let broken = start(&harness, "protocol_error_job", json!({})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let failed = ask(&harness, "tasks/get", &failing, json!({})).await;
    assert_eq!(
        (&failed.result()["status"], &failed.result()["result"]["isError"]),
        (&json!("completed"), &json!(true))
    );
    let broken = ask(&harness, "tasks/get", &broken, json!({})).await;
    assert_eq!((&broken.result()["status"], &broken.result()["error"]["code"]), (&json!("failed"), &json!(-32603)));
    assert!(broken.result().get("result").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_task_waits_until_all_answers_are_there() {
    let harness = Harness::new();
    let id = start(&harness, "multi_input", json!({})).await;
    let accept = json!({ "action": "accept", "content": { "name": "Ada" } });
    let waiting = ask(&harness, "tasks/get", &id, json!({})).await;
    assert_eq!(waiting.result()["inputRequests"].as_object().unwrap().len(), 2);
    for wrong in [
        json!({}),
        json!({ "inputResponses": [] }),
        json!({ "inputResponses": { "first": 5 } }),
        json!({ "inputResponses": { "first": { "action": "accept", "content": {} } } }),
    ] {
        assert_eq!(ask(&harness, "tasks/update", &id, wrong.clone()).await.error(), (200, -32602), "{wrong}");
    }
    let partial = json!({ "inputResponses": { "first": accept, "unknown": { "x": 1 } } });
    let acknowledged = ask(&harness, "tasks/update", &id, partial).await;
    assert!(acknowledged.result().get("status").is_none() && acknowledged.result()["resultType"] == "complete");
    let waiting = ask(&harness, "tasks/get", &id, json!({})).await;
    assert_eq!(waiting.result()["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["second"]);
    ask(&harness, "tasks/update", &id, json!({ "inputResponses": { "second": accept } })).await;
    assert_eq!(ask(&harness, "tasks/get", &id, json!({})).await.result()["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn a_task_can_be_cancelled_once_and_again() {
    let harness = Harness::new();
    let id = start(&harness, "slow_compute", json!({ "seconds": 60 })).await;
    for _ in 0..2 {
        let acknowledged = ask(&harness, "tasks/cancel", &id, json!({})).await;
        assert!(acknowledged.result().get("taskId").is_none() && acknowledged.result()["resultType"] == "complete");
        assert_eq!(ask(&harness, "tasks/get", &id, json!({})).await.result()["status"], "cancelled");
    }
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(ask(&harness, "tasks/get", &id, json!({})).await.result()["status"], "cancelled");
}

#[tokio::test]
async fn tasks_are_only_for_clients_that_know_them_and_for_their_principal() {
    let harness = Harness::new();
    let required = json!({ "requiredCapabilities": { "extensions": { "io.modelcontextprotocol/tasks": {} } } });
    for (method, params) in [
        ("tasks/get", json!({ "taskId": "x" })),
        ("tasks/update", json!({ "taskId": "x", "inputResponses": {} })),
        ("tasks/cancel", json!({ "taskId": "x" })),
        ("tools/call", json!({ "name": "failing_job" })),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": ["x"] } })),
    ] {
        let answer = harness.modern(method, params).await;
        assert_eq!((answer.error(), &answer.only()["error"]["data"]), ((400, -32021), &required), "{method}");
    }
    let plain = harness.modern("tools/call", json!({ "name": "slow_compute" })).await;
    assert_eq!(plain.result()["resultType"], "complete");
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let answer = ask(&harness, method, "unknown", json!({ "inputResponses": {} })).await;
        assert_eq!(answer.error(), (200, -32602), "{method}");
    }
    let id = start(&harness, "slow_compute", json!({ "seconds": 60 })).await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({ "taskId": id, "inputResponses": {}, "_meta": tasks_meta() });
        let foreign = read(harness.send_modern(caller("q"), method, params).await).await;
        assert_eq!(foreign.error(), (200, -32602), "{method}");
    }
    assert_eq!(ask(&harness, "tasks/get", &id, json!({})).await.result()["status"], "working");
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_the_whole_task() {
    let harness = Harness::new();
    let (id, other) = (
        start(&harness, "slow_compute", json!({ "seconds": 1 })).await,
        start(&harness, "failing_job", json!({})).await,
    );
    let params = json!({ "notifications": { "taskIds": [id] }, "_meta": tasks_meta() });
    let mut stream = events(harness.send_modern(caller("p"), "subscriptions/listen", params).await);
    let acknowledged = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(acknowledged["params"]["notifications"], json!({ "taskIds": [id] }));
    let sent = message(&stream.next().await.unwrap()).unwrap();
    assert_eq!(sent["method"], "notifications/tasks");
    assert_eq!((&sent["params"]["taskId"], &sent["params"]["status"]), (&json!(id), &json!("completed")));
    assert_eq!(sent["params"]["result"]["content"][0]["text"], "Computed after 1 seconds");
    assert_ne!(id, other);
}

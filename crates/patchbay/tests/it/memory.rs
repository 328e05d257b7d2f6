//! The memory of large values is one budget. When it is spent, requests are refused in words, and nothing stays reserved.

use serde_json::{Value, json};

use crate::support::{ApiResponse, LinkedServer};

/// The number of times that each large request is repeated: what stayed reserved would add up to more than the budget.
const REPEATS: usize = 8;

fn record() -> Value {
    json!({ "id": "T-8", "status": "DRAFT", "name": "Mutual NDA", "counterparty": "Acme Incorporated" })
}

fn list_of_records(bytes: usize) -> Value {
    let record = record();
    json!({ "kind": "repeated", "before": "[", "item": format!("{record},"), "after": "{}]", "bytes": bytes })
}

fn run(linked: &LinkedServer) -> ApiResponse {
    linked.run("get_contract_status", json!({ "path": { "composite_id": "T-8" } }))
}

fn proxy(linked: &LinkedServer) -> ApiResponse {
    linked.api().post("/unified/proxy", &json!({ "path": "/v2.1/public/contracts/T-8/status" }))
}

fn assert_busy(answer: &ApiResponse) {
    assert_eq!((answer.status, answer.code().as_str()), (503, "ServerBusyError"), "{:.300}", answer.body);
    assert_eq!(answer.header("retry-after"), Some("5"), "{answer}");
    assert!(answer.body.contains("limits.memoryMebibytes") || answer.body.contains("try again in 5 s"), "{answer}");
}

#[test]
fn responses_that_need_more_memory_than_there_is_are_refused_and_release_it() {
    let linked = LinkedServer::with_arguments(&["--memory-limit-mib", "96"]);
    for _ in 0..REPEATS {
        // Its values take thirteen times the memory of the text.
        linked.provider.fault(1, list_of_records(10_000_000));
        assert_busy(&run(&linked));
        linked.provider.fault(1, list_of_records(3_000_000));
        let answer = run(&linked);
        assert_eq!(answer.status, 200, "{:.300}", answer.body);
        linked.provider.fault(1, list_of_records(20_000_000));
        let answer = proxy(&linked);
        assert_eq!(answer.status, 200, "the proxy parses nothing: {:.300}", answer.body);
        assert_eq!(run(&linked).status, 200, "small calls go on");
    }
}

#[test]
fn bodies_that_need_more_memory_than_there_is_are_refused_and_release_it() {
    let linked = LinkedServer::with_arguments(&["--memory-limit-mib", "96"]);
    let items = |count: usize| vec![record(); count];
    for _ in 0..REPEATS {
        let large = json!({ "path": { "composite_id": "T-8" }, "body": { "unknown": items(110_000) } });
        assert_busy(&linked.run("get_contract_status", large));
        let fits = json!({ "path": { "composite_id": "T-8" }, "body": { "unknown": items(15_000) } });
        let answer = linked.run("get_contract_status", fits);
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{:.300}", answer.body);
        assert_eq!(run(&linked).status, 200, "small calls go on");
    }
}

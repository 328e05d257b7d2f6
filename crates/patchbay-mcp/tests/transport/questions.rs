//! Requests that ask something before they go on (multi round-trip requests).

use serde_json::{Map, Value, json};

use crate::harness::{Harness, caller, read};

fn accept(content: Value) -> Value {
    Value::Object(Map::from_iter([("action".to_owned(), json!("accept")), ("content".to_owned(), content)]))
}

#[tokio::test]
async fn a_request_goes_on_with_the_answers() {
    let harness = Harness::new();
    let call = |more: Value| {
        let mut params = json!({ "name": "test_input_required_result_multi_round", "arguments": {} });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    let first = harness.modern("tools/call", call(json!({}))).await;
    let result = first.result();
    assert_eq!(result["resultType"], "input_required");
    assert_eq!(result["inputRequests"]["step1"]["method"], "elicitation/create");
    assert!(result.get("ttlMs").is_none() && result.get("cacheScope").is_none());
    let answers = json!({ "step1": accept(json!({ "name": "Ada" })), "unknown": accept(json!({})) });
    let second = harness
        .modern("tools/call", call(json!({ "inputResponses": answers, "requestState": result["requestState"] })))
        .await;
    assert_ne!(second.result()["requestState"], result["requestState"]);
    let answers = json!({ "step2": accept(json!({ "color": "blue" })) });
    let again = json!({ "inputResponses": answers, "requestState": second.result()["requestState"] });
    let third = harness.modern("tools/call", call(again)).await;
    assert_eq!((third.said(), &third.result()["resultType"]), ("Ada likes blue", &json!("complete")));
}

#[tokio::test]
async fn a_state_is_only_for_its_request() {
    let harness = Harness::new();
    let tool = "test_input_required_result_request_state";
    let first = harness.modern("tools/call", json!({ "name": tool, "arguments": { "a": 1 } })).await;
    let state = first.result()["requestState"].as_str().unwrap().to_owned();
    let again = |state: &str, changes: Value| {
        let mut params = json!({ "name": tool, "arguments": { "a": 1 }, "requestState": state,
            "inputResponses": { "confirm": accept(json!({ "ok": true })) } });
        params.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        params
    };
    let valid = harness.modern("tools/call", again(&state, json!({}))).await;
    assert_eq!(valid.said(), "state-ok");
    for changes in [
        json!({ "arguments": { "a": 2 } }),
        json!({ "arguments": {} }),
        json!({ "name": "test_input_required_result_tampered_state" }),
        json!({ "requestState": format!("{state}-TAMPERED") }),
        json!({ "requestState": "v1." }),
        json!({ "requestState": "" }),
        json!({ "requestState": 5 }),
        json!({ "inputResponses": null }),
        json!({ "inputResponses": [] }),
        json!({ "inputResponses": { "confirm": 12345 } }),
        json!({ "inputResponses": { "confirm": accept(json!({ "ok": "yes" })) } }),
        json!({ "inputResponses": { "confirm": { "action": "shout" } } }),
    ] {
        let answer = harness.modern("tools/call", again(&state, changes.clone())).await;
        assert_eq!(answer.error(), (200, -32602), "{changes}");
    }
    let foreign = harness.send_modern(caller("q"), "tools/call", again(&state, json!({}))).await;
    assert_eq!(read(foreign).await.error(), (200, -32602));
    let unanswered = harness.modern("tools/call", again(&state, json!({ "inputResponses": {} }))).await;
    assert_eq!(unanswered.result()["resultType"], "input_required");
    harness.clock.advance_seconds(600);
    assert_eq!(harness.modern("tools/call", again(&state, json!({}))).await.error(), (200, -32602));
}

#[tokio::test]
async fn no_bit_of_a_state_can_be_changed() {
    let harness = Harness::new();
    let tool = "test_input_required_result_tampered_state";
    let first = harness.modern("tools/call", json!({ "name": tool })).await;
    let state = first.result()["requestState"].as_str().unwrap().to_owned();
    // The last character of base64 can have bits that mean nothing.
    for at in 0..state.len() - 1 {
        let mut changed = state.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let answer = harness.modern("tools/call", json!({ "name": tool, "requestState": changed })).await;
        assert_eq!(answer.error(), (200, -32602), "{at}");
    }
}

#[tokio::test]
async fn only_what_the_client_declared_is_asked() {
    let harness = Harness::new();
    let with = |name: &str, capabilities: Value| json!({ "name": name, "_meta": { "io.modelcontextprotocol/clientCapabilities": capabilities } });
    for (tool, capabilities, required) in [
        ("test_url", json!({ "elicitation": {} }), json!({ "elicitation": { "url": {} } })),
        ("test_url", json!({ "elicitation": { "form": {} } }), json!({ "elicitation": { "url": {} } })),
        ("test_elicitation", json!({}), json!({ "elicitation": {} })),
        ("test_elicitation", json!({ "elicitation": { "url": {} } }), json!({ "elicitation": {} })),
        ("test_sampling", json!({ "elicitation": {} }), json!({ "sampling": {} })),
        ("test_missing_capability", json!({}), json!({ "sampling": {} })),
    ] {
        let answer = harness.modern("tools/call", with(tool, capabilities.clone())).await;
        assert_eq!(answer.error(), (400, -32021), "{tool} {capabilities}");
        assert_eq!(answer.only()["error"]["data"], json!({ "requiredCapabilities": required }));
    }
    let answer = harness.modern("tools/call", with("test_otherwise", json!({}))).await;
    assert_eq!(
        (answer.said(), &answer.result()["resultType"]),
        ("Open https://gateway.example/approve to approve", &json!("complete"))
    );
    let url = harness.modern("tools/call", with("test_url", json!({ "elicitation": { "url": {} } }))).await;
    let params = json!({ "mode": "url", "message": "Connect the account", "url": "https://gateway.example/connect/1" });
    assert_eq!(url.result()["inputRequests"]["open"]["params"], params);
    let legacy = harness.legacy("tools/call", json!({ "name": "test_url" })).await;
    assert_eq!(legacy.result()["isError"], true);
    assert!(legacy.said().contains("https://gateway.example/connect/1"), "{legacy:?}");
}

#[tokio::test]
async fn prompts_can_ask_too() {
    let harness = Harness::new();
    let name = "test_input_required_result_prompt";
    let first = harness.modern("prompts/get", json!({ "name": name })).await;
    let state = &first.result()["requestState"];
    let answers = json!({ "user_context": accept(json!({ "context": "a test" })) });
    let again = json!({ "name": name, "requestState": state, "inputResponses": answers });
    let second = harness.modern("prompts/get", again.clone()).await;
    assert_eq!(second.result()["messages"][0]["content"]["text"], "The context is a test.");
    assert_eq!(harness.modern("tools/call", again).await.error(), (200, -32602));
}

//! What agents use beside MCP: what tools cost, feedback on tools, runs that send nothing, and the answer to a request for
//! screening.

use serde_json::{Value, json};

use crate::support::{ApiResponse, Client, LinkedServer};

const LIST: &str = "spotdraft_list_contracts";

#[test]
fn each_mode_has_a_cost() {
    let linked = LinkedServer::new();
    let answer = linked.server.api().get(&format!("/ai/tool_costs?account_id={}", linked.account));
    assert_eq!(answer.status, 200, "{answer}");
    let costs = answer.json()["data"].as_array().unwrap().clone();
    let tokens = |mode: &str, style: &str| {
        let found = costs.iter().find(|cost| cost["tool_mode"] == mode && cost["param_style"] == style);
        found.unwrap()["tokens"].as_u64().unwrap()
    };
    assert!(tokens("meta", "nested") <= 1_500, "{answer}");
    assert!(tokens("individual", "nested") > tokens("search_execute", "nested"), "{answer}");
    assert!(tokens("individual", "flat_prefixed") > 0 && tokens("individual", "flat_smart") > 0);
    assert_eq!(linked.api().get("/ai/tool_costs").body, answer.body, "the header names the account, too");
    // A filter makes the tools cheaper.
    let few = linked.api().get(&format!("/ai/tool_costs?actions={LIST}")).json();
    assert_eq!(few["data"][0]["tools"], 1, "{few}");
    let nobody = linked.server.api().get("/ai/tool_costs?account_id=nobody");
    assert_eq!((nobody.status, nobody.code().as_str()), (404, "AccountNotFoundError"), "{nobody}");
    assert_eq!(linked.server.api().get("/ai/tool_costs").status, 400);
    assert_eq!(linked.api().get("/ai/tool_costs?tool-mode=all").status, 400);
}

#[test]
fn feedback_is_kept_and_shown_beside_the_action() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    let said =
        json!({ "feedback": "found it: \"at once\" ☃", "account_id": linked.account, "tool_names": [LIST, "other"] });
    let kept = api.post("/ai/tool-feedback", &said);
    assert_eq!(kept.status, 200, "{kept}");
    assert_eq!(kept.text("/key"), kept.text("/trace_id"));
    assert!(!kept.text("/message").is_empty() && !kept.text("/submitted_at").is_empty());
    let listed = api.get("/ai/tool-feedback").json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2, "{listed}");
    let of_tool = api.get(&format!("/ai/tool-feedback?tool_name={LIST}")).json();
    let first = &of_tool["data"][0];
    assert_eq!((of_tool["data"].as_array().unwrap().len(), &first["feedback"]), (1, &said["feedback"]), "{of_tool}");
    assert_eq!((&first["account_id"], &first["key"]), (&said["account_id"], &json!(kept.text("/key"))));
    let beside = |include: &str| {
        let path = format!("/actions?filter[connectors]=spotdraft&filter[action_key]={LIST}{include}");
        api.get(&path).json()["data"][0]["actions"][0].clone()
    };
    assert_eq!(beside("&include=tool_feedback")["tool_feedback"][0]["feedback"], said["feedback"]);
    assert_eq!(beside("").get("tool_feedback"), None);
    for (wrong, status) in [
        (json!({ "feedback": " ", "tool_names": [LIST] }), 400),
        (json!({ "feedback": "x", "tool_names": [] }), 400),
        (json!({ "feedback": "x", "tool_names": [""] }), 400),
        (json!({ "feedback": "x\u{0}", "tool_names": [LIST] }), 400),
        (json!({ "feedback": "x".repeat(10_001), "tool_names": [LIST] }), 400),
        (json!({ "feedback": "x", "tool_names": vec!["x"; 51] }), 400),
        (json!({ "tool_names": [LIST] }), 400),
        (json!({ "feedback": "x", "account_id": "nobody", "tool_names": [LIST] }), 404),
    ] {
        let answer = api.post("/ai/tool-feedback", &wrong);
        assert_eq!(answer.status, status, "{wrong}: {answer}");
    }
    assert_eq!(api.get("/ai/tool-feedback").json()["data"].as_array().unwrap().len(), 2);
}

#[test]
fn a_dry_run_sends_nothing() {
    let linked = LinkedServer::new();
    linked.provider.forget_requests();
    let run = |inputs: Value| linked.api().post("/actions/rpc?dry_run=true", &inputs);
    let answer = run(json!({ "action": LIST, "query": { "limit": 2 } }));
    assert_eq!(answer.status, 200, "{answer}");
    let body = answer.json();
    assert_eq!((&body["dry_run"], &body["data"], &body["next"]), (&json!(true), &json!(null), &json!(null)), "{body}");
    let request = &body["debug"]["requests"][0];
    assert_eq!((&request["method"], &request["status"]), (&json!("GET"), &json!(null)), "{body}");
    assert!(request["url"].as_str().unwrap().contains("limit=2"), "{body}");
    let changing =
        run(json!({ "action": "spotdraft_void_contract", "path": { "composite_id": "T-8" }, "body": { "note": "x" } }));
    assert_eq!(changing.json()["dry_run"], true, "{changing}");
    assert!(linked.provider.requests().is_empty(), "nothing was sent");
    // What is wrong with the inputs and the account is found.
    assert_eq!(run(json!({ "action": LIST, "query": { "limit": "many" } })).status, 400);
    assert_eq!(run(json!({ "action": "spotdraft_nope" })).status, 404);
    assert_eq!(linked.api().post("/actions/rpc?dry_run=perhaps", &json!({ "action": LIST })).status, 400);
    let real = linked.api().post("/actions/rpc?dry_run=false", &json!({ "action": LIST }));
    assert_eq!(real.json().get("dry_run"), None, "{real}");
    assert_eq!(linked.provider.requests().len(), 1);
}

#[test]
fn a_request_for_screening_is_answered_truthfully() {
    let linked = LinkedServer::new();
    let run = |more: Value| {
        let mut body = json!({ "action": LIST, "query": { "limit": 1 } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        linked.api().post("/actions/rpc", &body).json()
    };
    for asks in [
        json!({ "defender_config": { "enabled": true, "block_high_risk": true } }),
        json!({ "defender_config": {} }),
        json!({ "defender_enabled": true }),
    ] {
        assert_eq!(run(asks.clone())["defender"]["status"], "not_screened", "{asks}");
    }
    for does_not in [
        json!({}),
        json!({ "defender_config": { "enabled": false }, "defender_enabled": true }),
        json!({ "defender_config": null, "defender_enabled": false }),
    ] {
        assert_eq!(run(does_not.clone()).get("defender"), None, "{does_not}");
    }
}

#[test]
fn an_action_can_respond_with_a_heartbeat() {
    let linked = LinkedServer::new();
    let api = linked.api().header("prefer", "heartbeat");
    let answer = api.post("/actions/rpc", &json!({ "action": LIST, "query": { "limit": 2 } }));
    assert_eq!((answer.status, answer.header("preference-applied")), (200, Some("heartbeat")), "{answer}");
    assert_eq!(answer.json()["data"].as_array().unwrap().len(), 2, "{answer}");
    let failed = api.post("/actions/rpc", &json!({ "action": LIST, "query": { "limit": "many" } }));
    assert_eq!((failed.status, failed.code().as_str()), (200, "ValidationError"), "{failed}");
}

/// Sends a request to the MCP endpoint as a client of an earlier revision does.
fn mcp(api: &Client, query: &str, method: &str, params: &Value) -> ApiResponse {
    let message = json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": params });
    let api = api.clone().header("accept", "application/json, text/event-stream");
    api.header("mcp-protocol-version", "2025-11-25").post(&format!("/mcp{query}"), &message)
}

/// Returns the message of a response, which may be an event stream.
fn message(answer: &ApiResponse) -> Value {
    let data = answer.body.lines().rev().find_map(|line| line.strip_prefix("data:"));
    let text = data.unwrap_or(&answer.body);
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[test]
fn agents_list_and_call_the_actions_of_an_account() {
    let linked = LinkedServer::new();
    let api = linked.api();
    let tools = message(&mcp(&api, "?param-style=flat_prefixed", "tools/list", &json!({})));
    let tools = tools["result"]["tools"].as_array().unwrap().clone();
    assert!(tools.len() > 20 && tools.iter().any(|tool| tool["name"] == LIST), "{}", tools.len());
    let call = |query: &str, name: &str, arguments: Value| {
        message(&mcp(&api, query, "tools/call", &json!({ "name": name, "arguments": arguments })))
    };
    let listed = call("?param-style=flat_prefixed", LIST, json!({ "query_limit": 2 }));
    let result = &listed["result"];
    assert_eq!((&listed["id"], &result["isError"]), (&json!(0), &json!(false)), "{listed}");
    assert_eq!(result["structuredContent"]["data"].as_array().unwrap().len(), 2, "{listed}");
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
    let file = call("", "spotdraft_download_contract", json!({ "path": { "composite_id": "T-42" } }));
    assert_eq!(file["result"]["content"][1]["type"], "resource", "{file}");
    let wrong = call("", LIST, json!({ "query": { "limit": "many" } }));
    assert_eq!(wrong["result"]["isError"], true, "{wrong}");
    let unknown = call("", "spotdraft_nope", json!({}));
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    // The message is the same for an action that the profile does not allow.
    let profile = format!("/auth_configs/{}", linked.integration);
    let only = linked.server.api().patch(&profile, &json!({ "enabled_actions": [LIST] }));
    assert_eq!(only.status, 200, "{only}");
    let forbidden = call("", "spotdraft_void_contract", json!({}));
    let same = |answer: &Value, name: &str| answer["error"]["message"].as_str().unwrap().replace(name, "");
    assert_eq!(same(&forbidden, "spotdraft_void_contract"), same(&unknown, "spotdraft_nope"));
    assert_eq!(message(&mcp(&api, "", "tools/list", &json!({})))["result"]["tools"].as_array().unwrap().len(), 1);
    let found = call("?tool-mode=meta", "tool_search", json!({ "query": "list the contracts" }));
    assert_eq!(found["result"]["structuredContent"]["tools"][0]["name"], LIST, "{found}");
}

#[test]
fn requests_without_a_usable_account_are_refused_by_status() {
    let linked = LinkedServer::new();
    for (api, query, status) in [
        (linked.server.api(), "", 400),
        (linked.server.api(), "?x-account-id=nobody", 404),
        (linked.api(), "?tool-mode=all", 400),
        (linked.api(), "?owner_id=acme", 200),
        (linked.server.with_key("pb_none"), "", 401),
    ] {
        let answer = mcp(&api, query, "tools/list", &json!({}));
        assert_eq!(answer.status, status, "{query}: {answer}");
    }
}

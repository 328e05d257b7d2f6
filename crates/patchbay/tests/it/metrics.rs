//! `/metrics`: who may read it, and what it says.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{ApiResponse, Client, LinkedServer, Provider, Server, canary, receiver::Receiver};

fn metrics(api: &Client) -> String {
    let answer = api.get("/metrics");
    assert_eq!(answer.status, 200, "{answer}");
    let kind = answer.header("content-type").unwrap();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.body.ends_with("# EOF\n"), "{answer}");
    canary::assert_absent(answer.body.as_bytes(), "the metrics");
    answer.body
}

/// Returns the value of a series; none if it does not exist.
fn value(text: &str, series: &str) -> Option<f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.rsplit_once(' ')).find(|(name, _)| *name == series)?.1.parse().ok()
}

/// Waits until the value of a series is at least this.
fn eventually(api: &Client, series: &str, least: f64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let text = metrics(api);
        let found = value(&text, series);
        if found.is_some_and(|found| found >= least) {
            return;
        }
        assert!(Instant::now() < deadline, "{series} is {found:?}:\n{text}");
        thread::yield_now();
    }
}

fn key_with(api: &Client, scopes: &[&str]) -> String {
    let created = api.post("/api_keys", &json!({ "name": "limited", "scopes": scopes }));
    assert_eq!(created.status, 201, "{created}");
    created.text("/key")
}

#[test]
fn metrics_need_a_key_that_may_read() {
    let server = Server::start(&Provider::start(), &[]);
    let refused = |answer: &ApiResponse, status: u16| {
        assert_eq!(answer.status, status, "{answer}");
        assert!(!answer.body.contains("patchbay_build_info"), "{answer}");
    };
    refused(&server.anonymous().get("/metrics"), 401);
    refused(&server.with_key("v1.local.wrong").get("/metrics"), 401);
    let token = server.session(json!({}));
    refused(&server.hub(&token).get("/metrics"), 401);
    let api = server.api();
    refused(&server.with_key(&key_with(&api, &["actions:execute"])).get("/metrics"), 403);
    refused(&api.post("/metrics", &json!({})), 405);
    metrics(&server.with_key(&key_with(&api, &["platform:read"])));
}

#[test]
fn calls_are_counted_by_route_connector_action_and_outcome() {
    let linked = LinkedServer::new();
    let api = linked.api();
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
    linked.provider.fault(1, json!({ "kind": "status", "status": 404, "body": { "detail": "no" } }));
    assert!(linked.run("get_contract_status", json!({ "path": { "composite_id": "T-1" } })).status >= 400);
    let sent = api.post("/unified/proxy", &json!({ "path": "/contract_types/" }));
    assert_eq!(sent.status, 200, "{sent}");
    // The name of an action that does not exist could be anything, also a secret.
    let unknown = api.post("/actions/rpc", &json!({ "action": "spotdraft_4111111111111111" }));
    assert!(unknown.status >= 400, "{unknown}");
    assert_eq!(api.get("/nowhere/4111111111111111").status, 404);

    let text = metrics(&api);
    let runs = |action: &str, outcome: &str| {
        let labels = format!(r#"connector="spotdraft",action="{action}",outcome="{outcome}""#);
        value(&text, &format!("patchbay_action_runs_total{{{labels}}}"))
    };
    assert_eq!(runs("spotdraft_list_contract_types", "success"), Some(1.0), "{text}");
    assert_eq!(runs("spotdraft_get_contract_status", "client_error"), Some(1.0), "{text}");
    assert_eq!(runs("proxy", "success"), Some(1.0), "{text}");
    assert_eq!(runs("unknown", "client_error"), Some(1.0), "{text}");
    for series in [
        r#"http_server_request_duration_seconds_count{method="POST",route="/actions/rpc",status="200"}"#,
        r#"http_server_request_duration_seconds_count{method="GET",route="unmatched",status="404"}"#,
        r#"http_client_request_duration_seconds_count{connector="spotdraft",status="200"}"#,
        r#"http_client_request_duration_seconds_count{connector="spotdraft",status="404"}"#,
        r#"patchbay_action_duration_seconds_count{connector="spotdraft"}"#,
        r#"patchbay_accounts{connector="spotdraft",status="active"}"#,
        r#"patchbay_cache_total{cache="api_keys",outcome="hit"}"#,
        "patchbay_storage_up",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
    ] {
        assert!(value(&text, series).is_some_and(|value| value > 0.0), "{series} in\n{text}");
    }
    // No label names an account, an owner or a path.
    for absent in [linked.account.as_str(), "customer-123", "Acme", "4111111111111111", "contract_types/", "T-1"] {
        assert!(!text.contains(absent), "{absent} is in\n{text}");
    }
    eventually(&api, "patchbay_log_rows_total", 3.0);
    for reason in ["queue_full", "queue_bytes", "write_failed", "stopped"] {
        let series = format!(r#"patchbay_log_dropped_total{{reason="{reason}"}}"#);
        assert_eq!(value(&text, &series), Some(0.0), "{series} in\n{text}");
    }
}

#[test]
fn the_listener_of_metrics_serves_nothing_else() {
    let server = Server::start(&Provider::start(), &["--metrics-listen", "127.0.0.1:0"]);
    let line = server.logged("metrics are served without a key");
    let (_, address) = line.split_once("address=").unwrap_or_else(|| panic!("no address in {line}"));
    let client = Client::new(&format!("http://{}", address.split_whitespace().next().unwrap()));
    assert_eq!(value(&metrics(&client), "patchbay_storage_up"), Some(1.0));
    for path in ["/", "/metrics/", "/metrics/x", "/dashboard"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    assert_eq!(client.post("/metrics", &json!({})).status, 405);
}

#[test]
fn a_delivery_to_a_webhook_is_counted() {
    let linked = LinkedServer::with_arguments(&["--egress-allow", "127.0.0.0/8"]);
    let (api, receiver) = (linked.api(), Receiver::start());
    let created = api.post("/webhooks", &json!({ "url": receiver.url, "events": ["account.updated"] }));
    assert_eq!(created.status, 201, "{created}");
    let changed = api.patch(&format!("/accounts/{}", linked.account), &json!({ "label": "new" }));
    assert_eq!(changed.status, 200, "{changed}");
    receiver.wait_for(1);
    eventually(&api, r#"patchbay_webhook_deliveries_total{outcome="delivered"}"#, 1.0);
    eventually(&api, r#"patchbay_webhook_queue{state="pending"}"#, 0.0);
    eventually(&api, "patchbay_webhook_oldest_seconds", 0.0);
}

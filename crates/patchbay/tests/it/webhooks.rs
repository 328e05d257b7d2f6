//! Webhooks over HTTP: the API, its rules, and deliveries to a receiver.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    ApiResponse, LinkedServer, Server, link_body, offline,
    receiver::{Delivered, Receiver},
};

/// Lets deliveries reach a receiver of a test.
const LOOPBACK: [&str; 2] = ["--egress-allow", "127.0.0.0/8"];

/// Returns an event that arrived.
fn event((_, body): &Delivered) -> Value {
    serde_json::from_slice(body).unwrap()
}

fn create(server: &Server, body: &Value) -> ApiResponse {
    let created = server.api().post("/webhooks", body);
    assert_eq!(created.status, 201, "{created}");
    created
}

fn id(answer: &ApiResponse) -> i64 {
    answer.json()["id"].as_i64().unwrap()
}

/// Waits until a delivery of the webhook has this state.
fn delivery_in(server: &Server, webhook: i64, state: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found = server.api().get(&format!("/webhooks/{webhook}/deliveries?state={state}")).json();
        if let Some(first) = found["data"].get(0) {
            return first.clone();
        }
        assert!(Instant::now() < deadline, "no delivery is {state}");
    }
}

#[test]
fn a_linked_account_is_told_to_a_webhook_as_documented() {
    let (linked, receiver) = (LinkedServer::with_arguments(&LOOPBACK), Receiver::start());
    let server = &linked.server;
    let body = json!({ "name": "Production", "url": receiver.url, "events": ["account.created", "account.deleted"] });
    let created = create(server, &body);
    assert!(created.text("/secret").starts_with("whsec_"));
    assert_eq!(created.header("cache-control"), Some("no-store"));
    let webhook = id(&created);
    let shown = server.api().get(&format!("/webhooks/{webhook}"));
    assert_eq!((shown.status, shown.json().get("secret")), (200, None), "{shown}");
    assert_eq!(shown.json()["health"]["state"], "ok");

    let session = server.session(json!({ "origin_owner_id": "second" }));
    let second = server.hub(&session).post("/hub/accounts", &link_body(&linked.integration)).text("/id");
    server.api().delete(&format!("/accounts/{second}"));
    let received = receiver.wait_for(2);
    let document = patchbay_server::openapi("http://127.0.0.1:8080");
    let schema = json!({ "$ref": "#/components/schemas/AccountEvent", "components": document["components"] });
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let mut reported = Vec::new();
    for one in &received {
        let (headers, event) = (&one.0, event(one));
        let problems = schema.iter_errors(&event).map(|error| error.to_string()).collect::<Vec<_>>();
        assert!(problems.is_empty(), "{problems:?}: {event}");
        assert_eq!(headers["webhook-id"].to_str().unwrap(), event["delivery_id"]);
        assert_eq!((event["account_id"].as_str(), event["origin_owner_id"].as_str()), (Some(&*second), Some("second")));
        reported.push(event["event"].as_str().unwrap().to_owned());
    }
    reported.sort_unstable();
    assert_eq!(reported, ["account.created", "account.deleted"]);
    for event in &reported {
        assert!(document["webhooks"].get(event).is_some(), "{event}");
    }

    let delivery = delivery_in(server, webhook, "delivered");
    let path = format!("/webhook_deliveries/{}", delivery["id"]);
    let details = server.api().get(&path).json();
    assert_eq!(details["body"]["event"], details["event"]);
    assert_eq!(details["attempt_list"][0]["response"], json!({ "status": 204, "body": null }));
    let replayed = server.api().post(&format!("{path}/replay"), &json!({}));
    assert_eq!(replayed.status, 202, "{replayed}");
    let third = receiver.wait_for(3).remove(2);
    let deadline = Instant::now() + Duration::from_secs(30);
    while server.api().get(&path).json()["state"] != "delivered" {
        assert!(Instant::now() < deadline, "the replay is not recorded");
    }
    assert_eq!(third.0["webhook-id"].to_str().unwrap(), delivery["event_id"]);
    let job = server
        .api()
        .post(&format!("/webhooks/{webhook}/replay"), &json!({ "since": "2020-01-01T00:00:00Z", "state": "all" }));
    assert_eq!((job.status, job.json()["total"].clone()), (202, json!(2)), "{job}");
    receiver.wait_for(5);
    let progress = server.api().get(&format!("/webhook_replays/{}", job.text("/id")));
    assert_eq!(progress.status, 200, "{progress}");
    let rotated = server.api().post(&format!("/webhooks/{webhook}/rotate_secret"), &json!({ "overlap_seconds": 60 }));
    assert_eq!(rotated.status, 200, "{rotated}");
    assert_ne!(rotated.text("/secret"), created.text("/secret"));
    let tested = server.api().post(&format!("/webhooks/{webhook}/test"), &json!({}));
    assert_eq!(tested.status, 202, "{tested}");
    let last = receiver.wait_for(6).remove(5);
    let reported = event(&last);
    assert_eq!(
        (reported["event"].as_str(), reported["delivery_id"].clone()),
        (Some("webhook.test"), tested.json()["event_id"].clone())
    );
    let signatures = last.0["webhook-signature"].to_str().unwrap().split(' ').count();
    assert_eq!(signatures, 2, "both secrets sign");

    let reported = server.api().header("x-account-id", &linked.account).post(
        &format!("/webhooks/{webhook}/events"),
        &json!([{ "event": "hris_employees.updated", "record_id": "1" }, { "event": "a b", "record_id": "1" }]),
    );
    assert_eq!(reported.status, 207, "{reported}");
    let statuses = reported.json().as_array().unwrap().iter().map(|one| one["status"].clone()).collect::<Vec<_>>();
    assert_eq!(statuses, [json!(202), json!(400)]);
    receiver.wait_for(7);
    let deleted = server.api().delete(&format!("/webhooks/{webhook}"));
    assert_eq!(deleted.status, 204, "{deleted}");
    assert_eq!(server.api().get(&path).code(), "DeliveryNotFoundError");
}

#[test]
fn bad_input_gets_a_reason_and_the_field() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    let good = json!({ "url": "https://app.example.com/hook", "events": ["account.created"] });
    for (change, field) in [
        (json!({ "url": "http://127.0.0.1/hook" }), "url"),
        (json!({ "url": "https://169.254.169.254/" }), "url"),
        (json!({ "url": "x" }), "url"),
        (json!({ "events": [] }), "events"),
        (json!({ "events": ["account.renamed"] }), "events[0]"),
        (json!({ "connector_events": ["x"] }), "connector_events[0]"),
        (json!({ "headers": { "host": "x" } }), "headers.host"),
        (json!({ "name": "a\u{0}b" }), "name"),
    ] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = api.post("/webhooks", &body);
        assert_eq!((refused.status, refused.code()), (400, "ValidationError".to_owned()), "{refused}");
        assert_eq!(refused.json()["problems"][0]["path"], field, "{refused}");
    }
    for body in [json!([]), json!({ "url": 5 }), json!({ "unknown": 1, "url": "https://a.example" })] {
        assert_eq!(api.post("/webhooks", &body).status, 400);
    }
    let webhook = id(&create(&linked.server, &good));
    for (path, body) in [
        ("replay", json!({ "since": "yesterday" })),
        ("replay", json!({ "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z" })),
        ("replay", json!({ "since": "2026-01-02T00:00:00Z", "limit": 10_001 })),
        ("rotate_secret", json!({ "overlap_seconds": 604_801 })),
        ("rotate_secret", json!({ "overlap_seconds": -1 })),
        ("events", json!([{ "event": "x", "record_id": "1" }])),
        ("events", json!([{ "event": "x", "record_id": "1", "other": 1 }])),
        ("events", json!({ "event": "x", "record_id": "1" })),
    ] {
        let refused = api.post(&format!("/webhooks/{webhook}/{path}"), &body);
        assert_eq!((refused.status, refused.code()), (400, "ValidationError".to_owned()), "{path} {refused}");
    }
    for query in ["state=lost", "status=x", "since=yesterday", "page_size=101", "next=x", "next=1&next=2"] {
        let refused = api.get(&format!("/webhooks/{webhook}/deliveries?{query}"));
        assert_eq!((refused.status, refused.code()), (400, "ValidationError".to_owned()), "{query} {refused}");
    }
    for path in ["/webhooks/x", "/webhooks/99999999999999999999", "/webhooks/-1", "/webhooks/1"] {
        assert_eq!(api.get(path).code(), "WebhookNotFoundError", "{path}");
    }
    assert_eq!(api.get("/webhook_deliveries/x").code(), "DeliveryNotFoundError");
    assert_eq!(api.get("/webhook_replays/x").code(), "DeliveryNotFoundError");
    let disabled = api.patch(&format!("/webhooks/{webhook}"), &json!({ "enabled": false, "name": null }));
    assert_eq!((disabled.status, disabled.json()["health"]["state"].clone()), (200, json!("disabled")), "{disabled}");
    assert_eq!(api.post(&format!("/webhooks/{webhook}/test"), &json!({})).code(), "WebhookDisabledError");
}

#[test]
fn changes_need_the_scope_to_write() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let project = offline(&data_dir, &["project", "create", "Ours"]);
    let new = ["api-key", "create", "--project", &project, "--name", "r", "--scopes", "platform:read"];
    let read = offline(&data_dir, &new);
    let provider = crate::support::Provider::start();
    let server = Server::start_in(&data_dir, &provider, &[]);
    let api = server.with_key(&read);
    assert_eq!(api.get("/webhooks").status, 200);
    let body = json!({ "url": "https://app.example.com/hook", "events": ["account.created"] });
    for (method, path, body) in [
        ("POST", "/webhooks", body),
        ("PATCH", "/webhooks/1", json!({})),
        ("DELETE", "/webhooks/1", Value::Null),
        ("POST", "/webhooks/1/rotate_secret", json!({})),
        ("POST", "/webhooks/1/test", json!({})),
        ("POST", "/webhooks/1/replay", json!({ "since": "2026-01-01T00:00:00Z" })),
        ("POST", "/webhook_deliveries/1/replay", json!({})),
    ] {
        let refused = api.send(method, path, (!body.is_null()).then(|| body.to_string()));
        assert_eq!(
            (refused.status, refused.code()),
            (403, "MissingScopeError".to_owned()),
            "{method} {path} {refused}"
        );
    }
}

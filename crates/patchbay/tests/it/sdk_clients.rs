//! What released SDKs send and what they can read.

use serde_json::{Value, json};

use crate::support::{Client, LinkedServer, Provider, Server};

fn agent(client: Client, version: &str) -> Client {
    client
        .header("user-agent", &format!("speakeasy-sdk/typescript {version} 2.721.3 1.0.0 @stackone/stackone-client-ts"))
}

#[test]
fn the_organization_has_one_number_in_the_type_that_the_sdk_reads() {
    let provider = Provider::start();
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let server = Server::start_in(&data_dir, &provider, &[]);
    let body = json!({ "origin_owner_id": "a", "origin_owner_name": "A" });
    let created = |client: &Client| client.post("/connect_sessions", &body);
    let text = created(&server.api()).text("/organization_id");
    let number: u64 = text.parse().unwrap();
    assert!(number > 0 && number < 1 << 53, "JavaScript reads it exactly: {number}");
    for (version, expected) in [
        ("4.17.0", json!(number)),
        ("4.28.0", json!(number)),
        ("4.33.2", json!(number)),
        ("4.34.0", json!(text)),
        ("4.100.1", json!(text)),
        ("5.0.0", json!(text)),
    ] {
        let client = agent(server.api(), version);
        let session = created(&client);
        assert_eq!(session.json()["organization_id"], expected, "{version}");
        let token = session.text("/token");
        let found = client.post("/connect_sessions/authenticate", &json!({ "token": token }));
        assert_eq!((found.status, found.json()["organization_id"].clone()), (201, expected), "{version}: {found}");
    }
    drop(server);
    let again = Server::start_in(&data_dir, &provider, &[]);
    assert_eq!(created(&again.api()).text("/organization_id"), text, "it survives a restart");
}

#[test]
fn headers_that_clients_set_are_no_inputs() {
    let linked = LinkedServer::new();
    let run = |headers: Value| linked.run("list_contract_types", json!({ "headers": headers }));
    for headers in [
        json!({ "Content-Type": "application/json" }),
        json!({ "content-type": "application/json", "ACCEPT": "*/*", "User-Agent": "x", "accept-encoding": "gzip" }),
        json!({ "Host": "api.example.com", "Connection": "keep-alive", "Content-Length": "12" }),
        json!({ "traceparent": "00-1-2-01", "X-Request-Id": "1", "sec-fetch-mode": "cors", "x-stackone-sdk": "1" }),
        json!({ "x-account-id": "another", "x-connector-profile-id": "another" }),
    ] {
        let answer = run(headers.clone());
        assert_eq!(answer.status, 200, "{headers}: {answer}");
    }
    let unknown = run(json!({ "x-color": "red" }));
    assert_eq!((unknown.status, unknown.text("/problems/0/path")), (400, "headers.x-color".to_owned()), "{unknown}");
}

#[test]
fn the_account_is_taken_from_the_body_if_the_header_is_missing() {
    let linked = LinkedServer::new();
    let without = linked.server.api();
    let rpc = |client: &Client, headers: Value| {
        client.post("/actions/rpc", &json!({ "action": "spotdraft_list_contract_types", "headers": headers }))
    };
    let proxy = |client: &Client, headers: Value| {
        client.post("/unified/proxy", &json!({ "path": "/v2.1/public/contract_types/", "headers": headers }))
    };
    for name in ["x-account-id", "X-Account-Id", "X-ACCOUNT-ID"] {
        let headers = json!({ (name): linked.account });
        assert_eq!(rpc(&without, headers.clone()).status, 200, "{name}");
        assert_eq!(proxy(&without, headers.clone()).status, 200, "{name}");
        assert_eq!(rpc(&without.clone().header("x-account-id", " "), headers).status, 200, "an empty header is none");
    }
    // The header of the request wins.
    assert_eq!(rpc(&linked.api(), json!({ "x-account-id": "another" })).status, 200);
    assert_eq!(proxy(&linked.api(), json!({ "x-account-id": "another" })).status, 200);
    let other = without.clone().header("x-account-id", "another");
    assert_eq!(rpc(&other, json!({ "x-account-id": linked.account })).code(), "AccountNotFoundError");
    for headers in [json!({}), json!({ "x-account-id": "" }), json!({ "x-account-id": [linked.account] })] {
        let missing = rpc(&without, headers.clone());
        assert_eq!(missing.status, 400, "{headers}: {missing}");
        assert!(missing.body.contains("Missing x-account-id header in request"), "{missing}");
    }
}

#[test]
fn older_sdks_know_the_details_of_actions_by_another_name() {
    let linked = LinkedServer::new();
    let details = |include: &str| {
        let answer = linked.server.api().get(&format!("/actions?include={include}"));
        assert_eq!(answer.status, 200, "{include}: {answer}");
        answer.json()["data"][0]["actions"][0]["action_details"].is_object()
    };
    assert!(details("operation_details") && details("action_details") && details("operation_details,action_details"));
    assert!(!details("authentication_guides"));
}

#[test]
fn null_clears_the_metadata() {
    let linked = LinkedServer::new();
    let path = format!("/accounts/{}", linked.account);
    let patch = |body: Value| linked.server.api().patch(&path, &body).json()["metadata"].clone();
    assert_eq!(patch(json!({ "metadata": { "plan": "gold" } })), json!({ "plan": "gold" }));
    assert_eq!(patch(json!({ "label": "x" })), json!({ "plan": "gold" }));
    assert_eq!(patch(json!({ "metadata": null })), json!({}));
}

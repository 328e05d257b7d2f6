//! Parts of requests that are not known here: ignored and named on the routes of the original contract, errors elsewhere.

use serde_json::{Value, json};

use crate::support::{ApiResponse, Client, LinkedServer, link_body};

const HEADER: &str = "x-ignored-fields";

/// Returns a request to each route of the original contract that takes a body, with an unknown member.
fn contract_requests(linked: &LinkedServer) -> Vec<(Client, &'static str, String, Value)> {
    let (api, hub) = (linked.api(), linked.server.hub(&linked.server.session(json!({ "multiple": true }))));
    let token = linked.server.session(json!({}));
    let mut link = link_body(&linked.integration);
    let account = &linked.account;
    let mut requests = vec![
        (
            api.clone(),
            "POST",
            "/connect_sessions".to_owned(),
            json!({ "origin_owner_id": "a", "origin_owner_name": "A" }),
        ),
        (api.clone(), "POST", "/connect_sessions/authenticate".to_owned(), json!({ "token": token })),
        (api.clone(), "PATCH", format!("/accounts/{account}"), json!({ "label": "x" })),
        (api.clone(), "POST", "/actions/rpc".to_owned(), json!({ "action": "spotdraft_list_contract_types" })),
        (api, "POST", "/unified/proxy".to_owned(), json!({ "path": "/v2.1/public/contract_types/" })),
        (hub.clone(), "POST", "/hub/accounts".to_owned(), link.take()),
        (hub.clone(), "PATCH", format!("/hub/accounts/{account}"), json!({ "credentials": {} })),
        (hub, "POST", "/hub/connection_attempts".to_owned(), json!({})),
    ];
    for (_, _, _, body) in &mut requests {
        body["new_field"] = json!({ "nested": [1, "s3cret"] });
    }
    requests
}

fn send(client: &Client, method: &str, path: &str, body: &Value) -> ApiResponse {
    client.send(method, path, Some(body.to_string()))
}

#[test]
fn unknown_members_are_ignored_and_named_on_the_routes_of_the_contract() {
    let linked = LinkedServer::new();
    for (client, method, path, body) in contract_requests(&linked) {
        let answer = send(&client, method, &path, &body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer}");
        assert_eq!(answer.header(HEADER), Some("body.new_field"), "{method} {path}");
    }
    for (client, method, path, body) in contract_requests(&linked) {
        let strict = client.header("prefer", "handling=strict");
        let answer = send(&strict, method, &path, &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{method} {path}: {answer}");
        assert_eq!(answer.text("/problems/0/path"), "body.new_field", "{method} {path}");
        assert!(!answer.body.contains("s3cret"), "{answer}");
    }
}

#[test]
fn a_misspelled_required_member_is_still_an_error() {
    let linked = LinkedServer::new();
    let answer =
        linked.server.api().post("/connect_sessions", &json!({ "origin_ownr_id": "a", "origin_owner_name": "A" }));
    assert_eq!((answer.status, answer.text("/problems/0/code")), (400, "required".to_owned()), "{answer}");
    assert_eq!(answer.header(HEADER), None, "{answer}");
}

#[test]
fn unknown_members_are_errors_on_our_own_routes() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    for (method, path, body) in [
        ("POST", "/auth_configs".to_owned(), json!({ "connector_key": "spotdraft", "name": "x" })),
        ("PATCH", format!("/auth_configs/{}", linked.integration), json!({ "name": "x" })),
        ("POST", "/api_keys".to_owned(), json!({ "name": "x" })),
        ("POST", "/connect_sessions/confirm".to_owned(), json!({ "confirmation": "x", "origin_owner_id": "a" })),
        ("POST", "/accounts/revoke".to_owned(), json!({})),
        ("POST", "/connectors".to_owned(), json!({ "files": [] })),
    ] {
        let mut body = body;
        body["new_field"] = json!(1);
        let answer = send(&api, method, &path, &body);
        assert_eq!(
            (answer.status, answer.text("/problems/0/code")),
            (400, "unknown_field".to_owned()),
            "{path}: {answer}"
        );
    }
}

#[test]
fn unknown_parameters_of_every_list_are_named() {
    let linked = LinkedServer::new();
    let token = linked.server.session(json!({}));
    for (client, path) in [
        (linked.server.api(), "/accounts"),
        (linked.server.api(), "/v2/accounts"),
        (linked.server.api(), "/actions"),
        (linked.server.api(), "/auth_configs"),
        (linked.server.api(), "/connectors"),
        (linked.server.api(), "/connectors/meta"),
        (linked.server.api(), "/connectors/meta/spotdraft"),
        (linked.server.api(), "/api_keys"),
        (linked.server.hub(&token), "/hub/connectors"),
    ] {
        let answer = client.get(&format!("{path}?colour=red&a%2Cb%0d%0ax=1"));
        assert_eq!(answer.status, 200, "{path}: {answer}");
        assert_eq!(answer.header(HEADER), Some("query.colour, query.a%2Cb%0D%0Ax"), "{path}");
        assert_eq!(client.get(path).header(HEADER), None, "{path}");
        let strict = client.clone().header("prefer", "handling=strict");
        let refused = strict.get(&format!("{path}?colour=red"));
        assert_eq!((refused.status, refused.text("/problems/0/path")), (400, "colour".to_owned()), "{path}: {refused}");
        assert_eq!(strict.get(path).status, 200, "{path}");
        // Without a filter that it does not know a list would be longer.
        assert_eq!(client.get(&format!("{path}?filter[colour]=red")).status, 400, "{path}");
    }
    let run =
        linked.api().post("/actions/rpc?sync=true&debug=false", &json!({ "action": "spotdraft_list_contract_types" }));
    assert_eq!((run.status, run.header(HEADER)), (200, Some("query.sync")), "{run}");
}

#[test]
fn very_many_unknown_parts_fit_into_the_header() {
    let linked = LinkedServer::new();
    let mut body = json!({ "origin_owner_id": "a", "origin_owner_name": "A" });
    for number in 0..5_000 {
        body[format!("{number}-{}", "\u{1f600}".repeat(40))] = json!(1);
    }
    let answer = linked.server.api().post("/connect_sessions", &body);
    assert_eq!(answer.status, 201, "{answer}");
    let header = answer.header(HEADER).unwrap();
    assert!(header.len() < 8_000 && header.ends_with("..."), "{}", header.len());
}

//! Connector profiles and the catalog.

use serde_json::{Value, json};

use crate::support::{LinkedServer, link_body};

#[test]
fn profiles_are_created_changed_and_deleted() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    insta::assert_snapshot!("profiles", api.get("/auth_configs").snapshot());
    let body = json!({ "connector_key": "spotdraft", "name": "Second", "enabled_actions": ["spotdraft_list_contracts"], "active": true });
    let made = api.post("/auth_configs", &body);
    assert_eq!(made.status, 201, "{made}");
    let path = format!("/auth_configs/{}", made.text("/id"));
    insta::assert_snapshot!("profile", api.get(&path).snapshot());
    let changed = api.patch(&path, &json!({ "name": "Renamed", "active": false }));
    assert_eq!((changed.status, changed.text("/name")), (200, "Renamed".to_owned()));
    assert_eq!(api.get("/auth_configs?enabled=true").json()["total"], 1);
    assert_eq!(api.delete(&path).status, 200);
    assert_eq!(api.get(&path).status, 404);
    let used = api.delete(&format!("/auth_configs/{}", linked.integration));
    assert_eq!(used.status, 409, "{used}");
}

#[test]
fn unknown_connectors_and_actions_get_suggestions() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    let answer = api.post("/auth_configs", &json!({ "connector_key": "spotdraf" }));
    assert!(answer.status == 400 && answer.body.contains("did you mean `spotdraft`?"), "{answer}");
    let body = json!({ "connector_key": "spotdraft", "enabled_actions": ["spotdraft_list_contract"] });
    let answer = api.post("/auth_configs", &body);
    assert!(answer.status == 400 && answer.body.contains("did you mean `spotdraft_list_contracts`?"), "{answer}");
}

#[test]
fn a_disabled_profile_disables_the_hub_and_calls() {
    let linked = LinkedServer::new();
    let token = linked.server.session(json!({}));
    let path = format!("/auth_configs/{}", linked.integration);
    assert_eq!(linked.server.api().patch(&path, &json!({ "active": false })).status, 200);
    assert_eq!(linked.run("list_contract_types", json!({})).status, 412);
    let account = linked.server.api().get(&format!("/accounts/{}", linked.account));
    assert_eq!(account.text("/status"), "inactive");
    let hub = linked.server.hub(&token);
    assert_eq!(hub.get("/hub/connectors").json()["integrations"], json!([]));
    let late = hub.post("/hub/accounts", &link_body(&linked.integration));
    assert_eq!(late.status, 412, "{late}");
    assert_eq!(linked.server.api().get("/accounts?status=inactive").json().as_array().unwrap().len(), 1);
    assert_eq!(linked.server.api().patch(&path, &json!({ "active": true })).status, 200);
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
}

#[test]
fn actions_that_are_not_enabled_do_not_run() {
    let linked = LinkedServer::new();
    let path = format!("/auth_configs/{}", linked.integration);
    let body = json!({ "enabled_actions": ["spotdraft_list_contracts"] });
    assert_eq!(linked.server.api().patch(&path, &body).status, 200);
    assert_eq!(linked.run("list_contracts", json!({})).status, 200);
    let refused = linked.run("list_users", json!({}));
    assert_eq!(refused.status, 403, "{refused}");
    let listed = linked.server.api().get(&format!("/actions?filter[account_ids]={}", linked.account)).json();
    assert_eq!(listed["data"][0]["actions"].as_array().unwrap().len(), 1);
    let meta = linked.server.api().get(&format!("/accounts/{}/meta", linked.account)).json();
    assert_eq!(meta["actions"], 1);
}

#[test]
fn the_catalog_can_be_searched_and_read() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    insta::assert_snapshot!("connectors_meta", api.get("/connectors/meta").snapshot());
    assert_eq!(api.get("/connectors/meta/spotdraft").json()["provider"], "spotdraft");
    assert_eq!(api.get("/connectors/meta/nothing").status, 404);
    // Forms know which fields decide where secrets go, to ask for these again at once after a change.
    let zendesk = api.get("/connectors/meta/zendesk").json();
    let fields = zendesk["authentication"][0]["config_fields"].as_array().unwrap();
    let shaping = fields.iter().filter(|field| field["shapesAddress"] == true).map(|field| field["key"].clone());
    assert_eq!(shaping.collect::<Vec<_>>(), ["subdomain"]);
    assert!(fields.iter().any(|field| field.get("shapesAddress").is_none()), "{zendesk}");
    let found = api.get("/actions?search=void%20contract").json();
    let ids = found["data"][0]["actions"].as_array().unwrap().iter().map(|action| action["id"].as_str().unwrap());
    let ids = ids.collect::<Vec<_>>();
    assert!(ids.contains(&"spotdraft_void_contract") && ids.len() < 20, "{ids:?}");
    let path = "/actions?filter[action_key]=spotdraft_get_contract_status&include=action_details,authentication_guides";
    insta::assert_snapshot!("actions", api.get(path).snapshot());
    let bare = api.get("/actions?exclude=actions").json();
    assert!(bare["data"][0].get("actions").is_none_or(|actions| actions.as_array().is_some_and(Vec::is_empty)));
    assert_eq!(api.get("/actions?next=forged").status, 400);
}

#[test]
fn a_profile_is_pinned_under_its_newer_name() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    assert_eq!(api.get("/connector_profiles").json(), api.get("/auth_configs").json());
    let path = format!("/connector_profiles/{}", linked.integration);
    let versions = api.get(&format!("{path}/versions")).json();
    let version = versions["data"][0]["version"].as_str().unwrap().to_owned();
    let pin = format!("{path}/pinned_version");
    assert_eq!(api.get(&pin).json(), json!({ "pinned_version": null }));
    let set = |body: Value| api.send("PUT", &pin, Some(body.to_string()));
    assert_eq!(set(json!({ "pinned_version": version })).json(), json!({ "pinned_version": version }));
    assert_eq!(api.get(&pin).json(), json!({ "pinned_version": version }));
    assert_eq!(set(json!({ "pinned_version": "99.0.0" })).status / 100, 4);
    assert_eq!(set(json!({})).status, 400);
    assert_eq!(api.delete(&pin).json(), json!({ "pinned_version": null }));
}

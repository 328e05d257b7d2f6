//! Linked accounts through the API.

use serde_json::json;

use crate::support::LinkedServer;

#[test]
fn accounts_can_be_listed_read_changed_and_deleted() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    let path = format!("/accounts/{}", linked.account);
    insta::assert_snapshot!("accounts", api.get("/accounts").snapshot());
    insta::assert_snapshot!("account", api.get(&path).snapshot());
    insta::assert_snapshot!("account_meta", api.get(&format!("{path}/meta")).snapshot());
    let changed = api.patch(
        &path,
        &json!({ "label": "Legal", "metadata": { "a": 1 }, "type": "test", "origin_owner_name": "Acme Ltd" }),
    );
    insta::assert_snapshot!("account_changed", changed.snapshot());
    let deleted = api.delete(&path);
    assert_eq!((deleted.status, deleted.text("/label")), (200, "Legal".to_owned()));
    let gone = api.get(&path);
    insta::assert_snapshot!("account_gone", gone.snapshot());
    assert_eq!(linked.run("list_contract_types", json!({})).status, 404);
}

#[test]
fn lists_are_filtered() {
    let linked = LinkedServer::new();
    let count = |query: &str| {
        let answer = linked.server.api().get(&format!("/accounts?{query}"));
        assert_eq!(answer.status, 200, "{query}: {answer}");
        answer.json().as_array().unwrap().len()
    };
    for (query, expected) in [
        ("provider=spotdraft", 1),
        ("providers=spotdraft,other", 1),
        ("providers=other&providers=spotdraft", 1),
        ("providers=other", 0),
        (&format!("account_ids={},x", linked.account), 1),
        ("account_ids=x", 0),
        ("origin_owner_id=customer-123", 1),
        ("origin_owner_ids=a,b", 0),
        ("status=active", 1),
        ("status=suspended,error", 0),
        ("page=2", 0),
        ("page=1&page_size=1", 1),
    ] {
        assert_eq!(count(query), expected, "{query}");
    }
    let long = format!("search={}", "a".repeat(201));
    for wrong in ["page=0", "page_size=1000", "status=asleep", "page=x", &long] {
        let answer = linked.server.api().get(&format!("/accounts?{wrong}"));
        assert_eq!(answer.status, 400, "{wrong}: {answer}");
    }
}

#[test]
fn suspended_accounts_refuse_calls_until_resumed() {
    let linked = LinkedServer::new();
    let path = format!("/accounts/{}", linked.account);
    let set = |status: &str| linked.server.api().patch(&path, &json!({ "status": status }));
    assert_eq!(set("suspended").text("/status"), "suspended");
    linked.provider.forget_requests();
    let refused = linked.run("list_contract_types", json!({}));
    assert_eq!(refused.status, 412);
    insta::assert_snapshot!(refused.snapshot());
    assert!(linked.provider.requests().is_empty());
    assert_eq!(set("active").text("/status"), "active");
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
    assert_eq!(set("error").status, 400);
}

#[test]
fn new_credentials_are_verified_before_they_are_stored() {
    let linked = LinkedServer::new();
    let path = format!("/accounts/{}", linked.account);
    let answer = linked.server.api().patch(&path, &json!({ "secrets": { "clientSecret": "wrong" } }));
    assert!(answer.status >= 400, "{answer}");
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
}

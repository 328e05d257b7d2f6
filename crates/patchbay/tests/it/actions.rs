//! Actions by RPC.

use serde_json::json;

use crate::support::LinkedServer;

#[test]
fn an_action_returns_data_and_next() {
    let linked = LinkedServer::new();
    linked.provider.forget_requests();
    let answer = linked.run("list_contracts", json!({ "query": { "limit": 2 } }));
    assert_eq!(answer.status, 200, "{answer}");
    let body = answer.json();
    assert_eq!((body["data"].as_array().unwrap().len(), body["next"].as_str()), (2, Some("2")));
    let request = &linked.provider.requests()[0];
    assert_eq!(request["headers"].get("user-email"), None);
    assert!(request["query"].as_str().unwrap().contains("limit=2"));
    let last = linked.run("list_contracts", json!({ "query": { "limit": "20", "page": "3" } })).json();
    assert_eq!((last["data"].as_array().unwrap().len(), last["next"].clone()), (2, json!(null)));
}

#[test]
fn the_acting_member_is_sent() {
    let linked = LinkedServer::new();
    let path = format!("/accounts/{}", linked.account);
    let set = |email: &str| linked.server.api().patch(&path, &json!({ "credentials": { "userEmail": email } }));
    let answer = set("amara.okafor@example.com");
    assert_eq!(answer.status, 200, "{answer}");
    linked.provider.forget_requests();
    assert_eq!(linked.run("list_users", json!({})).status, 200);
    assert_eq!(linked.provider.requests()[0]["headers"]["user-email"], "amara.okafor@example.com");
    assert!(set("stranger@example.com").status >= 400);
}

#[test]
fn changes_reach_the_provider() {
    let linked = LinkedServer::new();
    let comment = linked
        .run("add_contract_comment", json!({ "path": { "contract_id": "8" }, "body": { "comment": "Fine by us." } }));
    assert_eq!(comment.status, 200, "{comment}");
    let listed = linked.run("list_contract_comments", json!({ "path": { "contract_id": "8" } }));
    assert!(listed.body.contains("Fine by us."), "{listed}");
    let voided =
        linked.run("void_contract", json!({ "path": { "composite_id": "T-8" }, "body": { "note": "Superseded" } }));
    assert_eq!((voided.status, voided.json()["data"].clone()), (200, json!(null)), "{voided}");
    let again =
        linked.run("void_contract", json!({ "path": { "composite_id": "T-8" }, "body": { "note": "Superseded" } }));
    assert_eq!(again.status, 409);
    insta::assert_snapshot!(again.snapshot());
}

#[test]
fn an_uploaded_file_is_downloaded_unchanged() {
    let linked = LinkedServer::new();
    let body = json!({ "contract_name": "Old", "file_name": "old.txt", "file_content": "aGVsbG8=", "contract_type_id": 11, "organization_entity_id": 61 });
    let made = linked.run("upload_executed_contract", json!({ "body": body }));
    assert_eq!(made.status, 200, "{made}");
    let id = made.text("/data/id");
    let file = linked.run("download_contract", json!({ "path": { "composite_id": id } }));
    assert_eq!(file.status, 200, "{file}");
    assert_eq!(
        (file.text("/data/content"), file.text("/data/file_name")),
        ("aGVsbG8=".to_owned(), "old.txt".to_owned())
    );
}

#[test]
fn all_invalid_inputs_are_reported_and_nothing_is_sent() {
    let linked = LinkedServer::new();
    linked.provider.forget_requests();
    let inputs = json!({
        "path": { "composite_id": "../T-8", "colour": "red" },
        "body": { "to_emails": "not a list", "attachment_formats": ["TIFF"], "subject": 5, "extra_attachments": [{ "file_name": "a" }] },
    });
    let answer = linked.run("send_contract_to_counterparties", inputs);
    assert_eq!(answer.status, 400);
    insta::assert_snapshot!(answer.snapshot());
    let missing = linked.run("void_contract", json!({}));
    insta::assert_snapshot!("missing_inputs", missing.snapshot());
    assert!(linked.provider.requests().is_empty());
}

#[test]
fn path_values_never_change_the_route() {
    let linked = LinkedServer::new();
    for hostile in ["8/comments", "8/../9", "..", ".", "8?x=1", "8#x", "8%2F..%2F9", "8\\9"] {
        linked.provider.forget_requests();
        let answer = linked.run("list_obligations", json!({ "path": { "contract_id": hostile } }));
        assert!(matches!(answer.status, 400 | 404), "{hostile}: {answer}");
        for request in linked.provider.requests() {
            let path = request["path"].as_str().unwrap();
            assert!(
                path.starts_with("/api/v2.1/public/contracts/8%") && path.ends_with("/obligations/"),
                "{hostile}: {path}"
            );
        }
    }
}

#[test]
fn an_unknown_action_gets_suggestions() {
    let linked = LinkedServer::new();
    let answer = linked.run("list_contract", json!({}));
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("spotdraft_list_contracts"), "{answer}");
    insta::assert_snapshot!(answer.snapshot());
}

#[test]
fn a_call_needs_an_existing_account() {
    let linked = LinkedServer::new();
    let body = json!({ "action": "spotdraft_list_contracts" });
    let nobody = linked.server.api().post("/actions/rpc", &body);
    assert_eq!(nobody.status, 400);
    insta::assert_snapshot!(nobody.snapshot());
    let stranger = linked.server.api().header("x-account-id", "stranger").post("/actions/rpc", &body);
    assert_eq!(stranger.status, 404, "{stranger}");
    let profile = linked.api().header("x-connector-profile-id", &linked.integration).post("/actions/rpc", &body);
    assert_eq!(profile.status, 200, "{profile}");
}

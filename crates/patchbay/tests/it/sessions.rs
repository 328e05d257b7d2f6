//! Sessions whose Hub would have nothing to link are rejected when they are created.

use serde_json::{Value, json};

use crate::support::{ApiResponse, LinkedServer};

fn session(linked: &LinkedServer, changes: &Value) -> ApiResponse {
    let mut body = json!({ "origin_owner_id": "a", "origin_owner_name": "b" });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    linked.server.api().post("/connect_sessions", &body)
}

#[test]
fn a_session_needs_an_enabled_profile() {
    let linked = LinkedServer::new();
    let requests = [
        json!({ "integration_id": linked.integration }),
        json!({ "account_id": linked.account }),
        json!({ "provider": "spotdraft" }),
    ];
    let enable = |active: bool| {
        let path = format!("/auth_configs/{}", linked.integration);
        let answer = linked.server.api().patch(&path, &json!({ "active": active }));
        assert_eq!(answer.status, 200, "{answer}");
    };
    enable(false);
    for changes in &requests {
        let answer = session(&linked, changes);
        assert_eq!((answer.status, answer.code().as_str()), (412, "ProfileInactiveError"), "{changes}: {answer}");
        assert!(answer.text("/message").contains("enable"), "{answer}");
    }
    enable(true);
    for changes in requests {
        assert_eq!(session(&linked, &changes).status, 201, "{changes}");
    }
}

#[test]
fn categories_are_those_of_the_contract_and_of_the_connectors() {
    let linked = LinkedServer::new();
    for category in ["hris", "hris-legacy", "scheduling", "documents"] {
        assert_eq!(session(&linked, &json!({ "categories": [category] })).status, 201, "{category}");
    }
    let answer = session(&linked, &json!({ "categories": ["hris", "acounting"] }));
    assert_eq!((answer.status, answer.text("/problems/0/path")), (400, "categories[1]".to_owned()), "{answer}");
    assert!(answer.text("/message").contains("did you mean `accounting`?"), "{answer}");
}

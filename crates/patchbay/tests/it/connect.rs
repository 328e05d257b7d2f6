//! Connect sessions and the Hub API, from a session token to a sealed account.

use serde_json::{Value, json};

use crate::support::{LinkedServer, Provider, Server, canary, link_body};

#[test]
fn a_session_is_created_and_authenticated() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let body = json!({
        "origin_owner_id": "customer-123", "origin_owner_name": "Acme", "origin_username": "ada@acme.test",
        "provider": "spotdraft", "categories": ["documents"], "label": "Legal", "metadata": { "plan": "gold" }, "type": "test",
    });
    let answer = server.api().post("/connect_sessions", &body);
    assert_eq!(answer.status, 201, "{answer}");
    let token = answer.text("/token");
    assert_eq!(answer.text("/auth_link_url"), format!("{}/embedded/integrations?token={token}", server.base));
    insta::assert_json_snapshot!(answer.snapshot());
    let looked_up = server.api().post("/connect_sessions/authenticate", &json!({ "token": token }));
    assert!(looked_up.status == 200 || looked_up.status == 201, "{looked_up}");
    assert!(!looked_up.body.contains(&token));
}

#[test]
fn the_hub_shows_what_can_be_linked() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let token = server.session(json!({}));
    let hub = server.hub(&token);
    insta::assert_json_snapshot!("hub_settings", hub.get("/hub/settings").snapshot());
    insta::assert_json_snapshot!("hub_connectors", hub.get("/hub/connectors").snapshot());
    let integration = server.integration(&token);
    insta::assert_json_snapshot!("hub_connector", hub.get(&format!("/hub/connectors/{integration}")).snapshot());
    // The stock Hub calls across origins.
    let preflight = server
        .anonymous()
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-hub-session-token,x-hub-version")
        .send("OPTIONS", "/hub/accounts", None);
    assert!(preflight.status == 200 || preflight.status == 204, "{preflight}");
    assert!(preflight.header("access-control-allow-origin").is_some());
    let allowed = preflight.header("access-control-allow-headers").unwrap().to_lowercase();
    assert!(
        ["content-type", "x-hub-session-token", "x-hub-version"].iter().all(|name| allowed.contains(name)),
        "{allowed}"
    );
}

#[test]
fn linking_seals_the_secret_and_never_returns_it() {
    let linked = LinkedServer::new();
    let token = linked.server.session(json!({}));
    let answer = linked.server.hub(&token).get(&format!("/hub/accounts/{}", linked.account));
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer.text("/setupInformation/clientId"), "client-id-1");
    assert_eq!(answer.text("/setupInformation/region"), "us");
    assert!(answer.text("/secrets/clientSecret").starts_with("__secretvalue:**redacted**"));
    insta::assert_json_snapshot!(answer.snapshot());
}

#[test]
fn a_wrong_secret_returns_the_providers_message_and_stores_nothing() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let token = server.session(json!({}));
    let integration = server.integration(&token);
    let mut body = link_body(&integration);
    body["credentials"]["clientSecret"] = json!("wrong");
    let answer = server.hub(&token).post("/hub/accounts", &body);
    // 401 and 403 would make the stock Hub believe that its session is over.
    assert_eq!(answer.status, 400, "{answer}");
    assert!(answer.text("/message").contains("Invalid client credentials."), "{answer}");
    assert!(answer.text("/provider_response").contains("authentication_failed"), "{answer}");
    insta::assert_json_snapshot!(answer.snapshot());
    assert_eq!(server.api().get("/accounts").json(), json!([]));
}

#[test]
fn all_invalid_fields_are_reported_together() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let token = server.session(json!({}));
    let integration = server.integration(&token);
    let body = json!({ "integration_id": integration, "credentials": {
        "clientId": "a\nb", "region": "mars", "userEmail": "nobody", "clientSecrt": "x",
    } });
    let answer = server.hub(&token).post("/hub/accounts", &body);
    assert_eq!(answer.status, 400);
    insta::assert_json_snapshot!(answer.snapshot());
    assert!(provider.requests().is_empty());
}

#[test]
fn the_same_owner_updates_unless_multiple() {
    let linked = LinkedServer::new();
    let count = || linked.server.api().get("/accounts").json().as_array().unwrap().len();
    let link = |changes: Value| {
        let token = linked.server.session(changes);
        let answer = linked.server.hub(&token).post("/hub/accounts", &link_body(&linked.integration));
        assert_eq!(answer.status, 200, "{answer}");
        answer.text("/id")
    };
    assert_eq!(link(json!({})), linked.account);
    assert_eq!(count(), 1);
    assert_ne!(link(json!({ "multiple": true })), linked.account);
    assert_ne!(link(json!({ "origin_owner_id": "customer-2" })), linked.account);
    assert_eq!(count(), 3);
}

#[test]
fn editing_keeps_omitted_fields() {
    let linked = LinkedServer::new();
    let token = linked.server.session(json!({ "account_id": linked.account }));
    let hub = linked.server.hub(&token);
    assert_eq!(hub.get("/hub/settings").text("/existing_account_id"), linked.account);
    let path = format!("/hub/accounts/{}", linked.account);
    let body = json!({ "integration_id": linked.integration, "credentials": {
        "region": "eu", "clientSecret": "__secretvalue:**redacted**",
    } });
    assert!(hub.patch(&path, &body).status < 300);
    let account = linked.server.api().get(&format!("/accounts/{}", linked.account));
    assert_eq!(account.text("/setup_information/region"), "eu");
    // The secret still works, now in the other region.
    linked.provider.forget_requests();
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
    assert_eq!(linked.provider.requests().len(), 1);

    let wrong = json!({ "integration_id": linked.integration, "credentials": { "clientSecret": "wrong" } });
    assert_eq!(hub.patch(&path, &wrong).status, 400);
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
}

#[test]
fn invalid_and_foreign_tokens_are_rejected() {
    let linked = LinkedServer::new();
    for token in ["nonsense", "", canary::API_KEY] {
        let answer = linked.server.hub(token).get("/hub/connectors");
        assert_eq!(answer.status, 401, "{answer}");
    }
    let other = linked.server.session(json!({ "origin_owner_id": "customer-2" }));
    let answer = linked.server.hub(&other).get(&format!("/hub/accounts/{}", linked.account));
    assert_eq!(answer.status, 404, "{answer}");
}

#[test]
fn attempts_are_polled_and_cancelled() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let token = server.session(json!({}));
    let hub = server.hub(&token);
    let made = hub.post("/hub/connection_attempts", &json!({ "token": token }));
    assert!(made.status < 300, "{made}");
    let path = format!("/hub/connection_attempts/{}", made.text("/id"));
    insta::assert_json_snapshot!(hub.get(&path).snapshot());
    assert!(hub.delete(&path).status < 300);
    assert_eq!(hub.get(&path).text("/status"), "cancelled");
    let other = server.session(json!({}));
    assert_eq!(server.hub(&other).get(&path).status, 404);
}

#[test]
fn concurrent_links_of_an_owner_create_one_account() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let token = server.session(json!({}));
    let integration = server.integration(&token);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let answer = server.hub(&token).post("/hub/accounts", &link_body(&integration));
                assert_eq!(answer.status, 200, "{answer}");
            });
        }
    });
    assert_eq!(server.api().get("/accounts").json().as_array().unwrap().len(), 1);
}

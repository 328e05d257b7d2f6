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
    insta::assert_snapshot!(answer.snapshot());
    let looked_up = server.api().post("/connect_sessions/authenticate", &json!({ "token": token }));
    assert_eq!(looked_up.status, 201, "{looked_up}");
    assert!(!looked_up.body.contains(&token));
}

#[test]
fn the_hub_shows_what_can_be_linked() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let token = server.session(json!({}));
    let hub = server.hub(&token);
    insta::assert_snapshot!("hub_settings", hub.get("/hub/settings").snapshot());
    insta::assert_snapshot!("hub_connectors", hub.get("/hub/connectors").snapshot());
    let integration = server.integration(&token);
    insta::assert_snapshot!("hub_connector", hub.get(&format!("/hub/connectors/{integration}")).snapshot());
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
    insta::assert_snapshot!(answer.snapshot());
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
    insta::assert_snapshot!(answer.snapshot());
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
    insta::assert_snapshot!(answer.snapshot());
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
    // The region is a choice from the connector's options: each of them is an address of the provider.
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
    insta::assert_snapshot!(hub.get(&path).snapshot());
    assert!(hub.delete(&path).status < 300);
    assert_eq!(hub.get(&path).text("/status"), "cancelled");
    let other = server.session(json!({}));
    assert_eq!(server.hub(&other).get(&path).status, 404);
}

#[test]
fn concurrent_links_of_an_owner_create_one_account() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let integration = server.integration(&server.session(json!({})));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let token = server.session(json!({}));
                let answer = server.hub(&token).post("/hub/accounts", &link_body(&integration));
                assert_eq!(answer.status, 200, "{answer}");
            });
        }
    });
    assert_eq!(server.api().get("/accounts").json().as_array().unwrap().len(), 1);
}

#[test]
fn a_session_is_used_up_by_the_link_that_succeeds() {
    let linked = LinkedServer::new();
    let server = &linked.server;
    let path = format!("/hub/accounts/{}", linked.account);
    let body = link_body(&linked.integration);
    let mut wrong = body.clone();
    wrong["credentials"]["clientSecret"] = json!("wrong");
    // A link, and a change of the owner's account.
    for method in ["POST", "PATCH"] {
        let token = server.session(json!({}));
        let hub = server.hub(&token);
        let link = |body: &Value| match method {
            "POST" => hub.post("/hub/accounts", body),
            _ => hub.patch(&path, body),
        };
        let attempt = hub.post("/hub/connection_attempts", &json!({ "token": token })).text("/id");
        // A rejected link does not use it up.
        assert!(link(&wrong).status >= 400);
        assert_eq!(hub.get("/hub/settings").json()["session"]["used"], false);
        assert_eq!(link(&body).text("/id"), linked.account);
        linked.provider.forget_requests();
        for late in [
            hub.post("/hub/accounts", &body),
            hub.post("/hub/accounts", &wrong),
            hub.patch(&path, &body),
            hub.patch(&path, &json!({ "integration_id": linked.integration, "credentials": {} })),
            hub.post("/hub/connection_attempts", &json!({ "token": token })),
            hub.post("/hub/connection_attempts", &json!({ "token": token, "integration_id": linked.integration })),
        ] {
            assert_eq!((late.status, late.code()), (409, "SessionUsedError".to_owned()), "{late}");
            assert!(late.body.contains("already used"), "{late}");
        }
        assert!(linked.provider.requests().is_empty(), "the provider is not asked for a session that is used up");
        // It still reads: Hubs show the account, and backends look the session up after the success.
        assert_eq!(hub.get("/hub/settings").json()["session"]["used"], true);
        assert_eq!(hub.get(&path).status, 200);
        assert_eq!(hub.get("/hub/connectors").status, 200);
        assert_eq!(hub.get(&format!("/hub/connection_attempts/{attempt}")).status, 200);
        assert_eq!(server.api().post("/connect_sessions/authenticate", &json!({ "token": token })).status, 201);
    }
}

#[test]
fn sessions_for_several_accounts_or_for_one_account_are_not_used_up() {
    let linked = LinkedServer::new();
    let body = link_body(&linked.integration);
    let path = format!("/hub/accounts/{}", linked.account);
    for changes in [json!({ "multiple": true }), json!({ "account_id": linked.account })] {
        let hub = linked.server.hub(&linked.server.session(changes.clone()));
        for _ in 0..2 {
            assert_eq!(hub.post("/hub/accounts", &body).status, 200, "{changes}");
            assert_eq!(hub.patch(&path, &body).status, 200, "{changes}");
        }
        assert_eq!(hub.get("/hub/settings").json()["session"]["used"], false, "{changes}");
    }
}

#[test]
fn one_of_many_concurrent_links_uses_a_session() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let token = server.session(json!({}));
    let integration = server.integration(&token);
    let link = || server.hub(&token).post("/hub/accounts", &link_body(&integration)).status;
    let mut statuses = std::thread::scope(|scope| {
        let links = (0..6).map(|_| scope.spawn(link)).collect::<Vec<_>>();
        links.into_iter().map(|link| link.join().unwrap()).collect::<Vec<_>>()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    assert_eq!(server.api().get("/accounts").json().as_array().unwrap().len(), 1);
}

#[test]
fn a_session_can_be_ended() {
    let linked = LinkedServer::new();
    let server = &linked.server;
    for changes in [json!({}), json!({ "multiple": true }), json!({ "account_id": linked.account })] {
        let made = server.session_answer(changes);
        let (token, path) = (made.text("/token"), format!("/connect_sessions/{}", made.json()["id"]));
        let hub = server.hub(&token);
        let attempt = hub.post("/hub/connection_attempts", &json!({ "token": token })).text("/id");
        assert_eq!(server.api().delete(&path).status, 204);
        for late in [
            hub.get("/hub/settings"),
            hub.get(&format!("/hub/connection_attempts/{attempt}")),
            hub.post("/hub/accounts", &link_body(&linked.integration)),
        ] {
            assert_eq!((late.status, late.code()), (401, "SessionExpiredError".to_owned()), "{late}");
        }
        let looked_up = server.api().post("/connect_sessions/authenticate", &json!({ "token": token }));
        assert_eq!(looked_up.status, 404, "{looked_up}");
        assert_eq!(server.api().delete(&path).code(), "SessionNotFoundError");
    }
    for unknown in ["0", "-1", "9223372036854775808", "x", "1%20", "%00"] {
        let answer = server.api().delete(&format!("/connect_sessions/{unknown}"));
        assert_eq!(answer.status, 404, "{unknown}: {answer}");
    }
    assert_eq!(server.api().get(&format!("/accounts/{}", linked.account)).status, 200, "its account stays");
    let reader = server.api().post("/api_keys", &json!({ "name": "r", "scopes": ["platform:read"] })).text("/key");
    assert_eq!(server.with_key(&reader).delete("/connect_sessions/1").status, 403);
}

#[test]
fn a_deleted_accounts_owner_leaves_no_bytes() {
    const OWNER: &str = "canary-owner-4711";
    let provider = Provider::start();
    let mut server = Server::start(&provider, &[]);
    let owner = json!({
        "origin_owner_id": OWNER, "origin_owner_name": format!("{OWNER} Ltd"), "origin_username": format!("{OWNER}@x.test"),
        "metadata": { "crm": OWNER }, "label": OWNER,
    });
    let with = |key: &str, value: Value| {
        let mut session = owner.clone();
        session[key] = value;
        server.session(session)
    };
    let (used, multiple) = (with("multiple", json!(false)), with("multiple", json!(true)));
    let integration = server.integration(&used);
    server.hub(&used).post("/hub/connection_attempts", &json!({ "integration_id": integration }));
    let link = |token: &str| server.hub(token).post("/hub/accounts", &link_body(&integration)).text("/id");
    let accounts = [link(&used), link(&multiple)];
    let unused = [with("multiple", json!(false)), with("account_id", json!(accounts[0]))];
    for account in &accounts {
        assert_eq!(server.api().delete(&format!("/accounts/{account}")).status, 200);
    }
    for token in [&used, &multiple, &unused[0], &unused[1]] {
        assert_eq!(server.hub(token).get("/hub/settings").status, 401);
    }
    let data_dir = server.data_dir.clone();
    assert_eq!(server.terminate(), Some(0));
    let mut files = 0;
    for entry in std::fs::read_dir(&data_dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(OWNER.len()).any(|window| window == OWNER.as_bytes());
            assert!(!found, "{} contains the owner's id", path.display());
            files += 1;
        }
    }
    assert!(files >= 2, "the database and the key ring are there");
}

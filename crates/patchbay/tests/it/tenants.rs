//! Calls every route of the OpenAPI document without a key, with an invalid key, and with another project's key.

use serde_json::{Value, json};

use crate::support::{Client, LinkedServer, Provider, Server, offline};

/// The public routes, and the login routes, which have separate tests.
const PUBLIC: [&str; 10] = [
    "/auth/",
    "/connect/",
    "/",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/docs",
    "/llms.txt",
    "/embedded",
    "/dashboard",
];

struct Operation {
    method: String,
    path: String,
}

fn operations(server: &Server) -> Vec<Operation> {
    let document = server.anonymous().get("/openapi.json").json();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let public = PUBLIC.iter().any(|public| path == public || (*public != "/" && path.starts_with(public)));
        for method in methods.as_object().unwrap().keys() {
            if !public && ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                operations.push(Operation { method: method.to_uppercase(), path: path.clone() });
            }
        }
    }
    assert!(operations.len() >= 20, "the document lists only {} operations", operations.len());
    operations
}

/// Returns the path with the other project's ids.
fn fill(path: &str, account: &str, profile: &str, key: &str, session: i64, webhook: &str) -> String {
    let mut filled = String::new();
    let session = session.to_string();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (_, behind) = after.split_once('}').unwrap();
        filled.push_str(before);
        filled.push_str(if before.contains("auth_configs") || before.contains("hub/connectors") {
            profile
        } else if before.contains("connectors/meta") {
            "spotdraft"
        } else if before.contains("api_keys") {
            key
        } else if before.contains("connect_sessions") {
            &session
        } else if before.ends_with("/webhooks/") {
            webhook
        } else if before.contains("webhook_") {
            // The first delivery of the database; a replay has no such id.
            "1"
        } else {
            account
        });
        rest = behind;
    }
    filled + rest
}

fn body(method: &str, path: &str) -> Option<String> {
    let has_name = ["/auth_configs", "/api_keys", "/webhooks"].iter().any(|start| path.starts_with(start));
    let body = match path.rsplit_once('/') {
        Some((_, "rotate_secret")) => json!({}),
        Some((before, "replay")) if before.starts_with("/webhooks/") => json!({ "since": "2026-01-01T00:00:00Z" }),
        Some((before, "events")) if before.starts_with("/webhooks/") => json!([{ "event": "x", "record_id": "1" }]),
        _ => json!({ (if has_name { "name" } else { "label" }): "stolen" }),
    };
    matches!(method, "POST" | "PATCH" | "PUT").then(|| body.to_string())
}

#[test]
fn every_operation_needs_a_valid_api_key() {
    // Each operation is tried from another address, because an address that sends many wrong keys is slowed.
    let linked = LinkedServer::with_arguments(&["--trusted-proxy", "127.0.0.1"]);
    for (number, operation) in operations(&linked.server).iter().enumerate() {
        let path = fill(&operation.path, &linked.account, &linked.integration, "no-key", 1, "1");
        let address = format!("192.0.2.{number}");
        let strangers: [Client; 3] = [
            linked.server.anonymous(),
            linked.server.with_key("v1.local.not-a-key-of-this-server"),
            linked.server.hub("not-a-session"),
        ];
        for client in strangers {
            let client = client.header("x-forwarded-for", &address);
            let answer = client.send(&operation.method, &path, body(&operation.method, &path));
            // The stock Hub treats a 401 to a change as success, so an expired session is a 400 there.
            let ended = path.starts_with("/hub/") && operation.method == "PATCH" && answer.status == 400;
            assert!(answer.status == 401 || ended, "{} {path}: {answer}", operation.method);
            assert!(
                answer.body.contains("UnauthorizedError") || answer.body.contains("SessionExpiredError"),
                "{answer}"
            );
        }
    }
}

#[test]
fn another_project_cannot_see_anything() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    offline(&data_dir, &["project", "create", "Ours"]);
    let theirs = offline(&data_dir, &["project", "create", "Theirs"]);
    let key = offline(&data_dir, &["api-key", "create", "--project", &theirs, "--name", "theirs"]);
    let provider = Provider::start();
    let server = Server::start_in(&data_dir, &provider, &[]);
    let made = server.session_answer(json!({}));
    let (token, session) = (made.text("/token"), made.json()["id"].as_i64().unwrap());
    let integration = server.integration(&token);
    let linked = server.hub(&token).post("/hub/accounts", &crate::support::link_body(&integration));
    let account = linked.text("/id");

    let own_key = server.api().get("/api_keys").text("/data/0/id");
    let new = json!({ "url": "https://app.example.com/hook", "events": ["account.updated"] });
    let webhook = server.api().post("/webhooks", &new).json()["id"].to_string();
    assert_eq!(server.api().post(&format!("/webhooks/{webhook}/test"), &json!({})).status, 202);
    let stranger = server.with_key(&key).header("x-account-id", &account);
    assert_eq!(stranger.get("/accounts").json(), json!([]));
    let profiles = stranger.get("/auth_configs").json();
    assert_eq!(profiles["total"], 1);
    assert_ne!(profiles["data"][0]["id"], Value::from(integration.as_str()));
    for operation in operations(&server) {
        if !operation.path.contains('{')
            || operation.path.starts_with("/hub/")
            || operation.path.starts_with("/connectors/")
        {
            continue;
        }
        let path = fill(&operation.path, &account, &integration, &own_key, session, &webhook);
        let answer = stranger.send(&operation.method, &path, body(&operation.method, &path));
        assert_eq!(answer.status, 404, "{} {path}: {answer}", operation.method);
    }
    for (path, body) in [
        ("/actions/rpc", json!({ "action": "spotdraft_list_contracts" })),
        ("/unified/proxy", json!({ "path": "/contract_types/" })),
        ("/connect_sessions", json!({ "origin_owner_id": "a", "origin_owner_name": "b", "account_id": account })),
        (
            "/connect_sessions",
            json!({ "origin_owner_id": "a", "origin_owner_name": "b", "integration_id": integration }),
        ),
        ("/connect_sessions/authenticate", json!({ "token": token })),
    ] {
        let answer = stranger.post(path, &body);
        assert_eq!(answer.status, 404, "{path}: {answer}");
    }
    assert_eq!(server.hub(&token).get("/hub/settings").status, 200, "the session has not ended");
    let filtered = stranger.get(&format!("/actions?filter[account_ids]={account}"));
    assert_eq!(filtered.status, 404, "{filtered}");
    let ours = server.api().get(&format!("/accounts/{account}"));
    assert_eq!((ours.status, ours.json()["label"].clone()), (200, json!(null)));
}

#[test]
fn a_missing_api_scope_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let project = offline(&data_dir, &["project", "create", "Ours"]);
    let execute =
        offline(&data_dir, &["api-key", "create", "--project", &project, "--name", "x", "--scopes", "actions:execute"]);
    let read =
        offline(&data_dir, &["api-key", "create", "--project", &project, "--name", "r", "--scopes", "platform:read"]);
    let provider = Provider::start();
    let server = Server::start_in(&data_dir, &provider, &[]);
    for (key, method, path, scope) in [
        (&execute, "GET", "/accounts", "platform:read"),
        (&execute, "GET", "/auth_configs", "platform:read"),
        (&execute, "GET", "/actions", "connectors:read"),
        (&read, "POST", "/connect_sessions", "platform:write"),
        (&read, "POST", "/auth_configs", "platform:write"),
        (&read, "POST", "/actions/rpc", "actions:execute"),
        (&read, "POST", "/unified/proxy", "actions:execute"),
        (&read, "GET", "/connectors", "connectors:read"),
        (&read, "GET", "/connectors/spotdraft", "connectors:read"),
        (&read, "GET", "/connectors/spotdraft/versions/latest", "connectors:read"),
        (&read, "POST", "/connectors", "connectors:write"),
        (&read, "POST", "/connectors/reload", "connectors:write"),
        (&execute, "DELETE", "/connectors/spotdraft/versions/1.0.0", "connectors:write"),
    ] {
        let body = (method == "POST").then(|| {
            json!({ "origin_owner_id": "a", "origin_owner_name": "b", "connector_key": "spotdraft", "action": "spotdraft_list_users", "path": "/x" })
        });
        let body = body.map(|body: Value| {
            if path == "/connectors" {
                return json!({ "files": [] }).to_string();
            }
            let mut body = body;
            let keep: &[&str] = match path {
                "/connect_sessions" => &["origin_owner_id", "origin_owner_name"],
                "/auth_configs" => &["connector_key"],
                "/actions/rpc" => &["action"],
                _ => &["path"],
            };
            body.as_object_mut().unwrap().retain(|key, _| keep.contains(&key.as_str()));
            body.to_string()
        });
        let answer = server.with_key(key).header("x-account-id", "x").send(method, path, body);
        assert_eq!(answer.status, 403, "{path}: {answer}");
        assert!(answer.body.contains(scope), "{path}: {answer}");
    }
}

//! `Idempotency-Key`: a request that is sent twice with one key runs once.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_simulator::Gate;
use serde_json::{Value, json};

use crate::support::{ApiResponse, Client, FixtureProvider, LinkedServer, Server, canary, link_body};

const BASE_URL: &str = "https://api.writer.example.com";

#[derive(Clone, Default)]
struct Ledger {
    seen: Arc<Mutex<Vec<String>>>,
    /// The status of the next responses, by path.
    planned: Arc<Mutex<BTreeMap<String, u16>>>,
    gates: Arc<Mutex<BTreeMap<String, Gate>>>,
}

impl Ledger {
    fn plan(&self, path: &str, status: u16) {
        self.planned.lock().unwrap().insert(path.to_owned(), status);
    }

    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// Makes requests of a path wait.
    fn hold(&self, path: &str) -> Gate {
        let gate = Gate::default();
        self.gates.lock().unwrap().insert(path.to_owned(), gate.clone());
        gate
    }
}

async fn respond(State(ledger): State<Ledger>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    ledger.seen.lock().unwrap().push(format!("{} {path}", request.method()));
    let count = ledger.seen.lock().unwrap().len();
    let gate = ledger.gates.lock().unwrap().get(&path).cloned();
    if let Some(gate) = gate {
        gate.pass().await;
    }
    let status = ledger.planned.lock().unwrap().get(&path).copied().unwrap_or(200);
    let body = if path == "/large" { "x".repeat(1_100_000) } else { count.to_string() };
    (StatusCode::from_u16(status).unwrap(), Json(json!({ "count": body }))).into_response()
}

/// A server with a linked account of the connector.
struct Bed {
    ledger: Ledger,
    provider: FixtureProvider,
    data: tempfile::TempDir,
    server: Server,
    account: String,
    profile: String,
}

impl Bed {
    fn start() -> Self {
        let ledger = Ledger::default();
        let provider = FixtureProvider::start("writer", Router::new().fallback(respond).with_state(ledger.clone()));
        let data = tempfile::tempdir().unwrap();
        let server = provider.server_in(&data.path().join("data"), &[(BASE_URL, "")], &[]);
        let profile = json!({ "connector_key": "writer", "default": true });
        let profile = server.api().post("/auth_configs", &profile).text("/id");
        let token = server.session(json!({ "provider": "writer" }));
        let link = json!({ "integration_id": profile, "credentials": { "key": canary::CLIENT_SECRET } });
        let linked = server.hub(&token).post("/hub/accounts", &link);
        assert_eq!(linked.status, 200, "{linked}");
        let account = linked.text("/id");
        ledger.seen();
        Self { ledger, provider, data, server, account, profile }
    }

    fn with_key(&self, key: &str) -> Client {
        self.server.api().header("x-account-id", &self.account).header("idempotency-key", key)
    }

    fn run(&self, key: &str, action: &str) -> ApiResponse {
        self.with_key(key).post("/actions/rpc", &action_body(action))
    }

    /// Sends a request and disconnects without reading the response.
    fn send_and_leave(&self, key: &str, action: &str) {
        let mut stream = TcpStream::connect(self.server.base.strip_prefix("http://").unwrap()).unwrap();
        let body = action_body(action).to_string();
        let credentials = STANDARD.encode(format!("{}:", canary::API_KEY));
        write!(
            stream,
            "POST /actions/rpc HTTP/1.1\r\nhost: x\r\nauthorization: Basic {credentials}\r\nx-account-id: {}\r\n\
             idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.account,
            body.len()
        )
        .unwrap();
        self.arrived(action);
    }

    /// Waits until the provider has received a request.
    fn arrived(&self, what: &str) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
        while self.ledger.seen.lock().unwrap().is_empty() {
            assert!(std::time::Instant::now() < deadline, "{what} did not reach the provider");
            std::thread::yield_now();
        }
    }

    fn restart(&mut self, kill: bool) {
        if kill {
            self.server.kill();
        } else {
            assert_eq!(self.server.terminate(), Some(0));
        }
        self.server = self.provider.server_in(&self.data.path().join("data"), &[(BASE_URL, "")], &[]);
    }
}

fn action_body(action: &str) -> Value {
    json!({ "action": format!("writer_{action}") })
}

fn is_replayed(answer: &ApiResponse) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

/// Checks that the second response is the first one, sent again.
fn assert_replayed(first: &ApiResponse, second: &ApiResponse) {
    assert!(!is_replayed(first), "{first}");
    assert!(is_replayed(second), "{second}");
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(first.header("content-type"), second.header("content-type"));
    for name in ["cache-control", "x-ignored-fields"] {
        assert_eq!(first.header(name), second.header(name));
    }
}

#[test]
fn every_post_operation_takes_a_key_or_needs_none() {
    let document = Server::start(&crate::support::Provider::start(), &[]).anonymous().get("/openapi.json").json();
    let (mut with, mut without) = (BTreeSet::new(), BTreeSet::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(operation) = methods.get("post") else { continue };
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let documented = parameters.iter().any(|parameter| parameter["name"] == "idempotency-key");
        if documented {
            with.insert(path.as_str())
        } else {
            without.insert(path.as_str())
        };
        if documented {
            for status in ["409", "422"] {
                assert!(operation["responses"].get(status).is_some(), "{path} {status}");
            }
        }
    }
    let none = [
        "/actions/build",
        "/actions/search",
        "/auth/login",
        "/auth/logout",
        "/connect_sessions/authenticate",
        "/logs",
        "/logs/actions",
        "/logs/export",
        "/logs/provider",
        "/logs/stats/aggregate",
        "/logs/stats/dimensions",
        "/logs/steps",
        "/logs/unified",
    ];
    assert_eq!(without, BTreeSet::from(none), "a POST that changes nothing is listed in WITHOUT_KEY");
    for path in ["/connect_sessions", "/hub/accounts", "/actions/rpc", "/unified/proxy", "/api_keys", "/connectors"] {
        assert!(with.contains(path), "{path}");
    }
}

#[test]
fn a_repeated_request_gets_the_first_response() {
    let linked = LinkedServer::new();
    let (server, api) = (&linked.server, linked.api());
    let hub = server.hub(&server.session(json!({ "multiple": true, "origin_owner_id": "many" })));
    let comment = json!({ "method": "post", "path": "/contracts/8/comments/", "body": { "comment": "Hello" } });
    for (client, path, body, status) in [
        (&api, "/connect_sessions", json!({ "origin_owner_id": "a", "origin_owner_name": "A" }), 201),
        (&api, "/connect_sessions", json!({ "origin_owner_id": "a", "origin_owner_name": "A", "later_field": 1 }), 201),
        (&api, "/api_keys", json!({ "name": "ci" }), 201),
        (&api, "/auth_configs", json!({ "connector_key": "spotdraft", "name": "Second" }), 201),
        (&api, "/accounts/revoke", json!({ "connector": "spotdraft", "dry_run": true }), 200),
        (&api, "/actions/rpc", json!({ "action": "spotdraft_list_contract_types" }), 200),
        (&api, "/unified/proxy", comment, 200),
        (&hub, "/hub/accounts", link_body(&linked.integration), 200),
        (&hub, "/hub/connection_attempts", json!({ "token": "x" }), 201),
    ] {
        linked.provider.forget_requests();
        let keyed = client.clone().header("idempotency-key", &format!("key of {path} {}", body.to_string().len()));
        let first = keyed.post(path, &body);
        assert_eq!(first.status, status, "{path}: {first}");
        let sent = linked.provider.requests().len();
        assert_replayed(&first, &keyed.post(path, &body));
        assert_eq!(linked.provider.requests().len(), sent, "{path}");
        // Another body, and the same body without the key.
        let mut other = body.clone();
        other["new_field"] = json!(1);
        let reused = keyed.post(path, &other);
        assert_eq!((reused.status, reused.code()), (422, "IdempotencyKeyReusedError".to_owned()), "{path}");
        let again = client.post(path, &body);
        assert!(!is_replayed(&again), "{path}: {again}");
    }
    // Each of two requests without a key created an object, and the two with a key created one.
    let keys = api.get("/api_keys").json();
    assert_eq!(keys["data"].as_array().unwrap().iter().filter(|key| key["name"] == "ci").count(), 2);
    assert_eq!(api.get("/accounts?origin_owner_id=many").json().as_array().unwrap().len(), 2);
}

#[test]
fn a_key_belongs_to_one_request_of_one_caller() {
    let bed = Bed::start();
    let first = bed.run("key", "write");
    assert_eq!(first.status, 200, "{first}");
    // The quoted form of the draft is the same key.
    assert_replayed(&first, &bed.run("\"key\"", "write"));
    let keyed = bed.with_key("key");
    for other in [
        keyed.post("/actions/rpc", &action_body("read")),
        keyed.post("/actions/rpc?debug=true", &action_body("write")),
        keyed.post("/unified/proxy", &action_body("write")),
        keyed.clone().header("x-account-id", "another").post("/actions/rpc", &action_body("write")),
        keyed.clone().header("x-connector-profile-id", &bed.profile).post("/actions/rpc", &action_body("write")),
        keyed.send("POST", "/actions/rpc", Some(format!("{} ", action_body("write")))),
    ] {
        assert_eq!((other.status, other.code()), (422, "IdempotencyKeyReusedError".to_owned()), "{other}");
    }
    assert_eq!(bed.ledger.seen(), ["POST /write"]);
    // Another API key of the project.
    let second = bed.server.api().post("/api_keys", &json!({ "name": "second" })).text("/key");
    let other = bed.server.with_key(&second).header("x-account-id", &bed.account).header("idempotency-key", "key");
    let answer = other.post("/actions/rpc", &action_body("write"));
    assert!(answer.status == 200 && !is_replayed(&answer), "{answer}");
    // A caller without a valid key gets nothing.
    let stranger = bed.server.with_key("v1.local.unknown").header("x-account-id", &bed.account);
    let answer = stranger.header("idempotency-key", "key").post("/actions/rpc", &action_body("write"));
    assert_eq!(answer.status, 401, "{answer}");
    // Methods that are idempotent by themselves ignore the header.
    for _ in 0..2 {
        let read = bed.server.api().header("idempotency-key", "key").get("/accounts");
        assert!(read.status == 200 && !is_replayed(&read), "{read}");
    }
}

#[test]
fn a_wrong_key_runs_nothing() {
    let bed = Bed::start();
    let long = "x".repeat(256);
    for wrong in ["\"\"", long.as_str(), "tab\tin", "schl\u{fc}ssel"] {
        let answer = bed.run(wrong, "write");
        assert_eq!((answer.status, answer.code()), (400, "ValidationError".to_owned()), "{wrong}: {answer}");
        assert_eq!(answer.json()["problems"][0]["path"], "headers.idempotency-key", "{answer}");
    }
    let hub = bed.server.hub(&bed.server.session(json!({}))).header("idempotency-key", &long);
    let answer = hub.post("/hub/accounts", &json!({}));
    assert_eq!((answer.status, answer.code()), (400, "ValidationError".to_owned()), "{answer}");
    assert!(bed.ledger.seen().is_empty());
    assert_eq!(bed.run(&"x".repeat(255), "write").status, 200);
}

#[test]
fn a_running_request_is_not_repeated_and_completes_without_its_client() {
    let bed = Bed::start();
    let gate = bed.ledger.hold("/write");
    bed.send_and_leave("key", "write");
    let running = bed.run("key", "write");
    assert_eq!((running.status, running.code()), (409, "IdempotencyKeyRunningError".to_owned()), "{running}");
    assert_eq!(running.header("retry-after"), Some("1"));
    assert_eq!(bed.run("key", "read").code(), "IdempotencyKeyReusedError");
    gate.open();
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let answer = loop {
        let answer = bed.run("key", "write");
        if answer.status != 409 {
            break answer;
        }
        assert!(std::time::Instant::now() < deadline, "{answer}");
    };
    assert!(answer.status == 200 && is_replayed(&answer), "{answer}");
    assert_eq!(bed.ledger.seen(), ["POST /write"]);
}

#[test]
fn responses_survive_a_restart() {
    let mut bed = Bed::start();
    let first = bed.run("key", "write");
    bed.restart(false);
    assert_replayed(&first, &bed.run("key", "write"));
    bed.restart(true);
    assert_replayed(&first, &bed.run("key", "write"));
    assert_eq!(bed.ledger.seen(), ["POST /write"]);
}

#[test]
fn a_request_that_a_crash_interrupted_is_not_repeated() {
    let mut bed = Bed::start();
    let _gate = bed.ledger.hold("/write");
    bed.send_and_leave("key", "write");
    bed.restart(true);
    for _ in 0..2 {
        let answer = bed.run("key", "write");
        assert_eq!((answer.status, answer.code()), (409, "IdempotencyOutcomeUnknownError".to_owned()), "{answer}");
        assert!(answer.header("retry-after").is_none());
    }
    assert_eq!(bed.run("key", "read").code(), "IdempotencyKeyReusedError");
    assert_eq!(bed.ledger.seen(), ["POST /write"], "it was not repeated");
}

#[test]
fn an_error_is_kept_if_the_request_may_have_had_an_effect() {
    let bed = Bed::start();
    let kept = |key: &str, action: &str, path: &str, status: u16| {
        bed.ledger.plan(path, status);
        let first = bed.run(key, action);
        assert!(first.status >= 400, "{first}");
        bed.ledger.seen();
        bed.ledger.plan(path, 200);
        let second = bed.run(key, action);
        let is_kept = is_replayed(&second);
        assert_eq!(is_kept, bed.ledger.seen().is_empty(), "{second}");
        assert_eq!(second.status, if is_kept { first.status } else { 200 }, "{second}");
        is_kept
    };
    // The provider failed: the write may have taken effect.
    assert!(kept("a", "write", "/write", 500));
    assert!(kept("b", "write", "/write", 504));
    // The provider rejected the only write.
    for status in [400, 401, 403, 404, 409, 422] {
        assert!(!kept(&format!("c{status}"), "write", "/write", status), "{status}");
    }
    // The first write took effect.
    assert!(kept("d", "write_twice", "/second", 422));
    // Reads have no effect, by their method or by declaration.
    assert!(!kept("e", "read", "/read", 500));
    assert!(!kept("f", "search", "/search", 500));
    // A request that is not valid runs when it is corrected.
    assert_eq!(bed.run("g", "wriet").status, 404);
    assert_eq!(bed.run("g", "write").status, 200);
}

#[test]
fn a_large_response_is_sent_once_and_not_repeated() {
    let bed = Bed::start();
    let body = json!({ "method": "post", "path": "/large" });
    let first = bed.with_key("key").post("/unified/proxy", &body);
    assert!(first.status == 200 && first.body.len() > 1_100_000);
    let second = bed.with_key("key").post("/unified/proxy", &body);
    assert_eq!((second.status, second.code()), (409, "IdempotencyNotKeptError".to_owned()), "{second}");
    assert!(second.body.contains("status 200"), "{second}");
    assert_eq!(bed.ledger.seen(), ["POST /large"]);
    let strict = bed.with_key("strict").header("prefer", "handling=strict, heartbeat");
    let session = json!({ "origin_owner_id": "a", "origin_owner_name": "A", "later_field": 1 });
    assert_eq!(strict.post("/connect_sessions", &session).status, 400);
    // A response that would begin before it is known is sent at its end.
    let small = json!({ "method": "post", "path": "/small" });
    let heartbeat = bed.with_key("heartbeat").header("prefer", "heartbeat");
    let first = heartbeat.post("/unified/proxy", &small);
    assert_eq!(first.header("preference-applied"), None);
    assert_replayed(&first, &heartbeat.post("/unified/proxy", &small));
}

#[test]
fn browsers_of_the_hub_can_send_a_key() {
    let server = Server::start(&crate::support::Provider::start(), &[]);
    let mut stream = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).unwrap();
    write!(
        stream,
        "OPTIONS /hub/accounts HTTP/1.1\r\nhost: x\r\norigin: https://app.example.com\r\n\
         access-control-request-method: POST\r\naccess-control-request-headers: idempotency-key\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let allowed = answer.lines().find(|line| line.starts_with("access-control-allow-headers")).unwrap_or_default();
    assert!(allowed.contains("idempotency-key"), "{answer}");
}

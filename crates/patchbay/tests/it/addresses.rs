//! Secrets stay where they were proven, through the real server: each road on which an address can change, MCP servers and
//! the database itself.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::Request, response::IntoResponse as _};
use patchbay_model::testing::{ManualClock, SeededEntropy};
use patchbay_simulator::{McpRules, McpServer, OAuthRules, OAuthServer};
use serde_json::{Value, json};
use url::Url;

use crate::support::{ApiResponse, Client, FixtureProvider, Server, canary, database::sql};

const A: &str = "https://a.example.com";
const B: &str = "https://b.example.com";
/// The secret of the accounts; the profile's secret is [`canary::CLIENT_SECRET`].
const KEY: &str = "typed-key-91f0";

/// The paths of the requests that a server received.
type Seen = Arc<Mutex<Vec<String>>>;

/// Returns a router that answers everything and records what it was asked.
fn recording(seen: &Seen) -> Router {
    let seen = seen.clone();
    Router::new().fallback(move |request: Request| async move {
        seen.lock().unwrap().push(format!("{} {:?}", request.uri().path(), request.headers()));
        Json(json!({ "ok": true })).into_response()
    })
}

/// A server with the fixture `self_hosted`: requests for [`A`] and [`B`] go to the paths `/a` and `/b` of one provider.
struct Bed {
    seen: Seen,
    fixture: FixtureProvider,
    server: Server,
}

const UPSTREAMS: [(&str, &str); 2] = [(A, "/a"), (B, "/b")];

impl Bed {
    fn start_in(data_dir: &std::path::Path) -> Self {
        let seen = Seen::default();
        let fixture = FixtureProvider::start("self_hosted", recording(&seen));
        let server = fixture.server_in(data_dir, &UPSTREAMS, &[]);
        Self { seen, fixture, server }
    }

    /// Stops the server, changes the database, and starts it again.
    fn change(&mut self, statements: &str) {
        let data_dir = self.server.data_dir.clone();
        self.server.terminate();
        sql(&data_dir, statements);
        self.server = self.fixture.server_in(&data_dir, &UPSTREAMS, &[]);
    }

    fn profile(&self, method: &str, setup: &Value) -> String {
        let body =
            json!({ "connector_key": "self_hosted", "authentication_config_key": method, "setup_information": setup });
        let answer = self.server.api().post("/auth_configs", &body);
        assert_eq!(answer.status, 201, "{answer}");
        answer.text("/id")
    }

    /// Links an account, and returns its session's client and its id.
    fn link(&self, profile: &str, credentials: &Value) -> (Client, String) {
        let token = self.server.session(json!({ "provider": "self_hosted", "multiple": true }));
        let hub = self.server.hub(&token);
        let linked = hub.post("/hub/accounts", &json!({ "integration_id": profile, "credentials": credentials }));
        assert_eq!(linked.status, 200, "{linked}");
        (hub, linked.text("/id"))
    }

    fn run(&self, account: &str) -> ApiResponse {
        let body = json!({ "action": "self_hosted_whoami" });
        self.server.api().header("x-account-id", account).post("/actions/rpc", &body)
    }

    /// Checks that B received nothing.
    fn assert_nothing_at_b(&self) {
        let seen = self.seen.lock().unwrap();
        let at_b = seen.iter().filter(|request| request.starts_with("/b")).collect::<Vec<_>>();
        assert!(at_b.is_empty(), "{at_b:?}");
    }

    /// Checks that a change was rejected because these secrets must be entered again.
    fn assert_asks_for(&self, answer: &ApiResponse, fields: &[&str]) {
        assert_eq!((answer.status, answer.code()), (400, "ValidationError".to_owned()), "{answer}");
        for field in fields {
            assert!(answer.body.contains(&format!(".{field}\"")), "{field}: {answer}");
        }
        assert!(answer.body.contains("again: "), "{answer}");
        self.assert_nothing_at_b();
    }
}

#[test]
fn every_road_to_another_address_asks_for_the_secrets_again() {
    let directory = tempfile::tempdir().unwrap();
    let bed = Bed::start_in(&directory.path().join("data"));
    let api = bed.server.api();

    // The customer, in the Hub.
    let own = bed.profile("key", &json!({}));
    let (hub, account) = bed.link(&own, &json!({ "site": A, "key": KEY, "pin": "typed-pin-1" }));
    let path = format!("/hub/accounts/{account}");
    for typed in [
        json!({ "site": B }),
        json!({ "site": B, "key": "__secretvalue:**redacted**", "pin": "__secretvalue:**redacted**" }),
        json!({ "site": "http://a.example.com" }),
        json!({ "site": format!("{A}:8443") }),
        json!({ "site": format!("{A}@b.example.com") }),
    ] {
        bed.assert_asks_for(&hub.patch(&path, &json!({ "credentials": typed })), &["key", "pin"]);
    }
    // A developer, with the API.
    let path = format!("/accounts/{account}");
    bed.assert_asks_for(&api.patch(&path, &json!({ "credentials": { "site": B } })), &["key", "pin"]);
    assert_eq!(bed.run(&account).status, 200);

    // The profile.
    let host = |host: &str| json!({ "host": host, "appSecret": canary::CLIENT_SECRET });
    let (first, other) = (bed.profile("app", &host(A)), bed.profile("app", &host(B)));
    let (_, of_app) = bed.link(&first, &json!({ "key": KEY }));
    let change = api.patch(&format!("/auth_configs/{first}"), &json!({ "setup_information": { "host": B } }));
    bed.assert_asks_for(&change, &["appSecret"]);
    // Another profile for the account.
    let change = api.patch(&format!("/accounts/{of_app}"), &json!({ "integration_id": other }));
    bed.assert_asks_for(&change, &["key"]);
    // Another profile for one call.
    let run = api.clone().header("x-account-id", &of_app).header("x-connector-profile-id", &other);
    let run = run.post("/actions/rpc", &json!({ "action": "self_hosted_whoami" }));
    assert_eq!((run.status, run.code()), (412, "AddressChangedError".to_owned()), "{run}");
    bed.assert_nothing_at_b();

    // With the secrets, the address can change.
    let typed = json!({ "site": B, "key": "typed-key-2", "pin": "typed-pin-2" });
    let changed = api.patch(&path, &json!({ "credentials": typed }));
    assert_eq!(changed.status, 200, "{changed}");
    assert_eq!(bed.run(&account).status, 200);
    let seen = bed.seen.lock().unwrap();
    let at_b = seen.iter().filter(|request| request.starts_with("/b")).collect::<Vec<_>>();
    assert!(!at_b.is_empty() && at_b.iter().all(|request| !request.contains(KEY)), "{at_b:?}");
}

#[test]
fn an_address_that_was_changed_in_the_database_receives_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let mut bed = Bed::start_in(&directory.path().join("data"));
    let own = bed.profile("key", &json!({}));
    let (_, account) = bed.link(&own, &json!({ "site": A, "key": KEY }));
    let app = bed.profile("app", &json!({ "host": A, "appSecret": canary::CLIENT_SECRET }));
    let (_, of_app) = bed.link(&app, &json!({ "key": KEY }));
    bed.change(&format!(
        "UPDATE accounts SET setup_information = replace(setup_information, '{A}', '{B}'); \
         UPDATE profiles SET setup_information = replace(setup_information, '{A}', '{B}');"
    ));
    for account in [&account, &of_app] {
        let run = bed.run(account);
        assert_eq!((run.status, run.code()), (412, "AddressChangedError".to_owned()), "{run}");
        let raw = json!({ "url": "/whoami", "method": "GET" });
        let raw = bed.server.api().header("x-account-id", account).post("/unified/proxy", &raw);
        assert!(raw.status >= 400, "{raw}");
    }
    bed.assert_nothing_at_b();
}

#[test]
fn another_authentication_method_in_the_database_receives_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let mut bed = Bed::start_in(&directory.path().join("data"));
    // The method `app` has no field `site`: its accounts' secrets are bound to the profile's `host`.
    let own = bed.profile("key", &json!({}));
    let app = bed.profile("app", &json!({ "host": A, "appSecret": canary::CLIENT_SECRET }));
    let (_, of_app) = bed.link(&app, &json!({ "key": KEY }));
    bed.change(&format!(
        "UPDATE accounts SET profile_id = '{own}', auth_config_key = 'key', setup_information = \
         '{{\"site\":\"{B}\",\"host\":\"{A}\"}}' WHERE id = '{of_app}';"
    ));
    let run = bed.run(&of_app);
    assert_eq!((run.status, run.code()), (412, "AddressChangedError".to_owned()), "{run}");
    bed.assert_nothing_at_b();
}

/// An MCP server at [`A`], and a server at [`B`] that records what it is asked.
struct McpBed {
    b: Seen,
    fixture: FixtureProvider,
    server: Server,
}

impl McpBed {
    /// Starts the servers; that at A needs a token of its authorization server, or accepts everybody.
    fn start(needs_token: bool) -> Self {
        let clock = Arc::new(ManualClock::at("2026-06-01T09:00:00Z"));
        let rules = OAuthRules {
            clients: Vec::new(),
            public_url: Some(A.to_owned()),
            issuer: Some(A.to_owned()),
            resource: Some(format!("{A}/mcp")),
            ..OAuthRules::default()
        };
        let oauth = OAuthServer::new(clock, Arc::new(SeededEntropy::new(7)), rules);
        let rules = McpRules { public_url: Some(A.to_owned()), ..McpRules::default() };
        let mcp = McpServer::new(rules, needs_token.then(|| oauth.clone()));
        let b = Seen::default();
        let router = oauth.router().merge(mcp.router()).nest("/b", recording(&b));
        let fixture = FixtureProvider::start("mcp_site", router);
        let server = fixture.server(&[(A, ""), (B, "/b")], &[]);
        Self { b, fixture, server }
    }

    fn profile(&self, method: &str) -> String {
        let body = json!({ "connector_key": "mcp_site", "authentication_config_key": method });
        let answer = self.server.api().post("/auth_configs", &body);
        assert_eq!(answer.status, 201, "{answer}");
        answer.text("/id")
    }

    fn run(&self, account: &str) -> ApiResponse {
        let body = json!({ "action": "mcp_site_list_issues" });
        self.server.api().header("x-account-id", account).post("/actions/rpc", &body)
    }

    /// Authorizes an account at the server of A.
    fn authorize(&self, profile: &str) -> String {
        let token = self.server.session(json!({ "provider": "mcp_site", "multiple": true }));
        let hub = self.server.hub(&token);
        let body = json!({ "integration_id": profile, "credentials": { "server": format!("{A}/mcp") } });
        let attempt = hub.post("/hub/connection_attempts", &body);
        assert!(attempt.status < 300, "{attempt}");
        let begun = self.server.anonymous().get(&attempt.text("/url"));
        let cookie =
            begun.header("set-cookie").unwrap_or_else(|| panic!("{begun}")).split(';').next().unwrap().to_owned();
        let location = Url::parse(begun.header("location").unwrap_or_else(|| panic!("{begun}"))).unwrap();
        let page = Client::new(&self.fixture.address).get(&format!("/authorize?{}", location.query().unwrap()));
        let back = Url::parse(page.header("location").unwrap_or_else(|| panic!("{page}"))).unwrap();
        let callback = format!("{}?{}", back.path(), back.query().unwrap());
        let end = self.server.anonymous().header("cookie", &cookie).get(&callback);
        assert_eq!(end.status, 303, "{end}");
        let ended = hub.get(&format!("/hub/connection_attempts/{}", attempt.text("/id"))).json();
        ended["account"]["id"].as_str().unwrap_or_else(|| panic!("{ended}")).to_owned()
    }

    /// Checks that B received no credential.
    fn assert_no_credential_at_b(&self) {
        let seen = self.b.lock().unwrap();
        assert!(seen.iter().all(|request| !request.contains("authorization")), "{seen:?}");
    }
}

#[test]
fn a_token_of_an_mcp_server_is_not_sent_to_another_one() {
    let bed = McpBed::start(true);
    let account = bed.authorize(&bed.profile("sign_in"));
    let run = bed.run(&account);
    assert_eq!(run.status, 200, "{run}");
    let moved = json!({ "credentials": { "server": format!("{B}/mcp") } });
    let change = bed.server.api().patch(&format!("/accounts/{account}"), &moved);
    assert!(change.status >= 400, "nothing of the token is left for the new server: {change}");
    let run = bed.run(&account);
    assert_eq!(run.status, 200, "a rejected change changes nothing: {run}");
    bed.assert_no_credential_at_b();
}

#[test]
fn a_typed_token_of_an_mcp_server_is_entered_again_for_another_one() {
    let bed = McpBed::start(false);
    let profile = bed.profile("token");
    let token = bed.server.session(json!({ "provider": "mcp_site", "multiple": true }));
    let hub = bed.server.hub(&token);
    let credentials = json!({ "server": format!("{A}/mcp"), "apiKey": KEY });
    let linked = hub.post("/hub/accounts", &json!({ "integration_id": profile, "credentials": credentials }));
    assert_eq!(linked.status, 200, "{linked}");
    let account = linked.text("/id");
    let moved = json!({ "credentials": { "server": format!("{B}/mcp") } });
    for answer in [
        hub.patch(&format!("/hub/accounts/{account}"), &moved),
        bed.server.api().patch(&format!("/accounts/{account}"), &moved),
    ] {
        assert_eq!((answer.status, answer.code()), (400, "ValidationError".to_owned()), "{answer}");
        assert!(answer.body.contains("enter Token again: Server has changed"), "{answer}");
    }
    assert_eq!(bed.run(&account).status, 200);
    assert!(bed.b.lock().unwrap().is_empty());
}

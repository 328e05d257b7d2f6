//! Signing in at MCP servers through the real server: discovery, registration, tokens for one resource, and strangers
//! that lie in their documents.

use std::sync::Arc;

use patchbay_model::testing::{ManualClock, SeededEntropy};
use patchbay_simulator::{Fault, Matching, McpRules, McpServer, MetadataAt, OAuthRules, OAuthServer, Planned};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::support::{Answer, Client, Server, Stand, canary};

const BASE: &str = "https://quay.example.com";

/// An MCP server with an authorization server in front, and the product's server.
struct Quay {
    oauth: OAuthServer,
    mcp: McpServer,
    server: Server,
    stand: Stand,
}

impl Quay {
    fn start(arguments: &[&str]) -> Self {
        let clock = Arc::new(ManualClock::at("2026-06-01T09:00:00Z"));
        let rules = OAuthRules {
            clients: Vec::new(),
            public_url: Some(BASE.to_owned()),
            issuer: Some(BASE.to_owned()),
            resource: Some(format!("{BASE}/mcp")),
            registered_secret: Some(canary::CLIENT_SECRET.to_owned()),
            ..OAuthRules::default()
        };
        let oauth = OAuthServer::new(clock, Arc::new(SeededEntropy::new(7)), rules);
        let rules = McpRules { public_url: Some(BASE.to_owned()), ..McpRules::default() };
        let mcp = McpServer::new(rules, Some(oauth.clone()));
        let router = oauth.router().merge(mcp.router());
        let stand = Stand::start("quay", router);
        let server = stand.server(&[(BASE, "")], arguments);
        Self { oauth, mcp, server, stand }
    }

    fn profile(&self, method: &str, setup: &Value) -> String {
        let body = json!({ "connector_key": "quay", "authentication_config_key": method, "setup_information": setup });
        let answer = self.server.api().post("/auth_configs", &body);
        assert_eq!(answer.status, 201, "{answer}");
        answer.text("/id")
    }

    fn begin(&self, profile: &str) -> Begun {
        self.begin_in(profile, json!({ "provider": "quay", "multiple": true }))
    }

    fn begin_in(&self, profile: &str, session: Value) -> Begun {
        let token = self.server.session(session);
        let attempt = self.server.hub(&token).post("/hub/connection_attempts", &json!({ "token": token })).text("/id");
        let path = format!("/connect/oauth2/{profile}?token={token}&connection_attempt_id={attempt}");
        let answer = self.server.anonymous().get(&path);
        let cookie = answer.header("set-cookie").unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
        Begun { token, attempt, cookie, answer }
    }

    /// Where the provider sends the browser back to; its path and query.
    fn visit(&self, begun: &Begun) -> String {
        let location = begun.location();
        let page = Client::new(&self.stand.address).get(&format!("/authorize?{}", location.query().unwrap()));
        let back = Url::parse(page.header("location").unwrap_or_else(|| panic!("{page}"))).unwrap();
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    fn finish(&self, back: &str, begun: &Begun) -> Answer {
        self.server.anonymous().header("cookie", &begun.cookie).get(back)
    }

    fn attempt(&self, begun: &Begun) -> Value {
        self.server.hub(&begun.token).get(&format!("/hub/connection_attempts/{}", begun.attempt)).json()
    }

    /// A whole sign-in; the account.
    fn sign_in(&self, profile: &str) -> String {
        let begun = self.begin(profile);
        let back = self.visit(&begun);
        let end = self.finish(&back, &begun);
        assert_eq!(end.status, 303, "{end}");
        self.attempt(&begun)["account"]["id"].as_str().unwrap().to_owned()
    }

    /// Why a sign-in does not even begin.
    fn refusal(&self, profile: &str) -> (String, String) {
        let begun = self.begin(profile);
        assert_eq!(begun.answer.header("location"), None, "nobody is sent anywhere: {}", begun.answer);
        let error = self.attempt(&begun)["error"].clone();
        let text = |key: &str| error[key].as_str().unwrap_or_else(|| panic!("{error}")).to_owned();
        (text("code"), text("description"))
    }

    fn issue(&self, account: &str) -> Answer {
        let body = json!({ "action": "quay_get_issue", "path": { "id": "Q-1" } });
        self.server.api().header("x-account-id", account).post("/actions/rpc", &body)
    }

    fn resource_says(&self, changes: Value) {
        self.mcp.change(|rules| rules.resource_metadata = map(changes));
    }

    fn server_says(&self, changes: Value) {
        self.oauth.change(|rules| rules.metadata = map(changes));
    }
}

struct Begun {
    token: String,
    attempt: String,
    cookie: String,
    answer: Answer,
}

impl Begun {
    fn location(&self) -> Url {
        Url::parse(self.answer.header("location").unwrap_or_else(|| panic!("{}", self.answer))).unwrap()
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let location = self.location();
        location.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other}"),
    }
}

#[test]
fn a_customer_signs_in_calls_and_the_token_is_renewed() {
    let quay = Quay::start(&[]);
    let profile = quay.profile("sign_in", &json!({}));
    let begun = quay.begin(&profile);
    let location = begun.location();
    assert_eq!((location.origin().ascii_serialization().as_str(), location.path()), (BASE, "/authorize"));
    for (name, wanted) in [
        ("response_type", "code"),
        ("code_challenge_method", "S256"),
        ("resource", "https://quay.example.com/mcp"),
        ("scope", "issues:read"),
    ] {
        assert_eq!(begun.parameter(name).as_deref(), Some(wanted), "{location}");
    }
    let end = quay.finish(&quay.visit(&begun), &begun);
    assert_eq!(end.status, 303, "{end}");
    let account = quay.attempt(&begun)["account"]["id"].as_str().unwrap().to_owned();
    assert_eq!(quay.issue(&account).json()["data"]["title"], "Mend the crane");
    quay.oauth.end_access_tokens();
    assert_eq!(quay.issue(&account).json()["data"]["title"], "Mend the crane");
    assert_eq!(quay.oauth.token_requests(), ["authorization_code", "refresh_token"]);
}

#[test]
fn a_deleted_accounts_token_is_taken_back_where_its_server_said() {
    let quay = Quay::start(&[]);
    let profile = quay.profile("sign_in", &json!({}));
    let status = |account: &str| {
        let deleted = quay.server.api().delete(&format!("/accounts/{account}"));
        assert_eq!(deleted.status, 200, "{deleted}");
        deleted.text("/revocation/status")
    };
    let account = quay.sign_in(&profile);
    // What the server says by then leads no token elsewhere.
    quay.server_says(json!({ "revocation_endpoint": "https://elsewhere.example.com/revoke" }));
    assert_eq!(quay.oauth.live_refresh_tokens().len(), 1);
    assert_eq!(status(&account), "confirmed");
    assert!(quay.oauth.live_refresh_tokens().is_empty());

    // One that named no such place cannot be asked.
    quay.server_says(json!({ "revocation_endpoint": null }));
    let account = quay.sign_in(&profile);
    assert_eq!(status(&account), "unsupported");
    assert_eq!(quay.oauth.live_refresh_tokens().len(), 1);
}

#[test]
fn one_registration_serves_a_profile_until_it_is_forgotten() {
    let quay = Quay::start(&[]);
    // With a secret, which is searched for in the log and in the database when the server ends.
    quay.oauth.change(|rules| rules.takes_public_clients = false);
    let profile = quay.profile("sign_in", &json!({}));
    let first = quay.sign_in(&profile);
    quay.sign_in(&profile);
    assert_eq!(quay.oauth.registrations(), 1);
    quay.oauth.end_access_tokens();
    assert_eq!(quay.issue(&first).status, 200);
    quay.oauth.forget_clients();
    quay.sign_in(&profile);
    assert_eq!(quay.oauth.registrations(), 2);
    // What was registered before is over for the account too: it is to be linked again.
    quay.oauth.end_access_tokens();
    let answer = quay.issue(&first);
    assert_eq!(
        (answer.status, answer.text("/errorCode").as_str()),
        (412, "AccountExpiredCredentialsError"),
        "{answer}"
    );
    // A registration that has ended, or that is of another issuer, is not used.
    quay.oauth.change(|rules| rules.registration_ends_at = 1);
    quay.oauth.forget_clients();
    quay.sign_in(&profile);
    quay.sign_in(&profile);
    assert_eq!(quay.oauth.registrations(), 4);
}

#[test]
fn a_client_is_known_by_its_own_document() {
    let quay = Quay::start(&["--public-url", "https://patchbay.example"]);
    let id = "https://patchbay.example/connect/oauth2/quay/client.json";
    let document = quay.server.anonymous().get("/connect/oauth2/quay/client.json");
    assert_eq!(document.status, 200, "{document}");
    let document = document.json();
    assert_eq!(document["client_id"], id);
    assert_eq!(document["token_endpoint_auth_method"], "none");
    assert_eq!(quay.server.anonymous().get("/connect/oauth2/spotdraft/client.json").status, 404);
    let uris = document["redirect_uris"].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap().to_owned());
    let uris = uris.collect::<Vec<_>>();
    let profile = quay.profile("by_document", &json!({}));
    // A server that reads no documents gets a registration in its place.
    assert!(quay.begin(&profile).parameter("client_id").unwrap().starts_with("client_"));
    quay.oauth.change(|rules| {
        rules.document_clients = vec![(id.to_owned(), uris)];
        rules.registers = false;
    });
    assert_eq!(quay.begin(&profile).parameter("client_id").as_deref(), Some(id));
    let account = quay.sign_in(&profile);
    quay.oauth.end_access_tokens();
    assert_eq!(quay.issue(&account).status, 200);
    assert_eq!(quay.oauth.registrations(), 1);
}

#[test]
fn without_a_public_address_there_is_no_document() {
    let quay = Quay::start(&[]);
    assert_eq!(quay.server.anonymous().get("/connect/oauth2/quay/client.json").status, 404);
    quay.oauth.change(|rules| {
        rules.document_clients = vec![("https://x.example/".to_owned(), Vec::new())];
        rules.registers = false;
    });
    let (code, why) = quay.refusal(&quay.profile("by_document", &json!({})));
    assert_eq!(code, "ClientRegistrationError");
    assert!(why.contains("publicUrl"), "{why}");
}

#[test]
fn a_client_that_the_operator_registered_comes_first() {
    let quay = Quay::start(&[]);
    quay.oauth.change(|rules| {
        rules.clients = vec![("by-hand".to_owned(), canary::CLIENT_SECRET.to_owned())];
        rules.takes_public_clients = false;
        rules.registers = false;
    });
    let setup = json!({ "clientId": "by-hand", "clientSecret": canary::CLIENT_SECRET });
    let account = quay.sign_in(&quay.profile("sign_in", &setup));
    quay.oauth.end_access_tokens();
    assert_eq!(quay.issue(&account).status, 200);
}

#[test]
fn metadata_are_found_wherever_they_may_be() {
    let quay = Quay::start(&[]);
    let profile = quay.profile("sign_in", &json!({}));
    for place in [MetadataAt::Challenge, MetadataAt::Path, MetadataAt::Root, MetadataAt::Nowhere] {
        quay.mcp.change(|rules| rules.metadata_at = place);
        let resource = if place == MetadataAt::Root { BASE.to_owned() } else { format!("{BASE}/mcp") };
        quay.oauth.change(|rules| rules.resource = Some(resource.clone()));
        assert_eq!(quay.begin(&profile).parameter("resource"), Some(resource), "{place:?}");
        quay.sign_in(&profile);
    }
    quay.oauth.change(|rules| {
        rules.has_openid_metadata_alone = true;
        rules.resource = Some(format!("{BASE}/mcp"));
    });
    quay.mcp.change(|rules| {
        rules.metadata_at = MetadataAt::Challenge;
        rules.challenged_scope = Some("issues:write".to_owned());
    });
    assert_eq!(quay.begin(&profile).parameter("scope").as_deref(), Some("issues:write"));
}

#[test]
fn a_resource_that_speaks_for_another_is_refused() {
    let quay = Quay::start(&[]);
    let profile = quay.profile("sign_in", &json!({}));
    for resource in ["https://bank.example/mcp", "https://quay.example.com/mcp/deeper", "http://quay.example.com/mcp"] {
        quay.resource_says(json!({ "resource": resource }));
        assert_eq!(quay.refusal(&profile).0, "SignInDiscoveryError", "{resource}");
    }
    quay.resource_says(json!({}));
    for place in ["https://evil.example/metadata", "http://quay.example.com/metadata", "file:///etc/passwd"] {
        quay.mcp.change(|rules| rules.challenge = Some(place.to_owned()));
        assert_eq!(quay.refusal(&profile).0, "SignInDiscoveryError", "{place}");
    }
}

#[test]
fn an_authorization_server_that_speaks_for_another_is_refused() {
    let quay = Quay::start(&[]);
    let profile = quay.profile("sign_in", &json!({}));
    for lie in [
        json!({ "issuer": "https://accounts.example" }),
        json!({ "issuer": "https://quay.example.com/" }),
        json!({ "code_challenge_methods_supported": null }),
        json!({ "code_challenge_methods_supported": ["plain"] }),
    ] {
        quay.server_says(lie.clone());
        assert_eq!(quay.refusal(&profile).0, "SignInDiscoveryError", "{lie}");
    }
}

#[test]
fn documents_lead_to_web_addresses_alone_and_into_no_private_network() {
    let quay = Quay::start(&[]);
    let profile = quay.profile("sign_in", &json!({}));
    for address in [
        "javascript:alert(document.domain)",
        "file:///etc/passwd",
        "vscode://evil/open",
        "http://quay.example.com/authorize",
        "https://user:word@quay.example.com/authorize",
        "https://127.0.0.1/authorize",
        "https://10.1.2.3/authorize",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/authorize",
        "https://localhost/authorize",
        "https://metadata.google.internal/",
    ] {
        for key in ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"] {
            quay.server_says(json!({ key: address }));
            assert_eq!(quay.refusal(&profile).0, "SignInDiscoveryError", "{key}: {address}");
        }
    }
    quay.server_says(json!({}));
    for issuer in
        ["https://192.168.0.1", "https://169.254.169.254", "gopher://quay.example.com", "https://localhost:8443"]
    {
        quay.resource_says(json!({ "authorization_servers": [issuer] }));
        let (code, why) = quay.refusal(&profile);
        assert!(["SignInDiscoveryError", "EgressRefusedError"].contains(&code.as_str()), "{issuer}: {code} {why}");
    }
}

#[test]
fn documents_are_bounded_and_stay_where_they_were_asked_for() {
    let quay = Quay::start(&[]);
    let profile = quay.profile("sign_in", &json!({}));
    let document = |fault: Fault, code: &str| {
        for path_prefix in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"] {
            let matching = Matching { path_prefix: Some(path_prefix.to_owned()), ..Matching::default() };
            let planned = Planned { matching, times: 1, fault: fault.clone() };
            if path_prefix.ends_with("resource") {
                quay.mcp.plan(planned);
            } else {
                quay.oauth.plan(planned);
            }
            assert_eq!(quay.refusal(&profile).0, code, "{path_prefix}");
        }
    };
    document(Fault::HugeBody { bytes: 4_000_000 }, "ProviderResponseTooLargeError");
    document(Fault::GzipBomb { bytes: 4_000_000 }, "ProviderResponseTooLargeError");
    document(Fault::Redirect { location: "http://169.254.169.254/x".to_owned(), status: 302 }, "EgressRefusedError");
    document(Fault::Status { status: 500, body: Value::Null, headers: Map::new() }, "ProviderError");
    // What one registers is a document of theirs as well.
    let matching = Matching { path_prefix: Some("/register".to_owned()), ..Matching::default() };
    quay.oauth.plan(Planned { matching, times: 1, fault: Fault::HugeBody { bytes: 4_000_000 } });
    assert_eq!(quay.refusal(&profile).0, "ProviderResponseTooLargeError");
}

#[test]
fn an_answer_of_another_issuer_is_not_traded() {
    let quay = Quay::start(&[]);
    let profile = quay.profile("sign_in", &json!({}));
    for issuer in [Some("https://evil.example"), Some("https://quay.example.com/"), None] {
        let begun = quay.begin(&profile);
        let back = quay.visit(&begun);
        let (path, query) = back.split_once('?').unwrap();
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "iss");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .extend_pairs(issuer.map(|issuer| ("iss", issuer)))
            .finish();
        let end = quay.finish(&format!("{path}?{query}"), &begun);
        assert_eq!(end.status, 400, "{issuer:?}: {end}");
        assert_eq!(quay.attempt(&begun)["error"]["code"], "SignInRefusedError");
    }
    assert!(!quay.oauth.token_requests().contains(&"authorization_code".to_owned()));
}

#[test]
fn a_tool_that_wants_more_scopes_is_told_and_the_next_sign_in_asks_for_them() {
    let quay = Quay::start(&[]);
    quay.mcp.change(|rules| rules.tool_scopes = vec![("create_issue".to_owned(), "issues:write".to_owned())]);
    let profile = quay.profile("sign_in", &json!({}));
    let account = quay.sign_in(&profile);
    let create = || {
        let body = json!({ "action": "quay_create_issue", "body": { "title": "Coil the ropes" } });
        quay.server.api().header("x-account-id", &account).post("/actions/rpc", &body)
    };
    let known = || quay.server.api().get(&format!("/v2/accounts/{account}")).json();
    assert_eq!(known()["missing_scopes"], json!([]));
    for _ in 0..2 {
        let answer = create();
        assert_eq!((answer.status, answer.text("/errorCode").as_str()), (412, "AccountMissingScopesError"), "{answer}");
        assert!(answer.text("/message").contains("`quay_create_issue` needs the scope `issues:write`"), "{answer}");
    }
    // Other tools go on, and what is missing shows.
    assert_eq!(quay.issue(&account).status, 200);
    assert_eq!(known()["missing_scopes"], json!(["issues:write"]));
    let page = quay.server.api().get(&format!("/actions?filter[account_ids]={account}&include=action_details")).json();
    let marked = page["data"][0]["actions"].as_array().unwrap().iter().filter(|action| action["authorized"] == false);
    assert_eq!(marked.map(|action| action["id"].as_str().unwrap()).collect::<Vec<_>>(), ["quay_create_issue"]);
    // A first sign-in asks for no more than before, the account's own for what it has and what it lacks.
    assert_eq!(quay.begin(&profile).parameter("scope").as_deref(), Some("issues:read"));
    let begun = quay.begin_in(&profile, json!({ "account_id": account }));
    assert_eq!(begun.parameter("scope").as_deref(), Some("issues:read issues:write"));
    let end = quay.finish(&quay.visit(&begun), &begun);
    assert_eq!(end.status, 303, "{end}");
    assert_eq!(create().status, 200);
    assert_eq!(known()["missing_scopes"], json!([]));
}

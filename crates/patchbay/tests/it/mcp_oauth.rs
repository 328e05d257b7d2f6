//! Authorization at MCP servers through the real server: discovery, client registration, tokens for one resource, and
//! hostile metadata.

use std::sync::Arc;

use patchbay_model::testing::{ManualClock, SeededEntropy};
use patchbay_simulator::{
    Fault, FaultFilter, McpRules, McpServer, MetadataLocation, OAuthRules, OAuthServer, PlannedFault,
};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::support::{ApiResponse, Client, FixtureProvider, Server, canary};

const BASE: &str = "https://mcp.example.com";

/// An MCP server protected by an authorization server, and Patchbay's server.
struct McpOAuthBed {
    oauth: OAuthServer,
    mcp: McpServer,
    server: Server,
    fixture: FixtureProvider,
}

impl McpOAuthBed {
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
        let fixture = FixtureProvider::start("mcp", router);
        let server = fixture.server(&[(BASE, "")], arguments);
        Self { oauth, mcp, server, fixture }
    }

    fn profile(&self, method: &str, setup: &Value) -> String {
        let body = json!({ "connector_key": "mcp", "authentication_config_key": method, "setup_information": setup });
        let answer = self.server.api().post("/auth_configs", &body);
        assert_eq!(answer.status, 201, "{answer}");
        answer.text("/id")
    }

    fn begin(&self, profile: &str) -> StartedMcpAuthorization {
        self.begin_in(profile, json!({ "provider": "mcp", "multiple": true }))
    }

    fn begin_in(&self, profile: &str, session: Value) -> StartedMcpAuthorization {
        let token = self.server.session(session);
        let attempt = self.server.hub(&token).post("/hub/connection_attempts", &json!({ "token": token })).text("/id");
        let path = format!("/connect/oauth2/{profile}?token={token}&connection_attempt_id={attempt}");
        let answer = self.server.anonymous().get(&path);
        let cookie = answer.header("set-cookie").unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
        StartedMcpAuthorization { token, attempt, cookie, answer }
    }

    /// Returns the path and query of the provider's redirect to the callback.
    fn visit(&self, begun: &StartedMcpAuthorization) -> String {
        let location = begun.location();
        let page = Client::new(&self.fixture.address).get(&format!("/authorize?{}", location.query().unwrap()));
        let back = Url::parse(page.header("location").unwrap_or_else(|| panic!("{page}"))).unwrap();
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    fn finish(&self, back: &str, begun: &StartedMcpAuthorization) -> ApiResponse {
        self.server.anonymous().header("cookie", &begun.cookie).get(back)
    }

    fn attempt(&self, begun: &StartedMcpAuthorization) -> Value {
        self.server.hub(&begun.token).get(&format!("/hub/connection_attempts/{}", begun.attempt)).json()
    }

    /// Completes an authorization and returns the account.
    fn sign_in(&self, profile: &str) -> String {
        let begun = self.begin(profile);
        let back = self.visit(&begun);
        let end = self.finish(&back, &begun);
        assert_eq!(end.status, 303, "{end}");
        self.attempt(&begun)["account"]["id"].as_str().unwrap().to_owned()
    }

    /// Returns the error of an authorization that cannot be started.
    fn refusal(&self, profile: &str) -> (String, String) {
        let begun = self.begin(profile);
        assert_eq!(begun.answer.header("location"), None, "nobody is sent anywhere: {}", begun.answer);
        let error = self.attempt(&begun)["error"].clone();
        let text = |key: &str| error[key].as_str().unwrap_or_else(|| panic!("{error}")).to_owned();
        (text("code"), text("description"))
    }

    fn issue(&self, account: &str) -> ApiResponse {
        let body = json!({ "action": "mcp_get_issue", "path": { "id": "Q-1" } });
        self.server.api().header("x-account-id", account).post("/actions/rpc", &body)
    }

    fn resource_says(&self, changes: Value) {
        self.mcp.change(|rules| rules.resource_metadata = map(changes));
    }

    fn server_says(&self, changes: Value) {
        self.oauth.change(|rules| rules.metadata = map(changes));
    }
}

struct StartedMcpAuthorization {
    token: String,
    attempt: String,
    cookie: String,
    answer: ApiResponse,
}

impl StartedMcpAuthorization {
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
fn an_authorized_account_runs_calls_and_its_token_is_refreshed() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    let begun = bed.begin(&profile);
    let location = begun.location();
    assert_eq!((location.origin().ascii_serialization().as_str(), location.path()), (BASE, "/authorize"));
    for (name, wanted) in [
        ("response_type", "code"),
        ("code_challenge_method", "S256"),
        ("resource", "https://mcp.example.com/mcp"),
        ("scope", "issues:read"),
    ] {
        assert_eq!(begun.parameter(name).as_deref(), Some(wanted), "{location}");
    }
    let end = bed.finish(&bed.visit(&begun), &begun);
    assert_eq!(end.status, 303, "{end}");
    let account = bed.attempt(&begun)["account"]["id"].as_str().unwrap().to_owned();
    assert_eq!(bed.issue(&account).json()["data"]["title"], "Repair the crane");
    bed.oauth.expire_access_tokens();
    assert_eq!(bed.issue(&account).json()["data"]["title"], "Repair the crane");
    assert_eq!(bed.oauth.token_requests(), ["authorization_code", "refresh_token"]);
}

#[test]
fn the_token_of_a_deleted_account_is_revoked_at_its_server() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    let status = |account: &str| {
        let deleted = bed.server.api().delete(&format!("/accounts/{account}"));
        assert_eq!(deleted.status, 200, "{deleted}");
        deleted.text("/revocation/status")
    };
    let account = bed.sign_in(&profile);
    // Metadata that changed after the link do not redirect the token.
    bed.server_says(json!({ "revocation_endpoint": "https://elsewhere.example.com/revoke" }));
    assert_eq!(bed.oauth.live_refresh_tokens().len(), 1);
    assert_eq!(status(&account), "confirmed");
    assert!(bed.oauth.live_refresh_tokens().is_empty());

    // A server without a revocation endpoint cannot revoke.
    bed.server_says(json!({ "revocation_endpoint": null }));
    let account = bed.sign_in(&profile);
    assert_eq!(status(&account), "unsupported");
    assert_eq!(bed.oauth.live_refresh_tokens().len(), 1);
}

#[test]
fn a_profile_reuses_its_registration_until_the_server_drops_it() {
    let bed = McpOAuthBed::start(&[]);
    // The secret is searched for in the log and in the database when the server stops.
    bed.oauth.change(|rules| rules.accepts_public_clients = false);
    let profile = bed.profile("sign_in", &json!({}));
    let first = bed.sign_in(&profile);
    bed.sign_in(&profile);
    assert_eq!(bed.oauth.registrations(), 1);
    bed.oauth.expire_access_tokens();
    assert_eq!(bed.issue(&first).status, 200);
    bed.oauth.forget_clients();
    bed.sign_in(&profile);
    assert_eq!(bed.oauth.registrations(), 2);
    // The dropped registration invalidates the account too: it must be reconnected.
    bed.oauth.expire_access_tokens();
    let answer = bed.issue(&first);
    assert_eq!(
        (answer.status, answer.text("/errorCode").as_str()),
        (412, "AccountExpiredCredentialsError"),
        "{answer}"
    );
    // An expired registration, or one of another issuer, is not used.
    bed.oauth.change(|rules| rules.registration_expires_at = 1);
    bed.oauth.forget_clients();
    bed.sign_in(&profile);
    bed.sign_in(&profile);
    assert_eq!(bed.oauth.registrations(), 4);
}

#[test]
fn a_client_is_identified_by_its_metadata_document() {
    let bed = McpOAuthBed::start(&["--public-url", "https://patchbay.example"]);
    let id = "https://patchbay.example/connect/oauth2/mcp/client.json";
    let document = bed.server.anonymous().get("/connect/oauth2/mcp/client.json");
    assert_eq!(document.status, 200, "{document}");
    let document = document.json();
    assert_eq!(document["client_id"], id);
    assert_eq!(document["token_endpoint_auth_method"], "none");
    assert_eq!(bed.server.anonymous().get("/connect/oauth2/spotdraft/client.json").status, 404);
    let uris = document["redirect_uris"].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap().to_owned());
    let uris = uris.collect::<Vec<_>>();
    let profile = bed.profile("by_document", &json!({}));
    // A server without support for metadata documents gets a registration.
    assert!(bed.begin(&profile).parameter("client_id").unwrap().starts_with("client_"));
    bed.oauth.change(|rules| {
        rules.document_clients = vec![(id.to_owned(), uris)];
        rules.registers = false;
    });
    assert_eq!(bed.begin(&profile).parameter("client_id").as_deref(), Some(id));
    let account = bed.sign_in(&profile);
    bed.oauth.expire_access_tokens();
    assert_eq!(bed.issue(&account).status, 200);
    assert_eq!(bed.oauth.registrations(), 1);
}

#[test]
fn without_a_public_url_no_metadata_document_is_used() {
    let bed = McpOAuthBed::start(&[]);
    assert_eq!(bed.server.anonymous().get("/connect/oauth2/mcp/client.json").status, 404);
    bed.oauth.change(|rules| {
        rules.document_clients = vec![("https://x.example/".to_owned(), Vec::new())];
        rules.registers = false;
    });
    let (code, why) = bed.refusal(&bed.profile("by_document", &json!({})));
    assert_eq!(code, "ClientRegistrationError");
    assert!(why.contains("publicUrl"), "{why}");
}

#[test]
fn an_operators_own_client_takes_precedence() {
    let bed = McpOAuthBed::start(&[]);
    bed.oauth.change(|rules| {
        rules.clients = vec![("by-hand".to_owned(), canary::CLIENT_SECRET.to_owned())];
        rules.accepts_public_clients = false;
        rules.registers = false;
    });
    let setup = json!({ "clientId": "by-hand", "clientSecret": canary::CLIENT_SECRET });
    let account = bed.sign_in(&bed.profile("sign_in", &setup));
    bed.oauth.expire_access_tokens();
    assert_eq!(bed.issue(&account).status, 200);
}

#[test]
fn metadata_are_found_at_every_allowed_location() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    for place in
        [MetadataLocation::Challenge, MetadataLocation::Path, MetadataLocation::Root, MetadataLocation::Nowhere]
    {
        bed.mcp.change(|rules| rules.metadata_location = place);
        let resource = if place == MetadataLocation::Root { BASE.to_owned() } else { format!("{BASE}/mcp") };
        bed.oauth.change(|rules| rules.resource = Some(resource.clone()));
        assert_eq!(bed.begin(&profile).parameter("resource"), Some(resource), "{place:?}");
        bed.sign_in(&profile);
    }
    bed.oauth.change(|rules| {
        rules.has_only_openid_metadata = true;
        rules.resource = Some(format!("{BASE}/mcp"));
    });
    bed.mcp.change(|rules| {
        rules.metadata_location = MetadataLocation::Challenge;
        rules.challenged_scope = Some("issues:write".to_owned());
    });
    assert_eq!(bed.begin(&profile).parameter("scope").as_deref(), Some("issues:write"));
}

#[test]
fn metadata_of_another_resource_are_rejected() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    for resource in ["https://bank.example/mcp", "https://mcp.example.com/mcp/deeper", "http://mcp.example.com/mcp"] {
        bed.resource_says(json!({ "resource": resource }));
        assert_eq!(bed.refusal(&profile).0, "SignInDiscoveryError", "{resource}");
    }
    bed.resource_says(json!({}));
    for place in ["https://evil.example/metadata", "http://mcp.example.com/metadata", "file:///etc/passwd"] {
        bed.mcp.change(|rules| rules.challenge = vec![place.to_owned()]);
        assert_eq!(bed.refusal(&profile).0, "SignInDiscoveryError", "{place}");
    }
}

#[test]
fn the_first_metadata_url_that_leads_somewhere_is_used() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    let own = format!("{BASE}/.well-known/oauth-protected-resource/mcp");
    for places in [
        vec![format!("{BASE}/gone"), own.clone()],
        vec!["https://evil.example/metadata".to_owned(), own.clone()],
        vec!["not a URL".to_owned(), format!("{BASE}/gone"), own.clone()],
        // The well-known URLs come last.
        vec![format!("{BASE}/gone")],
        vec![format!("{BASE}/gone"), format!("{BASE}/gone-too")],
    ] {
        bed.mcp.change(|rules| rules.challenge = places.clone());
        assert_eq!(bed.begin(&profile).parameter("resource"), Some(format!("{BASE}/mcp")), "{places:?}");
    }
    bed.sign_in(&profile);
}

#[test]
fn an_issuer_of_a_host_may_differ_by_the_last_slash() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    for (named, issuer) in [(BASE.to_owned(), format!("{BASE}/")), (format!("{BASE}/"), BASE.to_owned())] {
        bed.resource_says(json!({ "authorization_servers": [named] }));
        bed.server_says(json!({ "issuer": issuer }));
        // The callback has the first form in both cases.
        bed.sign_in(&profile);
    }
}

#[test]
fn metadata_of_another_issuer_are_rejected() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    for lie in [
        json!({ "issuer": "https://accounts.example" }),
        json!({ "issuer": "https://mcp.example.com//" }),
        json!({ "issuer": "https://mcp.example.com/tenant" }),
        json!({ "issuer": "http://mcp.example.com/" }),
        json!({ "code_challenge_methods_supported": null }),
        json!({ "code_challenge_methods_supported": ["plain"] }),
    ] {
        bed.server_says(lie.clone());
        assert_eq!(bed.refusal(&profile).0, "SignInDiscoveryError", "{lie}");
    }
}

#[test]
fn metadata_urls_must_be_https_and_public() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    for address in [
        "javascript:alert(document.domain)",
        "file:///etc/passwd",
        "vscode://evil/open",
        "http://mcp.example.com/authorize",
        "https://user:word@bed.example.com/authorize",
        "https://127.0.0.1/authorize",
        "https://10.1.2.3/authorize",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/authorize",
        "https://localhost/authorize",
        "https://metadata.google.internal/",
    ] {
        for key in ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"] {
            bed.server_says(json!({ key: address }));
            assert_eq!(bed.refusal(&profile).0, "SignInDiscoveryError", "{key}: {address}");
        }
    }
    bed.server_says(json!({}));
    for issuer in
        ["https://192.168.0.1", "https://169.254.169.254", "gopher://mcp.example.com", "https://localhost:8443"]
    {
        bed.resource_says(json!({ "authorization_servers": [issuer] }));
        let (code, why) = bed.refusal(&profile);
        assert!(["SignInDiscoveryError", "EgressRefusedError"].contains(&code.as_str()), "{issuer}: {code} {why}");
    }
}

#[test]
fn metadata_documents_are_limited_and_not_redirected() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    let document = |fault: Fault, code: &str| {
        for path_prefix in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"] {
            let matching = FaultFilter { path_prefix: Some(path_prefix.to_owned()), ..FaultFilter::default() };
            let planned = PlannedFault { matching, times: 1, fault: fault.clone() };
            if path_prefix.ends_with("resource") {
                bed.mcp.plan(planned);
            } else {
                bed.oauth.plan(planned);
            }
            assert_eq!(bed.refusal(&profile).0, code, "{path_prefix}");
        }
    };
    document(Fault::HugeBody { bytes: 4_000_000 }, "ProviderResponseTooLargeError");
    document(Fault::GzipBomb { bytes: 4_000_000 }, "ProviderResponseTooLargeError");
    document(Fault::Redirect { location: "http://169.254.169.254/x".to_owned(), status: 302 }, "EgressRefusedError");
    document(Fault::Status { status: 500, body: Value::Null, headers: Map::new() }, "ProviderError");
    // The registration response is untrusted too.
    let matching = FaultFilter { path_prefix: Some("/register".to_owned()), ..FaultFilter::default() };
    bed.oauth.plan(PlannedFault { matching, times: 1, fault: Fault::HugeBody { bytes: 4_000_000 } });
    assert_eq!(bed.refusal(&profile).0, "ProviderResponseTooLargeError");
}

#[test]
fn a_callback_of_another_issuer_is_not_exchanged() {
    let bed = McpOAuthBed::start(&[]);
    let profile = bed.profile("sign_in", &json!({}));
    for issuer in
        [Some("https://evil.example"), Some("https://mcp.example.com//"), Some("http://mcp.example.com/"), None]
    {
        let begun = bed.begin(&profile);
        let back = bed.visit(&begun);
        let (path, query) = back.split_once('?').unwrap();
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "iss");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .extend_pairs(issuer.map(|issuer| ("iss", issuer)))
            .finish();
        let end = bed.finish(&format!("{path}?{query}"), &begun);
        assert_eq!(end.status, 400, "{issuer:?}: {end}");
        assert_eq!(bed.attempt(&begun)["error"]["code"], "SignInRefusedError");
    }
    assert!(!bed.oauth.token_requests().contains(&"authorization_code".to_owned()));
}

#[test]
fn missing_scopes_are_reported_and_requested_on_reconnect() {
    let bed = McpOAuthBed::start(&[]);
    bed.mcp.change(|rules| rules.tool_scopes = vec![("create_issue".to_owned(), "issues:write".to_owned())]);
    let profile = bed.profile("sign_in", &json!({}));
    let account = bed.sign_in(&profile);
    let create = || {
        let body = json!({ "action": "mcp_create_issue", "body": { "title": "Coil the ropes" } });
        bed.server.api().header("x-account-id", &account).post("/actions/rpc", &body)
    };
    let known = || bed.server.api().get(&format!("/v2/accounts/{account}")).json();
    assert_eq!(known()["missing_scopes"], json!([]));
    for _ in 0..2 {
        let answer = create();
        assert_eq!((answer.status, answer.text("/errorCode").as_str()), (412, "AccountMissingScopesError"), "{answer}");
        assert!(answer.text("/message").contains("`mcp_create_issue` needs the scope `issues:write`"), "{answer}");
    }
    // Other tools still work, and the account lists the missing scope.
    assert_eq!(bed.issue(&account).status, 200);
    assert_eq!(known()["missing_scopes"], json!(["issues:write"]));
    let page = bed.server.api().get(&format!("/actions?filter[account_ids]={account}&include=action_details")).json();
    let marked = page["data"][0]["actions"].as_array().unwrap().iter().filter(|action| action["authorized"] == false);
    assert_eq!(marked.map(|action| action["id"].as_str().unwrap()).collect::<Vec<_>>(), ["mcp_create_issue"]);
    // A new account requests the original scopes; reconnecting requests the granted and the missing ones.
    assert_eq!(bed.begin(&profile).parameter("scope").as_deref(), Some("issues:read"));
    let begun = bed.begin_in(&profile, json!({ "account_id": account }));
    assert_eq!(begun.parameter("scope").as_deref(), Some("issues:read issues:write"));
    let end = bed.finish(&bed.visit(&begun), &begun);
    assert_eq!(end.status, 303, "{end}");
    assert_eq!(create().status, 200);
    assert_eq!(known()["missing_scopes"], json!([]));
}

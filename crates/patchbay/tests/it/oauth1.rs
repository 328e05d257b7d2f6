//! Authorization at an OAuth 1.0a provider through the real server. No secret of the handshake is returned, logged or
//! stored in plain text.

use std::sync::Arc;

use patchbay_model::testing::{ManualClock, SeededEntropy};
use patchbay_simulator::{Approval, OAuth1Rules, OAuth1Server};
use serde_json::{Value, json};
use url::Url;

use crate::support::{ApiResponse, Client, FixtureProvider, Server, canary};

/// The server uses the machine's clock; the provider's clock does not advance.
const TEN_YEARS_SECS: i64 = 10 * 365 * 24 * 3600;

/// The provider in the test's process, and the server.
struct OAuth1Bed {
    oauth: OAuth1Server,
    fixture: FixtureProvider,
    server: Server,
    profile: String,
    data: tempfile::TempDir,
}

impl OAuth1Bed {
    fn start(change: impl FnOnce(&mut OAuth1Rules)) -> Self {
        let mut rules = OAuth1Rules {
            consumers: vec![("app".into(), canary::CLIENT_SECRET.into())],
            public_url: Some("https://oauth1.example.com".into()),
            window_seconds: TEN_YEARS_SECS,
            ..OAuth1Rules::default()
        };
        change(&mut rules);
        let clock = Arc::new(ManualClock::at("2026-06-01T09:00:00Z"));
        let oauth = OAuth1Server::new(clock, Arc::new(SeededEntropy::new(5)), rules);
        let (fixture, data) = (FixtureProvider::start("oauth1", oauth.router()), tempfile::tempdir().unwrap());
        let server = fixture.server_in(data.path(), &[("https://oauth1.example.com", "")], &[]);
        let body = json!({
            "connector_key": "oauth1", "authentication_config_key": "sign_in", "default": true,
            "setup_information": { "consumerKey": "app", "consumerSecret": canary::CLIENT_SECRET },
        });
        let profile = server.api().post("/auth_configs", &body).text("/id");
        Self { oauth, fixture, server, profile, data }
    }

    /// Returns the path and query of the provider's redirect to the callback.
    fn visit(&self, location: &str) -> String {
        let location = Url::parse(location).unwrap();
        let page = Client::new(&self.fixture.address).get(&format!("/authorize?{}", location.query().unwrap()));
        let back = page.header("location").unwrap_or_else(|| panic!("{page}")).to_owned();
        back.strip_prefix(&self.server.base).unwrap_or_else(|| panic!("{back}")).to_owned()
    }

    /// Asserts that a string contains no secret of the handshake.
    fn assert_no_secret(&self, text: &str) {
        let secrets = self.oauth.secrets();
        assert!(!secrets.is_empty());
        for secret in secrets {
            assert!(!text.contains(&secret), "{secret}: {text}");
        }
    }
}

struct AuthorizationWindow {
    token: String,
    attempt: String,
    cookie: String,
    answer: ApiResponse,
}

impl AuthorizationWindow {
    fn open(bed: &OAuth1Bed, session: Value) -> Self {
        let OAuth1Bed { server, profile, .. } = bed;
        let token = server.session(session);
        let attempt = server.hub(&token).post("/hub/connection_attempts", &json!({ "token": token })).text("/id");
        let path = format!("/connect/oauth2/{profile}?token={token}&connection_attempt_id={attempt}");
        let answer = server.anonymous().get(&path);
        let cookie = answer.header("set-cookie").unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
        Self { token, attempt, cookie, answer }
    }

    fn finish(&self, bed: &OAuth1Bed, cookie: &str) -> ApiResponse {
        let back = bed.visit(self.answer.header("location").unwrap_or_else(|| panic!("{}", self.answer)));
        let end = bed.server.anonymous().header("cookie", cookie).get(&back);
        bed.assert_no_secret(&end.to_string());
        end
    }

    fn attempt(&self, bed: &OAuth1Bed) -> Value {
        bed.server.hub(&self.token).get(&format!("/hub/connection_attempts/{}", self.attempt)).json()
    }
}

fn get_me(bed: &OAuth1Bed, account: &str) -> ApiResponse {
    bed.server.api().header("x-account-id", account).post("/actions/rpc", &json!({ "action": "oauth1_get_me" }))
}

#[test]
fn an_authorized_account_runs_calls_and_is_reconnected() {
    let bed = OAuth1Bed::start(|_| {});
    let shown = bed.server.api().get("/connectors/meta/oauth1");
    assert_eq!(shown.text("/authentication/0/type"), "oauth1");
    let redirect = format!("{}/connect/oauth2/oauth1/callback", bed.server.base);
    assert_eq!(shown.text("/authentication/0/redirect_uri"), redirect);
    // The response tells the Hub to open a window.
    let token = bed.server.session(json!({ "provider": "oauth1" }));
    let form = bed.server.hub(&token).get(&format!("/hub/connectors/{}", bed.profile)).json();
    assert_eq!(
        (&form["config"]["type"], &form["config"]["grantType"]),
        (&json!("oauth2"), &json!("authorization_code"))
    );

    let window = AuthorizationWindow::open(&bed, json!({ "provider": "oauth1" }));
    assert_eq!(window.answer.status, 302, "{}", window.answer);
    bed.assert_no_secret(&window.answer.to_string());
    let end = window.finish(&bed, &window.cookie);
    assert_eq!(end.status, 303, "{end}");
    assert!(end.header("set-cookie").unwrap().contains("Max-Age=0"));
    let done = window.attempt(&bed);
    assert_eq!(done["status"], "authenticated", "{done}");
    let account = done["account"]["id"].as_str().unwrap();
    assert_eq!(get_me(&bed, account).text("/data/name"), "Ada");
    let shown = bed.server.api().get(&format!("/accounts/{account}"));
    assert_eq!(shown.text("/setup_information/userId"), "u1");
    bed.assert_no_secret(&shown.to_string());

    bed.oauth.revoke_all();
    let refused = get_me(&bed, account);
    assert_eq!((refused.status, refused.code().as_str()), (401, "AccountInvalidCredentialsError"), "{refused}");
    assert!(refused.body.contains("access was revoked") && refused.body.contains("reconnect"), "{refused}");
    let again = AuthorizationWindow::open(&bed, json!({ "provider": "oauth1", "account_id": account }));
    assert_eq!(again.finish(&bed, &again.cookie).status, 303);
    assert_eq!(again.attempt(&bed)["account"]["id"], account, "linking again keeps the account");
    assert_eq!(get_me(&bed, account).status, 200);

    // Neither the log nor the database contains a token secret in plain text.
    bed.assert_no_secret(&bed.server.log());
    for entry in std::fs::read_dir(bed.data.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            bed.assert_no_secret(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
}

#[test]
fn a_denied_consent_or_another_browser_links_nothing() {
    let bed = OAuth1Bed::start(|_| {});
    let window = AuthorizationWindow::open(&bed, json!({ "provider": "oauth1" }));
    let stranger = window.finish(&bed, "");
    assert_eq!(stranger.status, 400);
    assert!(stranger.body.contains("in the browser that started it"), "{stranger}");
    assert_eq!(window.attempt(&bed)["error"]["code"], "SignInRefusedError");

    for keeps_query in [true, false] {
        bed.oauth.change(|rules| (rules.approval, rules.keeps_query) = (Approval::Never, keeps_query));
        let window = AuthorizationWindow::open(&bed, json!({ "provider": "oauth1" }));
        let end = window.finish(&bed, &window.cookie);
        assert_eq!(end.status, 400);
        assert!(end.body.contains("access was not granted"), "{end}");
        let attempt = window.attempt(&bed);
        assert_eq!(
            (&attempt["status"], &attempt["error"]["code"]),
            (&json!("error"), &json!("SignInDeniedError")),
            "{attempt}"
        );
    }
    assert!(bed.oauth.live_tokens().is_empty());
    assert_eq!(bed.server.api().get("/accounts").json(), json!([]));
}

//! A provider of OAuth 2.0 in the test's process, and the steps of an authorization by a browser.

use std::{path::Path, sync::Arc};

use patchbay_model::testing::{ManualClock, SeededEntropy};
use patchbay_simulator::{OAuthRules, OAuthServer};
use serde_json::{Value, json};
use url::Url;

use super::{ApiResponse, Client, FixtureProvider, Server};

/// The authorization server in the test's process, and the settings of Patchbay's servers.
pub struct OAuth2Bed {
    pub oauth: OAuthServer,
    pub fixture: FixtureProvider,
}

impl OAuth2Bed {
    pub fn start() -> Self {
        let clock = Arc::new(ManualClock::at("2026-06-01T09:00:00Z"));
        let oauth = OAuthServer::new(clock, Arc::new(SeededEntropy::new(5)), OAuthRules::default());
        let fixture = FixtureProvider::start("oauth2", oauth.router());
        Self { oauth, fixture }
    }

    pub fn server(&self, data_dir: &Path) -> Server {
        self.server_with(data_dir, &[])
    }

    pub fn server_with(&self, data_dir: &Path, arguments: &[&str]) -> Server {
        self.fixture.server_in(data_dir, &[("https://oauth2.example.com", "")], arguments)
    }

    /// Returns the query of the provider's redirect to the callback.
    pub fn visit(&self, location: &str) -> String {
        let location = Url::parse(location).unwrap();
        let page = Client::new(&self.fixture.address).get(&format!("/authorize?{}", location.query().unwrap()));
        page.header("location").unwrap_or_else(|| panic!("{page}")).to_owned()
    }
}

/// Creates the profile with the OAuth app's credentials.
pub fn profile(server: &Server) -> String {
    let body = json!({
        "connector_key": "oauth2", "authentication_config_key": "sign_in", "default": true,
        "setup_information": { "clientId": "app", "clientSecret": "app-secret" },
    });
    let answer = server.api().post("/auth_configs", &body);
    assert_eq!(answer.status, 201, "{answer}");
    answer.text("/id")
}

pub struct StartedAuthorization {
    pub token: String,
    pub attempt: String,
    pub cookie: String,
    pub answer: ApiResponse,
}

pub fn begin(server: &Server, profile: &str) -> StartedAuthorization {
    begin_with(server, profile, json!({ "provider": "oauth2" }))
}

pub fn begin_with(server: &Server, profile: &str, session: Value) -> StartedAuthorization {
    let token = server.session(session);
    let attempt = server.hub(&token).post("/hub/connection_attempts", &json!({ "token": token })).text("/id");
    let path = format!("/connect/oauth2/{profile}?token={token}&connection_attempt_id={attempt}");
    let answer = server.anonymous().get(&path);
    let cookie = answer.header("set-cookie").unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
    StartedAuthorization { token, attempt, cookie, answer }
}

pub fn finish(server: &Server, back: &str, cookie: &str) -> ApiResponse {
    let path = back.strip_prefix(&server.base).unwrap_or_else(|| panic!("{back}"));
    server.anonymous().header("cookie", cookie).get(path)
}

pub fn attempt(server: &Server, begun: &StartedAuthorization) -> Value {
    server.hub(&begun.token).get(&format!("/hub/connection_attempts/{}", begun.attempt)).json()
}

pub fn sign_in(bed: &OAuth2Bed, server: &Server, profile: &str) -> String {
    let begun = begin(server, profile);
    let back = bed.visit(begun.answer.header("location").unwrap());
    let end = finish(server, &back, &begun.cookie);
    assert_eq!(end.status, 303, "{end}");
    attempt(server, &begun)["account"]["id"].as_str().unwrap().to_owned()
}

pub fn get_me(server: &Server, account: &str) -> ApiResponse {
    server.api().header("x-account-id", account).post("/actions/rpc", &json!({ "action": "oauth2_get_me" }))
}

//! Token requests of every grant, and every form of a token response.

use patchbay_engine::ErrorCode;
use patchbay_model::{AccountId, AccountStatus};
use patchbay_simulator::{Fault, OAuthRules, TokenResponseShape};
use serde_json::{Map, json};

use super::{APP_SECRET, OAuth2Bed, fault_at};

#[tokio::test]
async fn client_credentials_are_exchanged_and_their_token_sealed() {
    let bed = OAuth2Bed::start().await;
    let account = bed.client_credentials_account().await;
    assert_eq!(bed.provider.token_requests(), ["client_credentials"]);
    let token = account.token.as_ref().unwrap();
    assert_eq!(token.scopes, ["read"]);
    assert_eq!(token.expires_at.unwrap().as_seconds() - token.issued_at.as_seconds(), 3600);
    assert_eq!(account.refresh_at.unwrap().as_seconds() - token.issued_at.as_seconds(), 2700);
    assert!(account.secrets.contains_key("accessToken"));
    assert!(!account.setup_information.contains_key("accessToken"));
    assert_eq!(bed.run(&account.id, "get_me").await.unwrap()["data"]["name"], "Ada");
    assert_eq!(bed.proxy(&account.id, "/me").await.unwrap().status, 200);
    assert_eq!(bed.count_token_requests("client_credentials"), 1);
}

#[tokio::test]
async fn fields_without_granted_scopes_are_omitted() {
    let bed = OAuth2Bed::start().await;
    let fields = async |account: &AccountId| bed.run(account, "list_fields").await.unwrap()["data"].clone();
    assert_eq!(fields(&bed.client_credentials_account().await.id).await, json!({ "free": 1, "readable": 2 }));
    assert_eq!(fields(&bed.authorize().await).await, json!({ "free": 1, "readable": 2, "writable": 3 }));
}

#[tokio::test]
async fn a_wrong_client_secret_is_reported_and_links_nothing() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("service").await;
    let error =
        bed.link_through(&profile, &[("clientId", "app"), ("clientSecret", "canary-wrong-1")]).await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountAuthenticationFailed));
    assert_eq!(
        error.message,
        "Harbor rejected the token request: no such client, or a wrong secret (invalid_client); check the values and try again"
    );
    assert!(!format!("{error:?}").contains("canary-wrong-1"));
}

#[tokio::test]
async fn an_unavailable_provider_is_not_reported_as_a_wrong_secret() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("service").await;
    let fault = Fault::Status { status: 503, body: json!({ "error": "maintenance" }), headers: Map::new() };
    bed.provider.plan(fault_at("", 1, fault));
    let error = bed.link_through(&profile, &[("clientId", "app"), ("clientSecret", APP_SECRET)]).await.unwrap_err();
    assert_eq!(error.status(), 503);
    bed.provider.plan(fault_at("", 1, Fault::Html));
    let error = bed.link_through(&profile, &[("clientId", "app"), ("clientSecret", APP_SECRET)]).await.unwrap_err();
    assert_eq!((error.status(), error.code), (502, ErrorCode::TokenAnswer));
}

#[tokio::test]
async fn a_custom_login_action_is_refreshed_on_its_schedule() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("log_in").await;
    let error = bed.link_through(&profile, &[("user", "app"), ("password", "canary-wrong-2")]).await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountAuthenticationFailed));
    let account = bed.link_through(&profile, &[("user", "app"), ("password", APP_SECRET)]).await.unwrap();
    // The schedule refreshes at the full hour, before three quarters of the token's life have passed.
    assert_eq!(account.refresh_at.unwrap().to_rfc3339(), "2026-01-15T11:00:00.000Z");
    assert_eq!(bed.run(&account.id, "get_me").await.unwrap()["data"]["name"], "Ada");
    bed.clock.advance_seconds(2 * 3600);
    let before = bed.count_token_requests("client_credentials");
    assert_eq!(bed.run(&account.id, "get_me").await.unwrap()["data"]["name"], "Ada");
    assert_eq!(bed.count_token_requests("client_credentials"), before + 1);
}

#[tokio::test]
async fn unusual_token_responses_are_understood() {
    for (shape, life) in [
        (TokenResponseShape::Form, Some(3600)),
        (TokenResponseShape::StringLifetime, Some(3600)),
        (TokenResponseShape::ExpiresAt, Some(3600)),
        (TokenResponseShape::Standard, None),
        (TokenResponseShape::AlwaysOk, Some(60)),
    ] {
        let bed =
            OAuth2Bed::with_rules(OAuthRules { shape, access_token_ttl_secs: life, ..OAuthRules::default() }).await;
        let account = bed.client_credentials_account().await;
        let token = account.token.clone().unwrap();
        let lifetime = token.expires_at.map(|end| end.as_seconds() - token.issued_at.as_seconds());
        assert_eq!(lifetime, life, "{shape:?}");
        assert_eq!(account.status, AccountStatus::Active);
        bed.run(&account.id, "get_me").await.unwrap();
        let profile = bed.client_profile("service").await;
        let wrong = bed.link_through(&profile, &[("clientId", "app"), ("clientSecret", "canary-wrong-3")]).await;
        assert_eq!(wrong.unwrap_err().code, ErrorCode::AccountAuthenticationFailed, "{shape:?}");
    }
}

#[tokio::test]
async fn an_enveloped_token_keeps_its_expiry_and_its_scopes() {
    let rules = OAuthRules { shape: TokenResponseShape::Enveloped, ..OAuthRules::default() };
    let bed = OAuth2Bed::with_rules(rules).await;
    let profile = bed.client_profile("enveloped").await;
    let account = bed.link_through(&profile, &[("clientId", "app"), ("clientSecret", APP_SECRET)]).await.unwrap();
    let token = account.token.as_ref().unwrap();
    assert_eq!(token.expires_at.unwrap().as_seconds() - token.issued_at.as_seconds(), 3600);
    assert_eq!(token.scopes, ["read"]);
    bed.clock.advance_seconds(3600);
    bed.run(&account.id, "get_me").await.unwrap();
    assert_eq!(bed.count_token_requests("client_credentials"), 2);
}

#[tokio::test]
async fn a_page_in_place_of_a_token_is_not_reported_as_a_wrong_secret() {
    let bed = OAuth2Bed::start().await;
    for method in ["service", "log_in"] {
        let profile = bed.client_profile(method).await;
        for status in [400, 401, 403] {
            bed.provider.plan(fault_at("/token", 1, Fault::Blocked { status }));
            let fields = match method {
                "service" => [("clientId", "app"), ("clientSecret", APP_SECRET)],
                _ => [("user", "app"), ("password", APP_SECRET)],
            };
            let error = bed.link_through(&profile, &fields).await.unwrap_err();
            assert_eq!((error.status(), error.code), (502, ErrorCode::TokenAnswer), "{method} {status}: {error}");
            assert!(error.message.contains("the values were not checked"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_request_that_the_connector_must_correct_is_not_reported_as_a_wrong_secret() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("service").await;
    let body = json!({ "error": "invalid_scope", "error_description": "no such scope: read" });
    bed.provider.plan(fault_at("/token", 1, Fault::Status { status: 400, body, headers: Map::new() }));
    let error = bed.link_through(&profile, &[("clientId", "app"), ("clientSecret", APP_SECRET)]).await.unwrap_err();
    assert_eq!((error.status(), error.code), (502, ErrorCode::TokenRequest));
    assert!(error.message.contains("no such scope: read"), "{error}");
}

#[tokio::test]
async fn a_basic_header_is_sent_as_the_connector_writes_it() {
    let typed = [("clientId", "a/b 1"), ("clientSecret", "p%+:canary-basic-1")];
    for (method, id, secret) in
        [("basic", "a/b 1", "p%+:canary-basic-1"), ("basic_encoded", "a%2Fb%201", "p%25%2B%3Acanary-basic-1")]
    {
        let bed = OAuth2Bed::start().await;
        bed.provider.change(|rules| rules.clients = vec![(id.into(), secret.into())]);
        let profile = bed.client_profile(method).await;
        bed.link_through(&profile, &typed).await.unwrap_or_else(|error| panic!("{method}: {error}"));
    }
}

#[tokio::test]
async fn blanks_around_a_pasted_key_are_removed_and_those_of_a_password_are_not() {
    let bed = OAuth2Bed::start().await;
    let service = bed.client_profile("service").await;
    for (before, after) in [(" ", "\n"), ("\t", "\r\n"), ("\u{feff}", "\u{200b} ")] {
        let secret = format!("{before}{APP_SECRET}{after}");
        let id = format!("{after}app{before}");
        bed.link_through(&service, &[("clientId", id.as_str()), ("clientSecret", secret.as_str())]).await.unwrap();
    }
    let log_in = bed.client_profile("log_in").await;
    let secret = format!("{APP_SECRET} ");
    let error = bed.link_through(&log_in, &[("user", "app"), ("password", secret.as_str())]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AccountAuthenticationFailed);
    bed.provider.change(|rules| rules.clients = vec![("app".into(), secret.clone())]);
    bed.link_through(&log_in, &[("user", " app\n"), ("password", secret.as_str())]).await.unwrap();
    let error = bed.link_through(&service, &[("clientId", " \n"), ("clientSecret", "x")]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Validation, "blanks are not a value");
}

#[tokio::test]
async fn the_database_contains_no_token_in_plaintext() {
    let bed = OAuth2Bed::start().await;
    let account = bed.client_credentials_account().await;
    bed.engine.shutdown().await;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(bed.data_dir()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(account.id.as_str().as_bytes()), "the search works");
    assert!(!holds(APP_SECRET.as_bytes()));
    assert!(!holds(b"at_"), "access tokens start with this");
}

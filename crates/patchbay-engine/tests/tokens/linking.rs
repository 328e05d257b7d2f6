//! Every scheme that mints a token: linked, refused, renewed; and every form of an answer.

use patchbay_engine::ErrorCode;
use patchbay_model::{AccountId, AccountStatus};
use patchbay_simulator::{Fault, FaultFilter, OAuthRules, PlannedFault, TokenResponseShape};
use serde_json::json;

use crate::{
    authorization::signed_in,
    world::{APP_SECRET, World},
};

#[tokio::test]
async fn client_credentials_are_traded_and_stored_sealed() {
    let world = World::new().await;
    let account = world.service().await;
    assert_eq!(world.provider.token_requests(), ["client_credentials"]);
    let token = account.token.as_ref().unwrap();
    assert_eq!(token.scopes, ["read"]);
    assert_eq!(token.expires_at.unwrap().as_seconds() - token.issued_at.as_seconds(), 3600);
    assert_eq!(account.refresh_at.unwrap().as_seconds() - token.issued_at.as_seconds(), 2700);
    assert!(account.secrets.contains_key("accessToken"));
    assert!(!account.setup_information.contains_key("accessToken"));
    assert_eq!(world.run(&account.id, "get_me").await.unwrap()["data"]["name"], "Ada");
    assert_eq!(world.proxy(&account.id).await.unwrap(), 200);
    assert_eq!(world.asked("client_credentials"), 1);
}

#[tokio::test]
async fn fields_are_left_out_whose_scopes_were_not_granted() {
    let world = World::new().await;
    let fields = async |account: &AccountId| world.run(account, "list_fields").await.unwrap()["data"].clone();
    assert_eq!(fields(&world.service().await.id).await, json!({ "free": 1, "readable": 2 }));
    assert_eq!(fields(&signed_in(&world).await).await, json!({ "free": 1, "readable": 2, "writable": 3 }));
}

#[tokio::test]
async fn a_wrong_secret_links_nothing_and_says_so() {
    let world = World::new().await;
    let profile = world.profile("service").await;
    let error =
        world.link_with(&profile, &[("clientId", "app"), ("clientSecret", "canary-wrong-1")]).await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountAuthenticationFailed));
    assert_eq!(
        error.message,
        "Harbor rejected the token request: no such client, or a wrong secret (invalid_client); check the values and try again"
    );
    assert!(!format!("{error:?}").contains("canary-wrong-1"));
}

#[tokio::test]
async fn a_provider_that_is_down_is_not_a_wrong_secret() {
    let world = World::new().await;
    let profile = world.profile("service").await;
    let fault = Fault::Status { status: 503, body: json!({ "error": "maintenance" }), headers: serde_json::Map::new() };
    world.provider.plan(PlannedFault { matching: FaultFilter::default(), times: 1, fault });
    let error = world.link_with(&profile, &[("clientId", "app"), ("clientSecret", APP_SECRET)]).await.unwrap_err();
    assert_eq!(error.status(), 503);
    world.provider.plan(PlannedFault { matching: FaultFilter::default(), times: 1, fault: Fault::Html });
    let error = world.link_with(&profile, &[("clientId", "app"), ("clientSecret", APP_SECRET)]).await.unwrap_err();
    assert_eq!((error.status(), error.code), (502, ErrorCode::TokenAnswer));
}

#[tokio::test]
async fn a_log_in_by_the_connectors_own_action_is_renewed_by_its_schedule() {
    let world = World::new().await;
    let profile = world.profile("log_in").await;
    let error = world.link_with(&profile, &[("user", "app"), ("password", "canary-wrong-2")]).await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountAuthenticationFailed));
    let account = world.link_with(&profile, &[("user", "app"), ("password", APP_SECRET)]).await.unwrap();
    // The hour strikes before three quarters of it are over.
    assert_eq!(account.refresh_at.unwrap().to_rfc3339(), "2026-01-15T11:00:00.000Z");
    assert_eq!(world.run(&account.id, "get_me").await.unwrap()["data"]["name"], "Ada");
    world.clock.advance_seconds(2 * 3600);
    let asked = world.asked("client_credentials");
    assert_eq!(world.run(&account.id, "get_me").await.unwrap()["data"]["name"], "Ada");
    assert_eq!(world.asked("client_credentials"), asked + 1);
}

#[tokio::test]
async fn odd_answers_are_understood() {
    for (shape, life) in [
        (TokenResponseShape::Form, Some(3600)),
        (TokenResponseShape::StringLifetime, Some(3600)),
        (TokenResponseShape::ExpiresAt, Some(3600)),
        (TokenResponseShape::Standard, None),
        (TokenResponseShape::AlwaysOk, Some(60)),
    ] {
        let world = World::with(OAuthRules { shape, access_token_ttl_secs: life, ..OAuthRules::default() }).await;
        let account = world.service().await;
        let token = account.token.clone().unwrap();
        let lifetime = token.expires_at.map(|end| end.as_seconds() - token.issued_at.as_seconds());
        assert_eq!(lifetime, life, "{shape:?}");
        assert_eq!(account.status, AccountStatus::Active);
        world.run(&account.id, "get_me").await.unwrap();
        let profile = world.profile("service").await;
        let wrong = world.link_with(&profile, &[("clientId", "app"), ("clientSecret", "canary-wrong-3")]).await;
        assert_eq!(wrong.unwrap_err().code, ErrorCode::AccountAuthenticationFailed, "{shape:?}");
    }
}

#[tokio::test]
async fn no_token_is_found_in_the_database() {
    let world = World::new().await;
    let account = world.service().await;
    world.engine.shutdown().await;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(account.id.as_str().as_bytes()), "the search works");
    assert!(!holds(APP_SECRET.as_bytes()));
    assert!(!holds(b"at_"), "access tokens begin so");
}

//! Authorizations without an attacker.

use patchbay_engine::{ErrorCode, NewSession};
use patchbay_model::AttemptStatus;
use patchbay_vault::Secret;
use serde_json::json;

use super::OAuth1Bed;
use crate::support::{Browser, session_for, without};

#[tokio::test]
async fn an_authorization_links_an_account_that_signs_its_calls() {
    let bed = OAuth1Bed::start().await;
    let profile = bed.consumer_profile().await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let location = browser.location();
    assert_eq!(location.origin().ascii_serialization(), "https://oauth1.example.com");
    let query = location.query_pairs().into_owned().collect::<Vec<_>>();
    let names = query.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    // Neither the connector nor its authorization URL can change where the browser returns to.
    assert_eq!(names, ["theme", "scope", "name", "oauth_token"]);
    assert_eq!((query[1].1.as_str(), query[2].1.as_str()), ("read,write", "Patchbay & Söhne"));
    assert_eq!(browser.attempt(&bed).await, (AttemptStatus::Pending, None));

    let mut parameters = browser.visit_provider(&bed).await;
    parameters.push(("realmId".into(), Secret::new("realm-7")));
    let account = browser.finish_with(&bed, browser.callback(parameters)).await.unwrap();
    assert_eq!(browser.attempt(&bed).await, (AttemptStatus::Authenticated, None));
    assert_eq!(bed.provider.taken(), ["/request_token", "/access_token", "/api/me"]);
    assert_eq!(bed.run(&account, "get_me").await.unwrap()["data"]["name"], "Ada");

    let stored = bed.view(&account).await.account;
    let keys = stored.secrets.keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(keys, ["accessToken", "realm", "screenName", "tokenSecret"]);
    assert_eq!(
        stored.setup_information["userId"],
        json!("u1"),
        "an additional token field that is a config field is shown"
    );
    let token = stored.token.as_ref().unwrap();
    assert_eq!((token.expires_at, stored.refresh_at), (None, None), "the token does not expire");
    bed.assert_no_secret(&format!("{stored:?}"));
}

#[tokio::test]
async fn a_reconnect_keeps_the_account_and_does_not_send_the_old_token() {
    let bed = OAuth1Bed::start().await;
    let profile = bed.consumer_profile().await;
    let account = Browser::open(&bed, &profile.id).await.unwrap().finish(&bed).await.unwrap();
    bed.provider.revoke_all();
    let error = bed.run(&account, "get_me").await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountInvalidCredentials));
    let session = NewSession { account_id: Some(account.clone()), ..session_for("customer") };
    // The provider rejects a request for a request token that is signed with an access token.
    let browser = Browser::open_session(&bed, &profile.id, session).await.unwrap();
    assert_eq!(browser.finish(&bed).await.unwrap(), account);
    assert_eq!(bed.run(&account, "get_me").await.unwrap()["data"]["id"], "u1");
    assert_eq!(bed.provider.live_tokens().len(), 1);
}

#[tokio::test]
async fn a_callback_without_state_is_found_by_its_request_token() {
    let bed = OAuth1Bed::with_rules(|rules| rules.keeps_query = false).await;
    let profile = bed.consumer_profile().await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let parameters = browser.visit_provider(&bed).await;
    let names = parameters.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["oauth_token", "oauth_verifier"]);
    let account = browser.finish_with(&bed, browser.callback(parameters.clone())).await.unwrap();
    assert_eq!(bed.run(&account, "get_me").await.unwrap()["data"]["id"], "u1");
    // The request token works once.
    let error = browser.finish_with(&bed, browser.callback(parameters)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInUnknown);
}

#[tokio::test]
async fn tokens_can_be_requested_with_get_and_read_from_json() {
    let bed = OAuth1Bed::with_rules(|rules| rules.answers_json = true).await;
    let profile = bed.consumer_profile_with("by_get", super::APP_SECRET).await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let account = browser.finish(&bed).await.unwrap();
    let stored = bed.view(&account).await.account;
    let token = stored.token.as_ref().unwrap();
    assert_eq!(token.expires_at, Some(token.issued_at.plus_seconds(3600)), "the connector declares the lifetime");
    assert_eq!(bed.run(&account, "get_me").await.unwrap()["data"]["id"], "u1");
}

#[tokio::test]
async fn concurrent_authorizations_of_a_browser_do_not_mix() {
    let bed = OAuth1Bed::start().await;
    let profile = bed.consumer_profile().await;
    let first = Browser::open(&bed, &profile.id).await.unwrap();
    let second = Browser::open(&bed, &profile.id).await.unwrap();
    assert_ne!(first.start.cookie_suffix, second.start.cookie_suffix);
    let account = second.finish(&bed).await.unwrap();
    let parameters = first.visit_provider(&bed).await;
    let parameters = without(&parameters, &["state"]);
    let other = first.finish_with(&bed, first.callback(parameters)).await.unwrap();
    assert_eq!(other, account, "one owner, one account");
    assert_eq!(bed.count_accepted("/access_token"), 2);
}

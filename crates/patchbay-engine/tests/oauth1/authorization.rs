//! What a sign-in does when nobody is in its way.

use patchbay_engine::ErrorCode;
use patchbay_model::AttemptStatus;
use patchbay_vault::Secret;
use serde_json::json;

use crate::world::{Browser, World, without};

#[tokio::test]
async fn a_sign_in_links_an_account_that_signs_its_calls() {
    let world = World::new().await;
    let profile = world.profile().await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let location = browser.location();
    assert_eq!(location.origin().ascii_serialization(), "https://oauth1.example.com");
    let query = location.query_pairs().into_owned().collect::<Vec<_>>();
    let names = query.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    // Neither the connector nor its address sends anyone back elsewhere.
    assert_eq!(names, ["theme", "scope", "name", "oauth_token"]);
    assert_eq!((query[1].1.as_str(), query[2].1.as_str()), ("read,write", "Patchbay & Söhne"));
    assert_eq!(browser.attempt(&world).await, (AttemptStatus::Pending, None));

    let mut parameters = browser.at_provider(&world).await;
    parameters.push(("realmId".into(), Secret::new("realm-7")));
    let account = browser.finish_with(&world, browser.answer(parameters)).await.unwrap();
    assert_eq!(browser.attempt(&world).await, (AttemptStatus::Authenticated, None));
    assert_eq!(world.provider.taken(), ["/request_token", "/access_token", "/api/me"]);
    assert_eq!(world.run(&account).await.unwrap()["data"]["name"], "Ada");

    let stored = world.engine.get_account(&world.caller, &account).await.unwrap().account;
    let keys = stored.secrets.keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(keys, ["accessToken", "realm", "screenName", "tokenSecret"]);
    assert_eq!(stored.setup_information["userId"], json!("u1"), "an id that is a field is shown");
    let token = stored.token.as_ref().unwrap();
    assert_eq!((token.expires_at, stored.refresh_at), (None, None), "it is valid until it is revoked");
    world.tells_no_secret(&format!("{stored:?}"));
}

#[tokio::test]
async fn linking_again_keeps_the_account_and_asks_without_its_old_token() {
    let world = World::new().await;
    let profile = world.profile().await;
    let account = Browser::begin(&world, &profile.id).await.unwrap().finish(&world).await.unwrap();
    world.provider.revoke_all();
    let error = world.run(&account).await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountInvalidCredentials));
    let token = world.session(Some(account.clone())).await;
    // The provider refuses a request for a request token that a token signs.
    let browser = Browser::begin_in(&world, &profile.id, token).await.unwrap();
    assert_eq!(browser.finish(&world).await.unwrap(), account);
    assert_eq!(world.run(&account).await.unwrap()["data"]["id"], "u1");
    assert_eq!(world.provider.live_tokens().len(), 1);
}

#[tokio::test]
async fn a_provider_that_drops_the_query_is_known_by_its_request_token() {
    let world = World::with(|rules| rules.keeps_query = false).await;
    let profile = world.profile().await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let parameters = browser.at_provider(&world).await;
    let names = parameters.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["oauth_token", "oauth_verifier"]);
    let account = browser.finish_with(&world, browser.answer(parameters.clone())).await.unwrap();
    assert_eq!(world.run(&account).await.unwrap()["data"]["id"], "u1");
    // It is found once.
    let error = browser.finish_with(&world, browser.answer(parameters)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInUnknown);
}

#[tokio::test]
async fn tokens_are_got_by_get_and_read_from_json() {
    let world = World::with(|rules| rules.answers_json = true).await;
    let profile = world.profile_of("by_get", crate::world::APP_SECRET).await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let account = browser.finish(&world).await.unwrap();
    let stored = world.engine.get_account(&world.caller, &account).await.unwrap().account;
    let token = stored.token.as_ref().unwrap();
    assert_eq!(token.expires_at, Some(token.issued_at.plus_seconds(3600)), "the connector says how long it holds");
    assert_eq!(world.run(&account).await.unwrap()["data"]["id"], "u1");
}

#[tokio::test]
async fn several_windows_of_a_browser_do_not_take_each_others() {
    let world = World::new().await;
    let profile = world.profile().await;
    let first = Browser::begin(&world, &profile.id).await.unwrap();
    let second = Browser::begin(&world, &profile.id).await.unwrap();
    assert_ne!(first.start.cookie_suffix, second.start.cookie_suffix);
    let account = second.finish(&world).await.unwrap();
    let parameters = first.at_provider(&world).await;
    let parameters = without(&parameters, &["state"]);
    let other = first.finish_with(&world, first.answer(parameters)).await.unwrap();
    assert_eq!(other, account, "one owner, one account");
    assert_eq!(world.taken("/access_token"), 2);
}

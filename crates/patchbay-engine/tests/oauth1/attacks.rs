//! What someone may try to make of a sign-in. OAuth Security Advisory 2009.1 is the reason for the revision A of the
//! protocol: an attacker begins, a victim consents, and the victim's data are the attacker's.

use patchbay_engine::{AuthorizationCallback, ErrorCode};
use patchbay_model::AttemptStatus;
use patchbay_vault::Secret;

use crate::world::{Browser, World, without};

/// The victim comes back from the attacker's sign-in in a browser that did not begin it.
#[tokio::test]
async fn session_fixation_is_refused_another_browser_cannot_finish() {
    for (keeps_query, cookies) in [
        (true, vec![]),
        (false, vec![]),
        (true, vec![("another".to_owned(), Secret::new("value"))]),
        (false, vec![("another".to_owned(), Secret::new("value"))]),
    ] {
        let world = World::with(|rules| rules.keeps_query = keeps_query).await;
        let profile = world.profile().await;
        let attacker = Browser::begin(&world, &profile.id).await.unwrap();
        let parameters = attacker.at_provider(&world).await;
        let callback = AuthorizationCallback { cookies, ..attacker.answer(parameters) };
        let error = attacker.finish_with(&world, callback).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::SignInRefused);
        assert_eq!(attacker.attempt(&world).await.0, AttemptStatus::Error);
        assert_eq!(world.taken("/access_token"), 0, "the consent was not traded");
        assert!(world.provider.live_tokens().is_empty());
    }
}

/// Only the victim's browser has the verifier, so an attacker who started the authorization gets nothing.
#[tokio::test]
async fn a_consent_that_brings_no_verifier_or_a_guessed_one_is_refused() {
    let world = World::new().await;
    let profile = world.profile().await;
    for (verifier, code) in
        [(None, ErrorCode::SignInRefused), (Some("guessed"), ErrorCode::AccountAuthenticationFailed)]
    {
        let browser = Browser::begin(&world, &profile.id).await.unwrap();
        let mut parameters = without(&browser.at_provider(&world).await, &["oauth_verifier"]);
        parameters.extend(verifier.map(|verifier| ("oauth_verifier".to_owned(), Secret::new(verifier))));
        let error = browser.finish_with(&world, browser.answer(parameters)).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(world.provider.live_tokens().is_empty());
    }
}

#[tokio::test]
async fn a_swapped_request_token_is_refused() {
    let world = World::new().await;
    let profile = world.profile().await;
    let (mine, theirs) =
        (Browser::begin(&world, &profile.id).await.unwrap(), Browser::begin(&world, &profile.id).await.unwrap());
    let (own, stolen) = (mine.at_provider(&world).await, theirs.at_provider(&world).await);
    let state = own.iter().filter(|(name, _)| name == "state").cloned();
    let swapped = state.chain(without(&stolen, &["state"])).collect::<Vec<_>>();
    let error = mine.finish_with(&world, mine.answer(swapped)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInRefused);
    assert!(error.message.contains("belongs to another sign-in"), "{error}");
    assert_eq!(world.taken("/access_token"), 0);
    // Without `state` it is the other sign-in, which this browser did not begin.
    let error = mine.finish_with(&world, mine.answer(without(&stolen, &["state"]))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInRefused);
    assert!(error.message.contains("in the browser that started it"), "{error}");
    // And a request token that nobody asked for is none.
    let invented = vec![("oauth_token".to_owned(), Secret::new("x")), ("oauth_verifier".to_owned(), Secret::new("y"))];
    assert_eq!(mine.finish_with(&world, mine.answer(invented)).await.unwrap_err().code, ErrorCode::SignInUnknown);
}

#[tokio::test]
async fn replay_is_refused() {
    let world = World::new().await;
    let profile = world.profile().await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let parameters = browser.at_provider(&world).await;
    browser.finish_with(&world, browser.answer(parameters.clone())).await.unwrap();
    for again in [parameters.clone(), without(&parameters, &["state"])] {
        let error = browser.finish_with(&world, browser.answer(again)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::SignInUnknown);
    }
    assert_eq!(browser.attempt(&world).await.0, AttemptStatus::Authenticated);
    assert_eq!((world.taken("/access_token"), world.provider.live_tokens().len()), (1, 1));
}

/// Without the confirmation the provider would send anyone who has the request token back without a verifier.
#[tokio::test]
async fn a_callback_that_is_not_confirmed_is_refused() {
    let world = World::with(|rules| rules.confirms_callback = false).await;
    let profile = world.profile().await;
    let token = world.session(None).await;
    let error = Browser::begin_in(&world, &profile.id, token).await.err().unwrap();
    assert_eq!(error.code, ErrorCode::TokenAnswer);
    assert!(error.message.contains("oauth_callback_confirmed"), "{error}");
}

/// Cross-app OAuth account takeover: an answer that comes to another connector's address.
#[tokio::test]
async fn cross_app_takeover_is_refused_an_answer_at_another_connectors_address() {
    for (keeps_query, code) in [(true, ErrorCode::SignInRefused), (false, ErrorCode::SignInUnknown)] {
        let world = World::with(|rules| rules.keeps_query = keeps_query).await;
        let profile = world.profile().await;
        let browser = Browser::begin(&world, &profile.id).await.unwrap();
        let parameters = browser.at_provider(&world).await;
        let callback = AuthorizationCallback { connector: "evil".into(), ..browser.answer(parameters) };
        assert_eq!(browser.finish_with(&world, callback).await.unwrap_err().code, code);
        assert_eq!(world.taken("/access_token"), 0);
    }
}

#[tokio::test]
async fn an_answer_by_oauth_2_is_none() {
    let world = World::new().await;
    let profile = world.profile().await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let mut parameters = without(&browser.at_provider(&world).await, &["oauth_token", "oauth_verifier"]);
    parameters.push(("code".into(), Secret::new("c")));
    let error = browser.finish_with(&world, browser.answer(parameters)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInRefused);
    assert_eq!(world.taken("/access_token"), 0);
}

#[tokio::test]
async fn typed_credentials_cannot_take_the_place_of_a_sign_in() {
    let world = World::new().await;
    let profile = world.profile().await;
    let token = world.session(None).await;
    let hub = world.engine.sessions.for_hub(&token).await.unwrap();
    for (credentials, code) in [
        (Vec::new(), ErrorCode::SignInRequired),
        (vec![("accessToken".to_owned(), Secret::new("mine"))], ErrorCode::Validation),
    ] {
        let request = patchbay_engine::LinkRequest { profile_id: Some(profile.id.clone()), credentials };
        assert_eq!(world.engine.hub_link(&hub, request).await.unwrap_err().code, code);
    }
}

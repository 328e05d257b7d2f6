//! Attacks on an authorization. OAuth Security Advisory 2009.1 is the reason for revision A of the protocol: an attacker
//! starts an authorization, a victim consents, and the attacker gets access to the victim's data.

use patchbay_engine::{AuthorizationCallback, ErrorCode};
use patchbay_model::AttemptStatus;
use patchbay_vault::Secret;

use super::OAuth1Bed;
use crate::support::{Browser, session_for, without};

/// The victim returns from the attacker's authorization in a browser that did not start it.
#[tokio::test]
async fn session_fixation_is_rejected_in_another_browser() {
    for (keeps_query, cookies) in [
        (true, vec![]),
        (false, vec![]),
        (true, vec![("another".to_owned(), Secret::new("value"))]),
        (false, vec![("another".to_owned(), Secret::new("value"))]),
    ] {
        let bed = OAuth1Bed::with_rules(|rules| rules.keeps_query = keeps_query).await;
        let profile = bed.consumer_profile().await;
        let attacker = Browser::open(&bed, &profile.id).await.unwrap();
        let parameters = attacker.visit_provider(&bed).await;
        let callback = AuthorizationCallback { cookies, ..attacker.callback(parameters) };
        let error = attacker.finish_with(&bed, callback).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::SignInRefused);
        assert_eq!(attacker.attempt(&bed).await.0, AttemptStatus::Error);
        assert_eq!(bed.count_accepted("/access_token"), 0, "the request token is not exchanged");
        assert!(bed.provider.live_tokens().is_empty());
    }
}

/// Only the victim's browser has the verifier, so an attacker who started the authorization gets nothing.
#[tokio::test]
async fn a_missing_or_guessed_verifier_is_rejected() {
    let bed = OAuth1Bed::start().await;
    let profile = bed.consumer_profile().await;
    for (verifier, code) in
        [(None, ErrorCode::SignInRefused), (Some("guessed"), ErrorCode::AccountAuthenticationFailed)]
    {
        let browser = Browser::open(&bed, &profile.id).await.unwrap();
        let mut parameters = without(&browser.visit_provider(&bed).await, &["oauth_verifier"]);
        parameters.extend(verifier.map(|verifier| ("oauth_verifier".to_owned(), Secret::new(verifier))));
        let error = browser.finish_with(&bed, browser.callback(parameters)).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(bed.provider.live_tokens().is_empty());
    }
}

#[tokio::test]
async fn a_swapped_request_token_is_rejected() {
    let bed = OAuth1Bed::start().await;
    let profile = bed.consumer_profile().await;
    let (mine, theirs) =
        (Browser::open(&bed, &profile.id).await.unwrap(), Browser::open(&bed, &profile.id).await.unwrap());
    let (own, stolen) = (mine.visit_provider(&bed).await, theirs.visit_provider(&bed).await);
    let state = own.iter().filter(|(name, _)| name == "state").cloned();
    let swapped = state.chain(without(&stolen, &["state"])).collect::<Vec<_>>();
    let error = mine.finish_with(&bed, mine.callback(swapped)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInRefused);
    assert!(error.message.contains("belongs to another authorization"), "{error}");
    assert_eq!(bed.count_accepted("/access_token"), 0);
    // Without `state`, the request token selects the other authorization, which this browser did not start.
    let error = mine.finish_with(&bed, mine.callback(without(&stolen, &["state"]))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInRefused);
    assert!(error.message.contains("in the browser that started it"), "{error}");
    // A request token that was never issued is unknown.
    let invented = vec![("oauth_token".to_owned(), Secret::new("x")), ("oauth_verifier".to_owned(), Secret::new("y"))];
    assert_eq!(mine.finish_with(&bed, mine.callback(invented)).await.unwrap_err().code, ErrorCode::SignInUnknown);
}

#[tokio::test]
async fn a_replayed_callback_is_rejected() {
    let bed = OAuth1Bed::start().await;
    let profile = bed.consumer_profile().await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let parameters = browser.visit_provider(&bed).await;
    browser.finish_with(&bed, browser.callback(parameters.clone())).await.unwrap();
    for again in [parameters.clone(), without(&parameters, &["state"])] {
        let error = browser.finish_with(&bed, browser.callback(again)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::SignInUnknown);
    }
    assert_eq!(browser.attempt(&bed).await.0, AttemptStatus::Authenticated);
    assert_eq!((bed.count_accepted("/access_token"), bed.provider.live_tokens().len()), (1, 1));
}

/// Without the confirmation the provider would send anyone who has the request token back without a verifier.
#[tokio::test]
async fn an_unconfirmed_callback_is_rejected() {
    let bed = OAuth1Bed::with_rules(|rules| rules.confirms_callback = false).await;
    let profile = bed.consumer_profile().await;
    let error = Browser::open(&bed, &profile.id).await.err().unwrap();
    assert_eq!(error.code, ErrorCode::TokenAnswer);
    assert!(error.message.contains("oauth_callback_confirmed"), "{error}");
}

/// Cross-app OAuth account takeover: a callback at another connector's URL.
#[tokio::test]
async fn cross_app_takeover_is_rejected_at_another_connectors_callback() {
    for (keeps_query, code) in [(true, ErrorCode::SignInRefused), (false, ErrorCode::SignInUnknown)] {
        let bed = OAuth1Bed::with_rules(|rules| rules.keeps_query = keeps_query).await;
        let profile = bed.consumer_profile().await;
        let browser = Browser::open(&bed, &profile.id).await.unwrap();
        let parameters = browser.visit_provider(&bed).await;
        let callback = AuthorizationCallback { connector: "evil".into(), ..browser.callback(parameters) };
        assert_eq!(browser.finish_with(&bed, callback).await.unwrap_err().code, code);
        assert_eq!(bed.count_accepted("/access_token"), 0);
    }
}

#[tokio::test]
async fn an_oauth_2_response_is_rejected() {
    let bed = OAuth1Bed::start().await;
    let profile = bed.consumer_profile().await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let mut parameters = without(&browser.visit_provider(&bed).await, &["oauth_token", "oauth_verifier"]);
    parameters.push(("code".into(), Secret::new("c")));
    let error = browser.finish_with(&bed, browser.callback(parameters)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInRefused);
    assert_eq!(bed.count_accepted("/access_token"), 0);
}

#[tokio::test]
async fn typed_credentials_cannot_replace_an_authorization() {
    let bed = OAuth1Bed::start().await;
    let profile = bed.consumer_profile().await;
    let (_, hub) = bed.session(session_for("customer")).await;
    for (credentials, code) in [
        (Vec::new(), ErrorCode::SignInRequired),
        (vec![("accessToken".to_owned(), Secret::new("mine"))], ErrorCode::Validation),
    ] {
        let request = patchbay_engine::LinkRequest { profile_id: Some(profile.id.clone()), credentials };
        assert_eq!(bed.engine.linking.link(&hub, request).await.unwrap_err().code, code);
    }
}

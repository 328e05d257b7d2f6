//! Authorizations at the provider, and the attacks on them.

use patchbay_engine::{AuthorizationCallback, ErrorCode, NewSession};
use patchbay_model::AttemptStatus;
use patchbay_simulator::{Approval, OAuthRules, TokenResponseShape};
use patchbay_vault::Secret;
use serde_json::{Map, Value, json};

use super::OAuth2Bed;
use crate::support::{Browser, new_authorization, session_for};

#[tokio::test]
async fn an_authorization_links_an_account_and_completes_its_attempt() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let query = |name: &str| browser.parameter(name);
    assert_eq!(query("redirect_uri").as_deref(), Some("http://localhost/connect/oauth2/oauth2/callback"));
    assert_eq!(query("scope").as_deref(), Some("read,write"));
    assert_eq!(query("prompt").as_deref(), Some("consent"));
    assert_eq!(query("code_challenge_method").as_deref(), Some("S256"));
    assert_ne!(query("state").as_deref(), Some("ours-not-yours"), "the connector cannot choose the state");
    assert_eq!(browser.attempt(&bed).await, (AttemptStatus::Pending, None));
    let mut parameters = browser.visit_provider(&bed).await;
    parameters.push(("realmId".into(), Secret::new("realm-7")));
    let end = browser.send_callback(&bed, browser.callback(parameters)).await.unwrap();
    assert_eq!(end.return_url, "http://localhost/embedded/accounts/callback");
    let account = bed.stored(&end.outcome.unwrap().unwrap()).await;
    assert_eq!(browser.attempt(&bed).await, (AttemptStatus::Authenticated, None));
    let keys = account.secrets.keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(keys, ["accessToken", "realm", "refreshToken"]);
    let token = account.token.unwrap();
    assert_eq!((token.profile_id, token.scopes), (profile.id.clone(), vec!["read".to_owned(), "write".to_owned()]));
    assert_eq!(bed.run(&account.id, "get_me").await.unwrap()["data"]["scope"], "read,write");
}

#[tokio::test]
async fn a_closed_browser_does_not_interrupt_the_code_exchange() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let parameters = browser.visit_provider(&bed).await;
    let gate = bed.hold_token_request();
    tokio::select! {
        _ = browser.send_callback(&bed, browser.callback(parameters)) => panic!("the code exchange is held"),
        () = gate.arrived() => {}
    }
    gate.open();
    let hub = bed.engine.sessions.for_hub(&browser.token).await.unwrap();
    let patience = std::time::Duration::from_mins(1);
    let ended = bed.engine.attempts.follow(&hub, &browser.attempt, patience).await.unwrap();
    assert_eq!(ended.status, AttemptStatus::Authenticated, "{ended:?}");
}

#[tokio::test]
async fn a_denied_consent_is_reported_and_links_nothing() {
    let bed = OAuth2Bed::with_rules(OAuthRules { approval: Approval::Never, ..OAuthRules::default() }).await;
    let profile = bed.client_profile("sign_in").await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let error = browser.complete(&bed).await.unwrap().outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInDenied);
    assert!(error.message.contains("access was not granted"), "{error}");
    assert_eq!(browser.attempt(&bed).await, (AttemptStatus::Error, Some("SignInDeniedError".into())));
}

#[tokio::test]
async fn a_rejected_code_ends_the_attempt() {
    let bed = OAuth2Bed::with_rules(OAuthRules { shape: TokenResponseShape::AlwaysOk, ..OAuthRules::default() }).await;
    let profile = bed.client_profile("sign_in").await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let parameters = browser.visit_provider(&bed).await;
    bed.clock.advance_seconds(120);
    let error = browser.send_callback(&bed, browser.callback(parameters)).await.unwrap().outcome.unwrap_err();
    assert!(error.message.contains("invalid_grant"), "{error}");
    assert_eq!(browser.attempt(&bed).await.0, AttemptStatus::Error);
}

#[tokio::test]
async fn state_replay_is_rejected() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let parameters = browser.visit_provider(&bed).await;
    browser.send_callback(&bed, browser.callback(parameters.clone())).await.unwrap().outcome.unwrap();
    let error = browser.send_callback(&bed, browser.callback(parameters)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInUnknown);
    assert_eq!(browser.attempt(&bed).await.0, AttemptStatus::Authenticated);
}

#[tokio::test]
async fn state_fixation_and_forgery_are_rejected() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    for state in ["", "guessed", "ours-not-yours"] {
        let forged = vec![("state".into(), Secret::new(state)), ("code".into(), Secret::new("c"))];
        let error = browser.send_callback(&bed, browser.callback(forged)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::SignInUnknown);
    }
    let none = browser.send_callback(&bed, browser.callback(vec![("code".into(), Secret::new("c"))])).await;
    assert_eq!(none.unwrap_err().code, ErrorCode::SignInUnknown);
    // An authorization expires after ten minutes.
    let parameters = browser.visit_provider(&bed).await;
    bed.clock.advance_seconds(601);
    assert_eq!(
        browser.send_callback(&bed, browser.callback(parameters)).await.unwrap_err().code,
        ErrorCode::SignInUnknown
    );
}

#[tokio::test]
async fn session_fixation_is_rejected_in_another_browser() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    for cookies in [vec![], vec![("another".to_owned(), Secret::new("value"))]] {
        let browser = Browser::open(&bed, &profile.id).await.unwrap();
        let parameters = browser.visit_provider(&bed).await;
        let callback = AuthorizationCallback { cookies, ..browser.callback(parameters) };
        let error = browser.send_callback(&bed, callback).await.unwrap().outcome.unwrap_err();
        assert_eq!(error.code, ErrorCode::SignInRefused);
        assert_eq!(bed.count_token_requests("authorization_code"), 0, "the code is not exchanged");
        assert_eq!(browser.attempt(&bed).await.0, AttemptStatus::Error);
    }
    // The cookie name of one authorization with the cookie value of another one.
    let (mine, theirs) =
        (Browser::open(&bed, &profile.id).await.unwrap(), Browser::open(&bed, &profile.id).await.unwrap());
    let parameters = theirs.visit_provider(&bed).await;
    let cookies = vec![(theirs.start.cookie_suffix.clone(), mine.start.browser_secret.clone())];
    let callback = AuthorizationCallback { cookies, ..theirs.callback(parameters) };
    assert_eq!(theirs.send_callback(&bed, callback).await.unwrap().outcome.unwrap_err().code, ErrorCode::SignInRefused);
}

#[tokio::test]
async fn cross_app_takeover_is_rejected_at_another_connectors_callback() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let parameters = browser.visit_provider(&bed).await;
    let callback = AuthorizationCallback { connector: "evil".into(), ..browser.callback(parameters) };
    assert_eq!(
        browser.send_callback(&bed, callback).await.unwrap().outcome.unwrap_err().code,
        ErrorCode::SignInRefused
    );
    assert_eq!(bed.count_token_requests("authorization_code"), 0);
}

#[tokio::test]
async fn cross_provider_confusion_is_rejected_by_the_issuer() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    for (issuer, is_accepted) in [
        ("https://oauth2.example.com", true),
        ("https://oauth2.example.com/tenant", true),
        ("https://evil.example", false),
        ("https://oauth2.example.com.evil.example", false),
        ("http://oauth2.example.com", false),
        ("not a URL", false),
    ] {
        bed.provider.change(|rules| rules.issuer = Some(issuer.to_owned()));
        let browser = Browser::open(&bed, &profile.id).await.unwrap();
        let outcome = browser.complete(&bed).await.unwrap().outcome;
        assert_eq!(outcome.is_ok(), is_accepted, "{issuer}: {outcome:?}");
    }
}

#[tokio::test]
async fn cross_tenant_confusion_is_rejected() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let stranger = bed.stranger().await;
    let theirs = bed.engine.sessions.create(&stranger, session_for("x")).await.unwrap();
    // A session of another project finds neither the profile nor the attempt.
    let error = Browser::open_with(&bed, &profile.id, theirs.token.clone(), None).await.err().unwrap();
    assert_eq!(error.code, ErrorCode::ProfileNotFound);
    let mine = Browser::open(&bed, &profile.id).await.unwrap();
    let request = new_authorization(&theirs.token, &profile.id, &mine.attempt);
    assert_eq!(bed.engine.oauth.start(request).await.unwrap_err().code, ErrorCode::AttemptNotFound);
}

#[tokio::test]
async fn an_open_redirect_is_not_followed() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let own = "http://localhost/embedded/accounts/callback";
    for (return_url, expected) in [
        ("https://evil.example/x", own),
        ("https://app.example.com.evil.example/x", own),
        ("javascript:alert(1)", own),
        ("//evil.example", own),
        ("https://app.example.com/done?a=b", "https://app.example.com/done?a=b"),
        ("http://localhost/embedded/accounts/callback?x=1", "http://localhost/embedded/accounts/callback?x=1"),
    ] {
        let origins = vec!["https://app.example.com".to_owned()];
        let (session, _) = bed.session(NewSession { allowed_origins: origins, ..session_for("customer") }).await;
        let browser = Browser::open_with(&bed, &profile.id, session.token, Some(return_url)).await.unwrap();
        assert_eq!(browser.complete(&bed).await.unwrap().return_url, expected);
    }
}

#[tokio::test]
async fn code_injection_is_rejected_by_the_pkce_verifier() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let (victim, attacker) =
        (Browser::open(&bed, &profile.id).await.unwrap(), Browser::open(&bed, &profile.id).await.unwrap());
    let stolen = victim.visit_provider(&bed).await.into_iter().find(|(name, _)| name == "code").unwrap();
    let mut own = attacker.visit_provider(&bed).await;
    own.retain(|(name, _)| name != "code");
    own.push(stolen);
    let error = attacker.send_callback(&bed, attacker.callback(own)).await.unwrap().outcome.unwrap_err();
    assert!(error.message.contains("verifier does not match"), "{error}");
}

#[tokio::test]
async fn an_id_token_of_another_authorization_is_rejected() {
    let claims = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
    for (wrong, words) in [
        (Map::new(), None),
        (claims("aud", json!(["other", "app"])), None),
        (claims("nonce", "of-another-authorization".into()), Some("was issued for another authorization")),
        (claims("nonce", 7.into()), Some("was issued for another authorization")),
        // The code verifier binds the code.
        (claims("nonce", Value::Null), None),
        (claims("iss", "https://oauth2.example.com/".into()), None),
        (claims("aud", "another-app".into()), Some("was issued for another client")),
        (claims("iss", "https://elsewhere.example".into()), Some("was issued by another authorization server")),
    ] {
        let bed = OAuth2Bed::with_rules(OAuthRules { id_claims: wrong, ..OAuthRules::default() }).await;
        let profile = bed.client_profile("identity").await;
        let browser = Browser::open(&bed, &profile.id).await.unwrap();
        let location = browser.start.location.expose();
        assert_eq!(location.matches("nonce=").count(), 1, "{location}");
        assert!(!location.contains("ours-not-yours"), "the connector cannot choose the nonce");
        let outcome = browser.complete(&bed).await.unwrap().outcome;
        match (outcome, words) {
            (Ok(_), None) => {}
            (Err(error), Some(words)) => {
                assert_eq!(error.code, ErrorCode::SignInRefused);
                assert!(error.message.contains(words), "{}", error.message);
            }
            (outcome, words) => panic!("{outcome:?} in place of {words:?}"),
        }
    }
}

#[tokio::test]
async fn without_pkce_an_id_token_needs_the_nonce_unless_the_connector_says_otherwise() {
    for (method, sends_nonce, words) in [
        ("identity_plain", true, None),
        ("identity_plain", false, Some("has no `nonce`")),
        ("identity_free", false, None),
        ("identity_free", true, None),
    ] {
        let id_claims = Map::from_iter((!sends_nonce).then(|| ("nonce".to_owned(), Value::Null)));
        let rules = OAuthRules { id_claims, requires_pkce: false, ..OAuthRules::default() };
        let bed = OAuth2Bed::with_rules(rules).await;
        let profile = bed.client_profile(method).await;
        let browser = Browser::open(&bed, &profile.id).await.unwrap();
        let location = browser.start.location.expose();
        assert_eq!(location.contains("nonce="), method == "identity_plain", "{location}");
        match (browser.complete(&bed).await.unwrap().outcome, words) {
            (Ok(_), None) => {}
            (Err(error), Some(words)) => assert!(error.message.contains(words), "{}", error.message),
            (outcome, words) => panic!("{method}: {outcome:?} in place of {words:?}"),
        }
    }
}

#[tokio::test]
async fn spaces_in_an_authorization_url_are_percent_encoded() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("identity").await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let location = browser.start.location.expose();
    assert!(location.contains("scope=openid%20read") && !location.contains('+'), "{location}");
}

#[tokio::test]
async fn a_cancelled_attempt_links_nothing() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let browser = Browser::open(&bed, &profile.id).await.unwrap();
    let hub = bed.engine.sessions.for_hub(&browser.token).await.unwrap();
    let parameters = browser.visit_provider(&bed).await;
    bed.engine.attempts.cancel(&hub, &browser.attempt).await.unwrap();
    let end = browser.send_callback(&bed, browser.callback(parameters)).await.unwrap();
    assert_eq!(end.outcome.unwrap_err().code, ErrorCode::SignInRefused);
    assert_eq!(
        (browser.attempt(&bed).await.0, bed.count_token_requests("authorization_code")),
        (AttemptStatus::Cancelled, 0)
    );
    let again = new_authorization(&browser.token, &profile.id, &browser.attempt);
    assert_eq!(bed.engine.oauth.start(again).await.unwrap_err().code, ErrorCode::Validation);
}

#[tokio::test]
async fn typed_credentials_cannot_replace_an_authorization() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let error = bed.link_through(&profile, &[]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInRequired);
    let error = bed.link_through(&profile, &[("accessToken", "mine")]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Validation);
}

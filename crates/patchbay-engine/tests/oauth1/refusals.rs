//! Messages for rejections of an OAuth 1.0a provider.

use patchbay_engine::ErrorCode;
use patchbay_model::AttemptStatus;
use patchbay_simulator::{Approval, Fault, FaultFilter, OAuth1Denial, PlannedFault};

use crate::world::{Browser, World};

#[tokio::test]
async fn a_denied_consent_is_told_however_the_provider_says_it() {
    for keeps_query in [true, false] {
        for (denial, code) in [
            (OAuth1Denial::Denied, ErrorCode::SignInDenied),
            (OAuth1Denial::Problem, ErrorCode::SignInDenied),
            (OAuth1Denial::NoVerifier, ErrorCode::SignInRefused),
        ] {
            let world = World::with(|rules| {
                (rules.approval, rules.denial, rules.keeps_query) = (Approval::Never, denial, keeps_query);
            })
            .await;
            let profile = world.profile().await;
            let browser = Browser::begin(&world, &profile.id).await.unwrap();
            let error = browser.finish(&world).await.unwrap_err();
            assert_eq!(error.code, code, "{denial:?}: {error}");
            assert!(error.message.contains("start again"), "{error}");
            assert_eq!(browser.attempt(&world).await, (AttemptStatus::Error, Some(code.to_string())));
            assert_eq!(world.taken("/access_token"), 0);
        }
    }
}

#[tokio::test]
async fn a_wrong_consumer_secret_is_the_operators_to_mend() {
    for reports_problems in [true, false] {
        let world = World::with(|rules| rules.reports_problems = reports_problems).await;
        let profile = world.profile_of("sign_in", "another").await;
        let error = Browser::begin(&world, &profile.id).await.err().unwrap();
        assert_eq!((error.status(), error.code), (412, ErrorCode::ProfileCredentials), "{error}");
        assert!(error.message.contains("ask the operator of this server to correct them"), "{error}");
        let alarmed = world.engine.profiles.get(&world.caller, &profile.id).await.unwrap();
        assert!(alarmed.alarm.as_ref().is_some_and(|alarm| alarm.message.contains("Pier")), "{:?}", alarmed.alarm);
    }
}

#[tokio::test]
async fn an_address_that_the_app_does_not_allow_is_named() {
    let world = World::with(|rules| rules.callbacks = vec!["https://elsewhere.example/".into()]).await;
    let profile = world.profile().await;
    let error = Browser::begin(&world, &profile.id).await.err().unwrap();
    assert_eq!(error.code, ErrorCode::ProfileCredentials);
    assert!(error.message.contains("Callback URL not approved"), "{error}");
    assert!(error.message.contains("http://localhost/connect/oauth2/oauth1/callback"), "{error}");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_with_both_times() {
    let world = World::with(|rules| rules.clock_skew_seconds = 3600).await;
    let profile = world.profile().await;
    let error = Browser::begin(&world, &profile.id).await.err().unwrap();
    let expected = "Pier rejected the timestamp of the request (it accepts 2026-01-15T11:25:00.000Z to 2026-01-15T11:35:00.000Z): \
                    this server's clock shows 2026-01-15T10:30:00.000Z; correct the clock";
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Provider, expected));
    let profile = world.engine.profiles.get(&world.caller, &profile.id).await.unwrap();
    assert!(profile.alarm.is_none(), "the app's credentials are not to blame");

    // The same of a call: the account is not to blame either.
    world.provider.change(|rules| rules.clock_skew_seconds = 0);
    let account = Browser::begin(&world, &profile.id).await.unwrap().finish(&world).await.unwrap();
    world.provider.change(|rules| rules.clock_skew_seconds = 3600);
    let error = world.run(&account).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Provider, expected));
}

#[tokio::test]
async fn access_that_was_taken_back_is_told() {
    let world = World::new().await;
    let profile = world.profile().await;
    let account = Browser::begin(&world, &profile.id).await.unwrap().finish(&world).await.unwrap();
    world.provider.revoke_all();
    let error = world.run(&account).await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountInvalidCredentials));
    assert_eq!(
        error.message,
        "Pier reports that access was revoked (token_revoked); reconnect the account with valid ones"
    );
}

#[tokio::test]
async fn a_provider_that_is_down_or_answers_nonsense_ends_the_attempt() {
    let text = |status: u16, body: &str| Fault::Text { status, content_type: "text/html".into(), body: body.into() };
    for (fault, status, code) in [
        (text(503, "Back in an hour"), 503, ErrorCode::Provider),
        (text(200, "<html><a href=\"?a=b\">"), 502, ErrorCode::TokenAnswer),
        (text(200, "oauth_token=&oauth_token_secret="), 502, ErrorCode::TokenAnswer),
        (text(200, "oauth_problem=signature_invalid"), 412, ErrorCode::ProfileCredentials),
    ] {
        for path in ["/request_token", "/access_token"] {
            let world = World::new().await;
            let profile = world.profile().await;
            let matching = FaultFilter { path_prefix: Some(path.into()), method: None };
            world.provider.plan(PlannedFault { matching, times: 1, fault: fault.clone() });
            let error = match Browser::begin(&world, &profile.id).await {
                Ok(browser) => {
                    let error = browser.finish(&world).await.unwrap_err();
                    assert_eq!(browser.attempt(&world).await.0, AttemptStatus::Error);
                    error
                }
                Err(error) => error,
            };
            assert_eq!((error.status(), error.code), (status, code), "{path} {fault:?}: {error}");
        }
    }
}

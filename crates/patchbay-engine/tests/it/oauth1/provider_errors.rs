//! Messages for rejections of an OAuth 1.0a provider.

use patchbay_engine::ErrorCode;
use patchbay_model::AttemptStatus;
use patchbay_simulator::{Approval, Fault, FaultFilter, OAuth1Denial, PlannedFault};

use super::OAuth1Bed;
use crate::support::Browser;

#[tokio::test]
async fn a_denied_consent_is_reported_in_every_form() {
    for keeps_query in [true, false] {
        for (denial, code) in [
            (OAuth1Denial::Denied, ErrorCode::SignInDenied),
            (OAuth1Denial::Problem, ErrorCode::SignInDenied),
            (OAuth1Denial::NoVerifier, ErrorCode::SignInRefused),
        ] {
            let bed = OAuth1Bed::with_rules(|rules| {
                (rules.approval, rules.denial, rules.keeps_query) = (Approval::Never, denial, keeps_query);
            })
            .await;
            let profile = bed.consumer_profile().await;
            let browser = Browser::open(&bed, &profile.id).await.unwrap();
            let error = browser.finish(&bed).await.unwrap_err();
            assert_eq!(error.code, code, "{denial:?}: {error}");
            assert!(error.message.contains("start again"), "{error}");
            assert_eq!(browser.attempt(&bed).await, (AttemptStatus::Error, Some(code.to_string())));
            assert_eq!(bed.count_accepted("/access_token"), 0);
        }
    }
}

#[tokio::test]
async fn a_wrong_consumer_secret_raises_a_profile_alarm() {
    for reports_problems in [true, false] {
        let bed = OAuth1Bed::with_rules(|rules| rules.reports_problems = reports_problems).await;
        let profile = bed.consumer_profile_with("sign_in", "another").await;
        let error = Browser::open(&bed, &profile.id).await.err().unwrap();
        assert_eq!((error.status(), error.code), (412, ErrorCode::ProfileCredentials), "{error}");
        assert!(error.message.contains("ask the operator of this server to correct them"), "{error}");
        let alarmed = bed.get_profile(&profile.id).await;
        assert!(alarmed.alarm.as_ref().is_some_and(|alarm| alarm.message.contains("Pier")), "{:?}", alarmed.alarm);
    }
}

#[tokio::test]
async fn a_callback_url_that_is_not_approved_is_named() {
    let bed = OAuth1Bed::with_rules(|rules| rules.callbacks = vec!["https://elsewhere.example/".into()]).await;
    let profile = bed.consumer_profile().await;
    let error = Browser::open(&bed, &profile.id).await.err().unwrap();
    assert_eq!(error.code, ErrorCode::ProfileCredentials);
    assert!(error.message.contains("Callback URL not approved"), "{error}");
    assert!(error.message.contains("http://localhost/connect/oauth2/oauth1/callback"), "{error}");
}

#[tokio::test]
async fn a_rejected_timestamp_is_reported_with_both_times() {
    let bed = OAuth1Bed::with_rules(|rules| rules.clock_skew_seconds = 3600).await;
    let profile = bed.consumer_profile().await;
    let error = Browser::open(&bed, &profile.id).await.err().unwrap();
    let expected = "Pier rejected the timestamp of the request (it accepts 2026-01-15T11:25:00.000Z to 2026-01-15T11:35:00.000Z): \
                    this server's clock shows 2026-01-15T10:30:00.000Z; correct the clock";
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Provider, expected));
    let profile = bed.get_profile(&profile.id).await;
    assert!(profile.alarm.is_none(), "the consumer's credentials are not wrong");

    // The same error in a call does not change the account.
    bed.provider.change(|rules| rules.clock_skew_seconds = 0);
    let account = Browser::open(&bed, &profile.id).await.unwrap().finish(&bed).await.unwrap();
    bed.provider.change(|rules| rules.clock_skew_seconds = 3600);
    let error = bed.run(&account, "get_me").await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Provider, expected));
}

#[tokio::test]
async fn revoked_access_is_reported() {
    let bed = OAuth1Bed::start().await;
    let profile = bed.consumer_profile().await;
    let account = Browser::open(&bed, &profile.id).await.unwrap().finish(&bed).await.unwrap();
    bed.provider.revoke_all();
    let error = bed.run(&account, "get_me").await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountInvalidCredentials));
    assert_eq!(
        error.message,
        "Pier reports that access was revoked (token_revoked); reconnect the account with valid ones"
    );
}

#[tokio::test]
async fn failures_of_the_provider_end_the_attempt() {
    let text = |status: u16, body: &str| Fault::Text { status, content_type: "text/html".into(), body: body.into() };
    for (fault, status, code) in [
        (text(503, "Back in an hour"), 503, ErrorCode::Provider),
        (text(200, "<html><a href=\"?a=b\">"), 502, ErrorCode::TokenAnswer),
        (text(200, "oauth_token=&oauth_token_secret="), 502, ErrorCode::TokenAnswer),
        (text(200, "oauth_problem=signature_invalid"), 412, ErrorCode::ProfileCredentials),
    ] {
        for path in ["/request_token", "/access_token"] {
            let bed = OAuth1Bed::start().await;
            let profile = bed.consumer_profile().await;
            let matching = FaultFilter { path_prefix: Some(path.into()), method: None };
            bed.provider.plan(PlannedFault { matching, times: 1, fault: fault.clone() });
            let error = match Browser::open(&bed, &profile.id).await {
                Ok(browser) => {
                    let error = browser.finish(&bed).await.unwrap_err();
                    assert_eq!(browser.attempt(&bed).await.0, AttemptStatus::Error);
                    error
                }
                Err(error) => error,
            };
            assert_eq!((error.status(), error.code), (status, code), "{path} {fault:?}: {error}");
        }
    }
}

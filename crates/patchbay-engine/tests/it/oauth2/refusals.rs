//! Which failures of a refresh end an account: the provider's word that the grant has ended, and nothing else.

use patchbay_engine::{AccountPatch, ErrorCode};
use patchbay_model::{AccountId, AccountStatus};
use patchbay_simulator::Fault;
use serde_json::{Map, Value, json};

use super::{APP_SECRET, OAuth2Bed, fault_at};

fn response(status: u16, body: Value) -> Fault {
    Fault::Status { status, body, headers: Map::new() }
}

fn text(status: u16, body: &str) -> Fault {
    Fault::Text { status, content_type: "text/plain".into(), body: body.into() }
}

fn plan(bed: &OAuth2Bed, fault: Fault) {
    bed.provider.plan(fault_at("/token", 1, fault));
}

/// Links an account by a method with own credentials.
async fn own_account(bed: &OAuth2Bed, method: &str) -> AccountId {
    let profile = bed.client_profile(method).await;
    let fields = match method {
        "log_in" => [("user", "app"), ("password", APP_SECRET)],
        _ => [("clientId", "app"), ("clientSecret", APP_SECRET)],
    };
    bed.link_through(&profile, &fields).await.unwrap().id.clone()
}

#[tokio::test]
async fn a_refusal_without_an_error_word_ends_no_grant() {
    for (case, fault) in [
        ("a firewall's page", Fault::Blocked { status: 403 }),
        ("a reverse proxy's page", Fault::Blocked { status: 400 }),
        ("a page of a login", Fault::Blocked { status: 401 }),
        ("an empty 401", response(401, json!(null))),
        ("an empty 403", response(403, json!(null))),
        ("an empty 400", response(400, json!(null))),
        ("JSON of a gateway", response(403, json!({ "message": "Forbidden" }))),
        ("an error that is not a word", response(400, json!({ "error": "please try later, invalid_grant or not" }))),
        ("an error that is a number", response(400, json!({ "error": 17 }))),
        ("JSON that is not an object", response(400, json!(["invalid_grant"]))),
        ("cut JSON", text(400, "{\"error\": \"invalid_gra")),
        ("plain text", text(403, "invalid_grant")),
        ("a path that is gone", response(404, json!({ "error": "not_found" }))),
        ("a method that is not allowed", text(405, "")),
    ] {
        let bed = OAuth2Bed::start().await;
        let account = bed.authorize().await;
        bed.clock.advance_seconds(3700);
        plan(&bed, fault);
        let error = bed.run(&account, "get_me").await.unwrap_err();
        assert!(matches!(error.status(), 502 | 503) && error.retry_after.is_some(), "{case}: {error:?}");
        let stored = bed.stored(&account).await;
        assert_eq!((stored.status, stored.status_reasons.len()), (AccountStatus::Active, 0), "{case}");
        bed.clock.advance_seconds(6);
        bed.run(&account, "get_me").await.unwrap_or_else(|error| panic!("{case}: {error}"));
    }
}

#[tokio::test]
async fn the_pauses_after_refusals_grow() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    let mut pauses = Vec::new();
    for _ in 0..14 {
        plan(&bed, Fault::Blocked { status: 403 });
        let error = bed.run(&account, "get_me").await.unwrap_err();
        let pause = error.retry_after.unwrap();
        pauses.push(pause);
        // No request is sent before the pause is over.
        assert_eq!(bed.run(&account, "get_me").await.unwrap_err().code, ErrorCode::TokenRenewal);
        bed.clock.advance_seconds(pause.cast_signed() + 1);
    }
    assert!(pauses[0] <= 5 && pauses[13] > 30 * 60 && pauses[13] <= 60 * 60, "{pauses:?}");
    assert!(pauses.windows(3).all(|three| three[0] < three[2] || three[2] >= 30 * 60), "{pauses:?}");
    bed.run(&account, "get_me").await.unwrap();
}

#[tokio::test]
async fn faults_of_the_connector_or_the_app_end_no_grant() {
    for word in ["invalid_request", "invalid_scope", "unsupported_grant_type", "invalid_target"] {
        let bed = OAuth2Bed::start().await;
        let account = bed.authorize().await;
        bed.clock.advance_seconds(3700);
        plan(&bed, response(400, json!({ "error": word, "error_description": "as the app is set up" })));
        let error = bed.run(&account, "get_me").await.unwrap_err();
        assert_eq!((error.status(), error.code), (502, ErrorCode::TokenRequest), "{word}");
        assert!(error.message.contains("as the app is set up"), "{error}");
        assert_eq!(bed.stored(&account).await.status, AccountStatus::Active, "{word}");
        bed.clock.advance_seconds(6);
        bed.run(&account, "get_me").await.unwrap();
    }
    for word in ["unauthorized_client", "invalid_client"] {
        let bed = OAuth2Bed::start().await;
        let account = bed.authorize().await;
        bed.clock.advance_seconds(3700);
        plan(&bed, response(400, json!({ "error": word })));
        assert_eq!(bed.run(&account, "get_me").await.unwrap_err().code, ErrorCode::ProfileCredentials, "{word}");
        assert_eq!(bed.stored(&account).await.status, AccountStatus::Active, "{word}");
    }
}

#[tokio::test]
async fn the_word_for_an_ended_grant_is_found_in_every_form() {
    for (status, body) in [
        (400, json!({ "error": "invalid_grant" })),
        (403, json!({ "error": "invalid_grant", "error_description": "Unknown or invalid refresh token." })),
        (200, json!({ "error": "bad_refresh_token" })),
        (200, json!({ "ok": false, "error": "token_revoked" })),
        (400, json!({ "errors": [{ "errorType": "invalid_grant", "message": "Refresh token invalid" }] })),
        (400, json!({ "errors": [{ "code": "invalid_grant" }] })),
        (400, json!({ "error": { "code": "InvalidGrant" } })),
        (400, json!({ "status": "BAD_REFRESH_TOKEN", "message": "missing or unknown refresh token" })),
        (400, json!({ "error": "interaction_required" })),
    ] {
        let bed = OAuth2Bed::start().await;
        let account = bed.authorize().await;
        bed.clock.advance_seconds(3700);
        plan(&bed, response(status, body.clone()));
        let error = bed.run(&account, "get_me").await.unwrap_err();
        assert_eq!(error.code, ErrorCode::AccountExpiredCredentials, "{body}");
        assert_eq!(bed.stored(&account).await.status, AccountStatus::ReconnectRequired, "{body}");
    }
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    plan(&bed, text(400, "error=invalid_grant&error_description=it+ended"));
    bed.run(&account, "get_me").await.unwrap_err();
    assert_eq!(bed.stored(&account).await.status, AccountStatus::ReconnectRequired);
}

#[tokio::test]
async fn own_credentials_work_again_after_a_refusal() {
    for method in ["service", "log_in"] {
        for body in [
            json!({ "error": "invalid_grant", "error_description": "iat and exp are not in a reasonable timeframe" }),
            json!({ "error": "invalid_client" }),
        ] {
            let bed = OAuth2Bed::start().await;
            let account = own_account(&bed, method).await;
            bed.clock.advance_seconds(3700);
            plan(&bed, response(400, body.clone()));
            let error = bed.run(&account, "get_me").await.unwrap_err();
            assert_eq!(error.code, ErrorCode::AccountExpiredCredentials, "{method} {body}");
            let stored = bed.stored(&account).await;
            assert_eq!((stored.status, stored.status_reasons.len()), (AccountStatus::ReconnectRequired, 1));
            // During the pause, calls report the refusal, and no request is sent.
            let before = bed.count_token_requests("client_credentials");
            let error = bed.run(&account, "get_me").await.unwrap_err();
            assert_eq!(error.code, ErrorCode::AccountExpiredCredentials);
            assert!(error.retry_after.is_some(), "{error:?}");
            assert_eq!(bed.count_token_requests("client_credentials"), before);
            bed.clock.advance_seconds(3);
            bed.run(&account, "get_me").await.unwrap();
            let stored = bed.stored(&account).await;
            assert_eq!((stored.status, stored.status_reasons.len()), (AccountStatus::Active, 0));
            assert!(stored.refresh_at.is_some(), "it is refreshed in the background again");
        }
    }
}

#[tokio::test]
async fn own_credentials_that_stay_wrong_are_tried_rarely() {
    let bed = OAuth2Bed::start().await;
    let account = own_account(&bed, "log_in").await;
    bed.provider.change(|rules| rules.clients = vec![("app".into(), "another".into())]);
    bed.clock.advance_seconds(3700);
    let before = bed.count_token_requests("client_credentials");
    for _ in 0..600 {
        let error = bed.run(&account, "get_me").await.unwrap_err();
        assert_eq!(error.code, ErrorCode::AccountExpiredCredentials, "{error}");
        bed.engine.refresh_due_tokens().await;
        bed.clock.advance_seconds(1);
    }
    // Ten minutes of a call each second.
    let tried = bed.count_token_requests("client_credentials") - before;
    assert!((3..=6).contains(&tried), "{tried}");
}

#[tokio::test]
async fn a_valid_token_outlives_a_refusal_of_own_credentials() {
    let bed = OAuth2Bed::start().await;
    let account = own_account(&bed, "service").await;
    bed.clock.advance_seconds(2701);
    plan(&bed, response(401, json!({ "error": "invalid_client" })));
    for _ in 0..5 {
        bed.engine.refresh_due_tokens().await;
        bed.run(&account, "get_me").await.unwrap();
        bed.engine.settle().await;
        bed.clock.advance_seconds(100);
    }
    assert_eq!(bed.stored(&account).await.status, AccountStatus::Active);
    assert_eq!(bed.count_token_requests("client_credentials"), 1, "the next attempt waits for the expiry");
    bed.clock.advance_seconds(400);
    bed.run(&account, "get_me").await.unwrap();
}

#[tokio::test]
async fn a_suspended_account_stays_suspended_when_its_own_credentials_are_refused() {
    let bed = OAuth2Bed::start().await;
    let account = own_account(&bed, "service").await;
    let patch = AccountPatch { status: Some(AccountStatus::Suspended), ..Default::default() };
    bed.patch_account(&account, patch).await.unwrap();
    bed.clock.advance_seconds(3700);
    plan(&bed, response(400, json!({ "error": "invalid_grant" })));
    bed.engine.refresh_due_tokens().await;
    assert_eq!(bed.stored(&account).await.status, AccountStatus::Suspended);
    bed.clock.advance_seconds(3);
    bed.engine.refresh_due_tokens().await;
    assert_eq!(bed.stored(&account).await.status, AccountStatus::Suspended);
    assert_eq!(bed.count_token_requests("client_credentials"), 2);
}

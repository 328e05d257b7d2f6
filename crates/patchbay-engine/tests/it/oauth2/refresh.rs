//! Refreshes: when, how often, and the meaning of each rejection.

use patchbay_engine::{AccountPatch, Engine, ErrorCode};
use patchbay_model::{AccountStatus, Clock as _};
use patchbay_simulator::{Fault, OAuthRules, PlannedFault, TokenResponseShape};
use serde_json::{Map, json};

use super::{OAuth2Bed, fault_at};

fn down(times: u32) -> PlannedFault {
    fault_at("/token", times, Fault::Status { status: 500, body: json!(null), headers: Map::new() })
}

#[tokio::test]
async fn an_expired_token_is_refreshed_before_the_call() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3600);
    bed.run(&account, "get_me").await.unwrap();
    bed.proxy(&account, "/me").await.unwrap();
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
    bed.clock.advance_seconds(3600);
    bed.run(&account, "get_me").await.unwrap();
    assert_eq!(bed.count_token_requests("refresh_token"), 2);
    // The rotated refresh token is stored.
    assert_eq!(bed.provider.live_refresh_tokens().len(), 1);
}

#[tokio::test]
async fn a_valid_token_is_used_while_it_is_refreshed() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(2699);
    bed.run(&account, "get_me").await.unwrap();
    bed.engine.settle().await;
    assert_eq!(bed.count_token_requests("refresh_token"), 0);
    bed.clock.advance_seconds(2);
    bed.run(&account, "get_me").await.unwrap();
    bed.engine.settle().await;
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
    assert_eq!(bed.stored(&account).await.token.unwrap().issued_at, bed.clock.now());
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_once_and_the_call_repeated() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.provider.expire_access_tokens();
    assert_eq!(bed.run(&account, "get_me").await.unwrap()["data"]["name"], "Ada");
    bed.provider.expire_access_tokens();
    assert_eq!(bed.proxy(&account, "/me").await.unwrap().status, 200);
    assert_eq!(bed.count_token_requests("refresh_token"), 2);
    // A rejected write had no effect, so it is repeated once.
    bed.provider.expire_access_tokens();
    bed.run(&account, "add_thing").await.unwrap();
    assert_eq!(bed.provider.things(), 1);
}

#[tokio::test]
async fn a_declared_401_refreshes_the_token_and_a_declared_404_does_not() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    let expired = json!({ "success": false, "errors": [{ "code": "602", "message": "Access token expired" }] });
    for (status, body, refreshes) in [(200, expired, 1), (403, json!(null), 2)] {
        bed.provider.plan(fault_at("/api/me", 1, Fault::Status { status, body, headers: Map::new() }));
        assert_eq!(bed.run(&account, "get_me_declared").await.unwrap()["data"]["name"], "Ada", "{status}");
        assert_eq!(bed.count_token_requests("refresh_token"), refreshes, "{status}");
    }
    bed.provider.plan(fault_at("/api/me", 1, Fault::Status { status: 401, body: json!(null), headers: Map::new() }));
    assert_eq!(bed.run(&account, "get_me_declared").await.unwrap_err().status(), 404);
    assert_eq!(bed.count_token_requests("refresh_token"), 2);
    // Without a declaration, statuses mean what they say.
    bed.provider.plan(fault_at("/api/me", 1, Fault::Status { status: 403, body: json!(null), headers: Map::new() }));
    assert_eq!(bed.run(&account, "get_me").await.unwrap_err().status(), 403);
    assert_eq!(bed.count_token_requests("refresh_token"), 2);
}

#[tokio::test]
async fn a_declared_error_is_not_cached() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    let body = json!({ "success": false });
    bed.provider.plan(fault_at("/api/me", 1, Fault::Status { status: 200, body, headers: Map::new() }));
    assert_eq!(bed.run(&account, "get_me_cached").await.unwrap_err().status(), 503);
    assert_eq!(bed.run(&account, "get_me_cached").await.unwrap()["data"]["name"], "Ada");
    // A success is cached.
    bed.provider.plan(fault_at("/api/me", 1, Fault::Status { status: 500, body: json!(null), headers: Map::new() }));
    assert_eq!(bed.run(&account, "get_me_cached").await.unwrap()["data"]["name"], "Ada");
}

#[tokio::test]
async fn an_action_with_several_writes_is_not_repeated() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.provider.expire_access_tokens();
    for action in ["add_two_things", "add_each_thing"] {
        let error = bed.run(&account, action).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::AccountInvalidCredentials, "{action}");
    }
    assert_eq!((bed.provider.things(), bed.count_token_requests("refresh_token")), (0, 0));
}

#[tokio::test]
async fn invalid_grant_requires_a_reconnect() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.provider.revoke_all();
    let error = bed.run(&account, "get_me").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::AccountExpiredCredentials));
    assert!(error.message.contains("Reconnect the account"), "{error}");
    let stored = bed.stored(&account).await;
    assert_eq!((stored.status, stored.refresh_at), (AccountStatus::ReconnectRequired, None));
    assert!(stored.status_reasons[0].description.as_ref().unwrap().contains("invalid_grant"));
    // The provider gets no further token request.
    let before = bed.count_token_requests("refresh_token");
    assert_eq!(bed.run(&account, "get_me").await.unwrap_err().code, ErrorCode::AccountExpiredCredentials);
    assert_eq!(bed.proxy(&account, "/me").await.unwrap_err().code, ErrorCode::AccountExpiredCredentials);
    assert_eq!(bed.count_token_requests("refresh_token"), before);
}

#[tokio::test]
async fn a_reconnect_keeps_the_account() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.provider.revoke_all();
    bed.run(&account, "get_me").await.unwrap_err();
    assert_eq!(bed.authorize().await, account);
    assert_eq!(bed.stored(&account).await.status, AccountStatus::Active);
    bed.run(&account, "get_me").await.unwrap();
}

#[tokio::test]
async fn an_unavailable_token_endpoint_fails_no_call_while_the_token_is_valid() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.provider.plan(down(100));
    bed.clock.advance_seconds(2800);
    for _ in 0..20 {
        bed.run(&account, "get_me").await.unwrap();
        bed.engine.settle().await;
    }
    assert_eq!(bed.count_token_requests("refresh_token"), 0, "failed token requests are not counted");
    assert_eq!(bed.stored(&account).await.status, AccountStatus::Active);
    // The token has expired and the provider is still down: the error has a `Retry-After`.
    bed.clock.advance_seconds(900);
    let error = bed.run(&account, "get_me").await.unwrap_err();
    assert!(error.retry_after.is_some(), "{error:?}");
    assert!(error.message.contains("could not refresh"), "{error}");
    assert_eq!(bed.run(&account, "get_me").await.unwrap_err().code, ErrorCode::TokenRenewal);
    assert_eq!(bed.stored(&account).await.status, AccountStatus::Active);
}

#[tokio::test]
async fn a_retry_after_of_years_is_not_believed() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    let headers = Map::from_iter([("retry-after".to_owned(), json!("999999999"))]);
    let fault = Fault::Status { status: 503, body: json!(null), headers };
    bed.provider.plan(fault_at("/token", 1, fault));
    bed.clock.advance_seconds(3600);
    let wait = bed.run(&account, "get_me").await.unwrap_err().retry_after.unwrap();
    assert!(wait < 60, "{wait}");
    bed.clock.advance_seconds(60);
    bed.run(&account, "get_me").await.unwrap();
}

#[tokio::test]
async fn a_failed_refresh_is_retried_after_a_delay() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    bed.provider.plan(down(1));
    bed.run(&account, "get_me").await.unwrap_err();
    assert_eq!(bed.run(&account, "get_me").await.unwrap_err().code, ErrorCode::TokenRenewal);
    bed.clock.advance_seconds(10);
    bed.run(&account, "get_me").await.unwrap();
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
}

#[tokio::test]
async fn wrong_client_credentials_are_reported_on_the_profile() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.provider.change(|rules| rules.clients = vec![("app".into(), "another".into())]);
    bed.clock.advance_seconds(3700);
    let error = bed.run(&account, "get_me").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::ProfileCredentials));
    assert!(error.message.contains("`Harbor by sign_in`"), "{error}");
    assert_eq!(bed.stored(&account).await.status, AccountStatus::Active);
}

#[tokio::test]
async fn idle_and_suspended_accounts_are_refreshed_in_the_background() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    let patch = AccountPatch { status: Some(AccountStatus::Suspended), ..Default::default() };
    bed.patch_account(&account, patch).await.unwrap();
    bed.engine.refresh_due_tokens().await;
    assert_eq!(bed.count_token_requests("refresh_token"), 0);
    bed.clock.advance_seconds(2701);
    bed.engine.refresh_due_tokens().await;
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
    bed.engine.refresh_due_tokens().await;
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
    assert_eq!(bed.stored(&account).await.status, AccountStatus::Suspended);
}

#[tokio::test]
async fn an_opened_engine_refreshes_nothing_by_itself() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.engine.shutdown().await;
    bed.clock.advance_seconds(3600);
    let opened = Engine::open(bed.setup.parts()).await.unwrap();
    opened.api_keys.list_of_project(bed.project()).await.unwrap();
    opened.shutdown().await;
    assert_eq!(bed.count_token_requests("refresh_token"), 0);
    assert!(bed.stored(&account).await.refresh_at.unwrap() < bed.clock.now(), "it is due");
    // A started engine refreshes at once.
    let started = Engine::start(bed.setup.parts()).await.unwrap();
    while bed.count_token_requests("refresh_token") == 0 {
        tokio::task::yield_now().await;
    }
    started.shutdown().await;
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
}

#[tokio::test]
async fn clocks_that_differ_by_ten_minutes_lose_no_token() {
    for skew in [-600, 600] {
        for shape in [TokenResponseShape::Standard, TokenResponseShape::ExpiresAt] {
            let bed =
                OAuth2Bed::with_rules(OAuthRules { clock_skew_seconds: skew, shape, ..OAuthRules::default() }).await;
            let account = bed.authorize().await;
            for _ in 0..30 {
                bed.clock.advance_seconds(300);
                bed.run(&account, "get_me").await.unwrap_or_else(|error| panic!("{skew} {shape:?}: {error}"));
                bed.engine.settle().await;
            }
            assert!(
                bed.count_token_requests("refresh_token") <= 5,
                "{skew} {shape:?}: {:?}",
                bed.provider.token_requests()
            );
        }
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_not_rotated_is_kept() {
    let bed = OAuth2Bed::with_rules(OAuthRules { rotates_refresh_tokens: false, ..OAuthRules::default() }).await;
    let account = bed.authorize().await;
    for _ in 0..3 {
        bed.clock.advance_seconds(3700);
        bed.run(&account, "get_me").await.unwrap();
    }
    assert_eq!(bed.count_token_requests("refresh_token"), 3);
}

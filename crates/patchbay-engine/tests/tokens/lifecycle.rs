//! Renewals: when, how often, and what each refusal means.

use patchbay_engine::{Engine, ErrorCode};
use patchbay_model::AccountStatus;
use patchbay_simulator::{Fault, FaultFilter, OAuthRules, PlannedFault};
use serde_json::{Map, json};

use crate::{authorization::signed_in, world::World};

fn down(times: u32) -> PlannedFault {
    let matching = FaultFilter { path_prefix: Some("/token".into()), method: None };
    PlannedFault { matching, times, fault: Fault::Status { status: 500, body: json!(null), headers: Map::new() } }
}

#[tokio::test]
async fn a_token_that_is_over_is_renewed_before_the_call() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.clock.advance_seconds(3600);
    world.run(&account, "get_me").await.unwrap();
    world.proxy(&account).await.unwrap();
    assert_eq!(world.asked("refresh_token"), 1);
    world.clock.advance_seconds(3600);
    world.run(&account, "get_me").await.unwrap();
    assert_eq!(world.asked("refresh_token"), 2);
    // The token that it was replaced by is the one that is stored.
    assert_eq!(world.provider.live_refresh_tokens().len(), 1);
}

#[tokio::test]
async fn a_token_that_still_holds_is_used_while_it_is_renewed() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.clock.advance_seconds(2699);
    world.run(&account, "get_me").await.unwrap();
    world.engine.settle().await;
    assert_eq!(world.asked("refresh_token"), 0);
    world.clock.advance_seconds(2);
    world.run(&account, "get_me").await.unwrap();
    world.engine.settle().await;
    assert_eq!(world.asked("refresh_token"), 1);
    assert_eq!(world.stored(&account).await.token.unwrap().issued_at, patchbay_model::Clock::now(&*world.clock));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_call_repeated() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.provider.expire_access_tokens();
    assert_eq!(world.run(&account, "get_me").await.unwrap()["data"]["name"], "Ada");
    world.provider.expire_access_tokens();
    assert_eq!(world.proxy(&account).await.unwrap(), 200);
    assert_eq!(world.asked("refresh_token"), 2);
    // What was refused did nothing, so it may be repeated: once.
    world.provider.expire_access_tokens();
    world.run(&account, "add_thing").await.unwrap();
    assert_eq!(world.provider.things(), 1);
}

#[tokio::test]
async fn an_action_of_several_changes_is_not_repeated() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.provider.expire_access_tokens();
    for action in ["add_two_things", "add_each_thing"] {
        let error = world.run(&account, action).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::AccountInvalidCredentials, "{action}");
    }
    assert_eq!((world.provider.things(), world.asked("refresh_token")), (0, 0));
}

#[tokio::test]
async fn invalid_grant_ends_the_accounts_use_with_a_reason() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.provider.revoke_all();
    let error = world.run(&account, "get_me").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::AccountExpiredCredentials));
    assert!(error.message.contains("Reconnect the account"), "{error}");
    let stored = world.stored(&account).await;
    assert_eq!((stored.status, stored.refresh_at), (AccountStatus::ReconnectRequired, None));
    assert!(stored.status_reasons[0].description.as_ref().unwrap().contains("invalid_grant"));
    // The provider is not asked again for nothing.
    let asked = world.asked("refresh_token");
    assert_eq!(world.run(&account, "get_me").await.unwrap_err().code, ErrorCode::AccountExpiredCredentials);
    assert_eq!(world.proxy(&account).await.unwrap_err().code, ErrorCode::AccountExpiredCredentials);
    assert_eq!(world.asked("refresh_token"), asked);
}

#[tokio::test]
async fn linking_again_keeps_the_account() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.provider.revoke_all();
    world.run(&account, "get_me").await.unwrap_err();
    assert_eq!(signed_in(&world).await, account);
    assert_eq!(world.stored(&account).await.status, AccountStatus::Active);
    world.run(&account, "get_me").await.unwrap();
}

#[tokio::test]
async fn a_provider_that_is_down_costs_nothing_while_the_token_holds() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.provider.plan(down(100));
    world.clock.advance_seconds(2800);
    for _ in 0..20 {
        world.run(&account, "get_me").await.unwrap();
        world.engine.settle().await;
    }
    assert_eq!(world.asked("refresh_token"), 0, "faults stand before the counter");
    assert_eq!(world.stored(&account).await.status, AccountStatus::Active);
    // It is over now, and the provider still down: said so, with a time to come back.
    world.clock.advance_seconds(900);
    let error = world.run(&account, "get_me").await.unwrap_err();
    assert!(error.retry_after.is_some(), "{error:?}");
    assert!(error.message.contains("could not refresh"), "{error}");
    assert_eq!(world.run(&account, "get_me").await.unwrap_err().code, ErrorCode::TokenRenewal);
    assert_eq!(world.stored(&account).await.status, AccountStatus::Active);
}

#[tokio::test]
async fn a_provider_that_wants_no_renewal_for_years_is_asked_again_after_a_day() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    let headers = Map::from_iter([("retry-after".to_owned(), json!("999999999"))]);
    let matching = FaultFilter { path_prefix: Some("/token".into()), method: None };
    let fault = Fault::Status { status: 503, body: json!(null), headers };
    world.provider.plan(PlannedFault { matching, times: 1, fault });
    world.clock.advance_seconds(3600);
    assert_eq!(world.run(&account, "get_me").await.unwrap_err().retry_after, Some(86_400));
    world.clock.advance_seconds(86_401);
    world.run(&account, "get_me").await.unwrap();
}

#[tokio::test]
async fn a_renewal_rests_after_a_failure_and_then_works() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.clock.advance_seconds(3700);
    world.provider.plan(down(1));
    world.run(&account, "get_me").await.unwrap_err();
    assert_eq!(world.run(&account, "get_me").await.unwrap_err().code, ErrorCode::TokenRenewal);
    world.clock.advance_seconds(10);
    world.run(&account, "get_me").await.unwrap();
    assert_eq!(world.asked("refresh_token"), 1);
}

#[tokio::test]
async fn wrong_app_credentials_are_the_profiles_fault() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.provider.change(|rules| rules.clients = vec![("app".into(), "another".into())]);
    world.clock.advance_seconds(3700);
    let error = world.run(&account, "get_me").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::ProfileCredentials));
    assert!(error.message.contains("`Harbor by sign_in`"), "{error}");
    assert_eq!(world.stored(&account).await.status, AccountStatus::Active);
}

#[tokio::test]
async fn idle_and_suspended_accounts_are_renewed_in_the_background() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    let patch = patchbay_engine::AccountPatch { status: Some(AccountStatus::Suspended), ..Default::default() };
    world.engine.patch_account(&world.caller, &account, patch).await.unwrap();
    world.engine.refresh_due_tokens().await;
    assert_eq!(world.asked("refresh_token"), 0);
    world.clock.advance_seconds(2701);
    world.engine.refresh_due_tokens().await;
    assert_eq!(world.asked("refresh_token"), 1);
    world.engine.refresh_due_tokens().await;
    assert_eq!(world.asked("refresh_token"), 1);
    assert_eq!(world.stored(&account).await.status, AccountStatus::Suspended);
}

#[tokio::test]
async fn an_engine_that_is_only_opened_renews_nothing_by_itself() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.engine.shutdown().await;
    world.clock.advance_seconds(3600);
    let opened = Engine::open(world.parts()).await.unwrap();
    opened.api_keys.list_of_project(world.project()).await.unwrap();
    opened.shutdown().await;
    assert_eq!(world.asked("refresh_token"), 0);
    assert!(world.stored(&account).await.refresh_at.unwrap() < patchbay_model::Clock::now(&*world.clock), "it is due");
    // One that is started does, at once.
    let started = Engine::start(world.parts()).await.unwrap();
    while world.asked("refresh_token") == 0 {
        tokio::task::yield_now().await;
    }
    started.shutdown().await;
    assert_eq!(world.asked("refresh_token"), 1);
}

#[tokio::test]
async fn clocks_that_differ_by_ten_minutes_lose_nothing() {
    for skew in [-600, 600] {
        for shape in
            [patchbay_simulator::TokenResponseShape::Standard, patchbay_simulator::TokenResponseShape::ExpiresAt]
        {
            let world = World::with(OAuthRules { clock_skew_seconds: skew, shape, ..OAuthRules::default() }).await;
            let account = signed_in(&world).await;
            for _ in 0..30 {
                world.clock.advance_seconds(300);
                world.run(&account, "get_me").await.unwrap_or_else(|error| panic!("{skew} {shape:?}: {error}"));
                world.engine.settle().await;
            }
            assert!(world.asked("refresh_token") <= 5, "{skew} {shape:?}: {:?}", world.provider.token_requests());
        }
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_not_replaced_stays() {
    let world = World::with(OAuthRules { rotates_refresh_tokens: false, ..OAuthRules::default() }).await;
    let account = signed_in(&world).await;
    for _ in 0..3 {
        world.clock.advance_seconds(3700);
        world.run(&account, "get_me").await.unwrap();
    }
    assert_eq!(world.asked("refresh_token"), 3);
}

//! Revocation at the provider: for a deleted account, and for many accounts.

use futures_util::FutureExt;
use patchbay_engine::{AccountPatch, Engine, ErrorCode, Revocation, RevocationQuery};
use patchbay_model::{AccountStatus, CallKind, Timestamp};
use patchbay_simulator::{Fault, FaultFilter, PlannedFault};
use serde_json::{Map, json};

use crate::{
    authorization::{signed_in, signed_in_again, signed_in_as},
    world::{APP_SECRET, World},
};

fn down(times: u32) -> PlannedFault {
    let matching = FaultFilter { path_prefix: Some("/revoke".into()), method: None };
    let body = json!({ "error": "temporarily_unavailable" });
    PlannedFault { matching, times, fault: Fault::Status { status: 503, body, headers: Map::new() } }
}

async fn calls(world: &World) -> Vec<(CallKind, u16)> {
    world.engine.shutdown().await;
    let calls = world.storage.calls().list(world.project(), 100).await.unwrap();
    let calls = calls.iter().filter(|call| call.kind == CallKind::Revocation);
    calls.map(|call| (call.kind, call.status_code)).collect()
}

#[tokio::test]
async fn a_deleted_accounts_grant_ends_at_the_provider() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    let token = world.provider.live_refresh_tokens().pop().unwrap();
    assert!(world.provider.accepts(&token));
    let deleted = world.engine.delete_account(&world.caller, &account).await.unwrap();
    assert_eq!(deleted.revocation, Some(Revocation::Confirmed));
    assert!(!world.provider.accepts(&token));
    assert!(world.provider.live_refresh_tokens().is_empty());
    assert_eq!(calls(&world).await, [(CallKind::Revocation, 200)]);
}

#[tokio::test]
async fn a_caller_who_leaves_half_way_leaves_nothing_half_done() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let [first, second] =
        [signed_in_as(&world, &profile.id, "first").await, signed_in_as(&world, &profile.id, "second").await];
    // The caller asks and is gone.
    assert!(world.engine.delete_account(&world.caller, &first).now_or_never().is_none());
    world.engine.shutdown().await;
    assert!(world.storage.accounts().get(world.project(), &first).await.unwrap().is_none());
    assert_eq!(world.provider.live_refresh_tokens().len(), 1);

    let query = RevocationQuery { connector: Some("oauth2".into()), ..RevocationQuery::default() };
    assert!(world.engine.revoke_accounts(&world.caller, query).now_or_never().is_none());
    while !world.provider.live_refresh_tokens().is_empty() {
        tokio::task::yield_now().await;
    }
    // The provider has taken it back; what is done here is waited for.
    world.engine.shutdown().await;
    assert!(world.stored(&second).await.secrets.is_empty());
}

#[tokio::test]
async fn a_provider_that_does_not_confirm_keeps_no_account() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.provider.plan(down(100));
    let deleted = world.engine.delete_account(&world.caller, &account).await.unwrap();
    let Some(revocation @ Revocation::Failed { .. }) = deleted.revocation else { panic!("{:?}", deleted.revocation) };
    insta::assert_snapshot!(revocation.message("Harbor"), @"Harbor did not confirm the revocation: Harbor returned the error temporarily_unavailable; try again, or remove the app's access there");
    assert!(world.storage.accounts().get(world.project(), &account).await.unwrap().is_none());
    assert_eq!(calls(&world).await, [(CallKind::Revocation, 503)]);
}

#[tokio::test]
async fn a_provider_that_hangs_is_cut_off_and_keeps_no_account() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    let matching = FaultFilter { path_prefix: Some("/revoke".into()), method: None };
    world.provider.plan(PlannedFault { matching, times: 100, fault: Fault::Hang });
    let mut parts = world.parts();
    parts.config.call_budget_millis = 50;
    let hasty = Engine::start(parts).await.unwrap();
    let deleted = hasty.delete_account(&world.caller, &account).await.unwrap();
    let Some(revocation @ Revocation::Failed { .. }) = deleted.revocation else { panic!("{:?}", deleted.revocation) };
    let message = revocation.message("Harbor");
    assert!(message.starts_with("Harbor did not confirm the revocation: "), "{message}");
    assert!(world.storage.accounts().get(world.project(), &account).await.unwrap().is_none());
    hasty.shutdown().await;
    assert_eq!(calls(&world).await, [(CallKind::Revocation, 408)]);
}

#[tokio::test]
async fn a_connectors_own_action_takes_back_and_typed_secrets_cannot_be() {
    let world = World::new().await;
    let profile = world.profile("log_in").await;
    let account = world.link_with(&profile, &[("user", "app"), ("password", APP_SECRET)]).await.unwrap();
    assert_eq!(world.run(&account.id, "get_me").await.unwrap()["data"]["name"], "Ada");
    let deleted = world.engine.delete_account(&world.caller, &account.id).await.unwrap();
    assert_eq!(deleted.revocation, Some(Revocation::Confirmed));

    let account = world.service().await;
    let deleted = world.engine.delete_account(&world.caller, &account.id).await.unwrap();
    assert_eq!(deleted.revocation, Some(Revocation::Unsupported));
    assert_eq!(calls(&world).await, [(CallKind::Revocation, 200)], "nothing is sent without a token");
}

#[tokio::test]
async fn many_are_taken_back_and_each_is_told() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let before = signed_in_as(&world, &profile.id, "before").await;
    world.clock.advance_seconds(60);
    let since = patchbay_model::Clock::now(&*world.clock);
    let first = signed_in_as(&world, &profile.id, "first").await;
    let second = signed_in_as(&world, &profile.id, "second").await;
    let typed = world.service().await.id.clone();
    world.clock.advance_seconds(60);
    let until = patchbay_model::Clock::now(&*world.clock);
    let after = signed_in_as(&world, &profile.id, "after").await;
    let query = |is_dry_run| RevocationQuery {
        connector: Some("oauth2".into()),
        since: Some(since),
        until: Some(until),
        is_dry_run,
    };
    let revoke = async |is_dry_run| world.engine.revoke_accounts(&world.caller, query(is_dry_run)).await.unwrap();

    let dry = revoke(true).await;
    assert_eq!((dry.accounts.len(), dry.remaining), (3, 0));
    assert!(dry.accounts.iter().all(|account| account.revocation.is_none() && !account.is_wiped));
    assert_eq!(world.provider.live_refresh_tokens().len(), 4, "nothing was done");

    // The first to ask meets a provider that is down.
    world.provider.plan(down(1));
    let report = revoke(false).await;
    let mut outcomes: Vec<_> = report
        .accounts
        .iter()
        .map(|account| (account.revocation.as_ref().map(Revocation::as_str), account.is_wiped))
        .collect();
    outcomes.sort();
    assert_eq!(outcomes, [(Some("confirmed"), true), (Some("failed"), false), (Some("unsupported"), true)]);
    for id in [&before, &after] {
        world.run(id, "get_me").await.unwrap();
    }

    // What failed is paused with its credentials, and tried again; what is done is not asked again.
    let failed = report.accounts.iter().find(|account| !account.is_wiped).unwrap().account.id.clone();
    let stored = world.stored(&failed).await;
    assert_eq!((stored.status, stored.secrets.is_empty(), stored.refresh_at), (AccountStatus::Suspended, false, None));
    let again = revoke(false).await;
    assert_eq!(again.accounts.iter().map(|account| &account.account.id).collect::<Vec<_>>(), [&failed]);
    assert!(again.accounts[0].is_wiped);
    assert!(revoke(false).await.accounts.is_empty());
    assert_eq!(world.provider.live_refresh_tokens().len(), 2);

    // No secret is left, and it can only be reconnected, under its ID.
    for id in [&first, &second, &typed] {
        let stored = world.stored(id).await;
        assert!(stored.secrets.is_empty() && stored.token.is_none());
        let error = world.run(id, "get_me").await.unwrap_err();
        assert_eq!((error.status(), error.code), (412, ErrorCode::AccountRevoked));
        let resume = AccountPatch { status: Some(AccountStatus::Active), ..AccountPatch::default() };
        let error = world.engine.patch_account(&world.caller, id, resume).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::AccountRevoked);
    }
    assert_eq!(signed_in_again(&world, &profile.id, &first).await, first);
    world.run(&first, "get_me").await.unwrap();
}

#[tokio::test]
async fn a_query_that_names_everything_is_a_mistake() {
    let world = World::new().await;
    for query in [
        RevocationQuery::default(),
        RevocationQuery {
            since: Some(Timestamp::from_micros(5)),
            until: Some(Timestamp::from_micros(5)),
            ..RevocationQuery::default()
        },
    ] {
        let error = world.engine.revoke_accounts(&world.caller, query).await.unwrap_err();
        assert_eq!((error.status(), error.code), (400, ErrorCode::Validation));
    }
}

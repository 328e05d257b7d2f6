//! Many at once, and ends in the middle.

use patchbay_engine::ErrorCode;
use std::sync::Arc;

use patchbay_model::{AccountStatus, LeaseOutcome, LeasePriority};
use patchbay_simulator::{Fault, FaultFilter, OAuthRules, PlannedFault};

use crate::{
    authorization::signed_in,
    world::{World, run},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_on_an_expired_token_ask_for_one() {
    let world = Arc::new(World::new().await);
    let account = signed_in(&world).await;
    world.clock.advance_seconds(3700);
    let calls = (0..1000).map(|_| {
        let (world, account) = (world.clone(), account.clone());
        tokio::spawn(async move { world.run(&account, "get_me").await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.asked("refresh_token"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_ask_for_one() {
    let world = Arc::new(World::new().await);
    let account = signed_in(&world).await;
    let other = world.another_engine().await;
    world.clock.advance_seconds(3700);
    let late = FaultFilter { path_prefix: Some("/token".into()), method: None };
    world.provider.plan(PlannedFault { matching: late, times: 1, fault: Fault::Delay { millis: 300 } });
    let calls = (0..40).map(|number| {
        let (world, account, other) = (world.clone(), account.clone(), other.clone());
        tokio::spawn(async move {
            let engine = if number % 2 == 0 { &other } else { &world.engine };
            run(engine, &world.caller, &account, "get_me").await
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.asked("refresh_token"), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_loses_no_token() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.clock.advance_seconds(3700);
    let late = FaultFilter { path_prefix: Some("/token".into()), method: None };
    world.provider.plan(PlannedFault { matching: late, times: 1, fault: Fault::Delay { millis: 200 } });
    let call = world.run(&account, "get_me");
    assert!(tokio::time::timeout(std::time::Duration::from_millis(20), call).await.is_err());
    world.engine.settle().await;
    assert_eq!(world.asked("refresh_token"), 1);
    world.run(&account, "get_me").await.unwrap();
    assert_eq!(world.asked("refresh_token"), 1);
}

#[tokio::test]
async fn a_change_during_the_renewal_is_kept_and_so_is_the_token() {
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.clock.advance_seconds(3700);
    let late = FaultFilter { path_prefix: Some("/token".into()), method: None };
    world.provider.plan(PlannedFault { matching: late, times: 1, fault: Fault::Delay { millis: 200 } });
    let label = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let patch = patchbay_engine::AccountPatch { label: Some(Some("new".into())), ..Default::default() };
        world.engine.patch_account(&world.caller, &account, patch).await
    };
    let (call, change) = tokio::join!(world.run(&account, "get_me"), label);
    call.unwrap();
    change.unwrap();
    let stored = world.stored(&account).await;
    assert_eq!(stored.label.as_deref(), Some("new"));
    world.clock.advance_seconds(3700);
    world.run(&account, "get_me").await.unwrap();
    assert_eq!(world.asked("refresh_token"), 2);
}

/// The three places where a process may end: before the call was written down, after that, and after the provider
/// has answered. What is stored is what a killed process leaves behind.
#[tokio::test]
async fn a_crash_at_any_point_loses_nothing_that_the_provider_would_honour() {
    // Before the call: the token that is stored is the provider's newest.
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.clock.advance_seconds(3700);
    let now = patchbay_model::Clock::now(&*world.clock);
    let renewals = world.storage.refresh_leases();
    let lease =
        renewals.acquire(world.project(), &account, now, now.plus_seconds(90), LeasePriority::Normal).await.unwrap();
    let LeaseOutcome::Granted(lease) = lease else { panic!("{lease:?}") };
    assert!(renewals.mark_sent(&lease, world.stored(&account).await.revision).await.unwrap());
    let after = world.another_engine().await;
    run(&after, &world.caller, &account, "get_me").await.unwrap();
    assert_eq!(world.asked("refresh_token"), 1);

    // After the answer, at a provider that takes a replaced token for a while longer: nobody notices.
    let world = World::with(OAuthRules { rotation_grace_secs: 60, ..OAuthRules::default() }).await;
    let account = signed_in(&world).await;
    world.clock.advance_seconds(3700);
    answered_and_lost(&world, &account).await;
    let after = world.another_engine().await;
    run(&after, &world.caller, &account, "get_me").await.unwrap();

    // After the answer, at a provider that takes it once: the account is over, and says what happened.
    let world = World::new().await;
    let account = signed_in(&world).await;
    world.clock.advance_seconds(3700);
    answered_and_lost(&world, &account).await;
    let after = world.another_engine().await;
    let error = run(&after, &world.caller, &account, "get_me").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AccountExpiredCredentials);
    assert!(error.message.contains("was interrupted before its response was stored"), "{error}");
    assert_eq!(world.stored(&account).await.status, AccountStatus::ReconnectRequired);
    assert!(world.provider.live_refresh_tokens().is_empty(), "nothing is lost that the provider would accept");
}

/// A renewal whose process ends between the provider's answer and the commit.
async fn answered_and_lost(world: &World, account: &patchbay_model::AccountId) {
    let before = world.stored(account).await;
    world.run(account, "get_me").await.unwrap();
    // What the killed process would have left: the old secrets, the lease, and what was written down.
    let now = patchbay_model::Clock::now(&*world.clock);
    let lease = world
        .storage
        .refresh_leases()
        .acquire(world.project(), account, now, now.plus_seconds(90), LeasePriority::Urgent)
        .await
        .unwrap();
    let LeaseOutcome::Granted(lease) = lease else { panic!("{lease:?}") };
    let read = world.stored(account).await.revision;
    world.storage.accounts().update(&patchbay_model::Account { revision: read + 1, ..before }, read).await.unwrap();
    assert!(world.storage.refresh_leases().mark_sent(&lease, read + 1).await.unwrap());
}

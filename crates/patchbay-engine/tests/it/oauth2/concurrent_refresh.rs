//! Refreshes by concurrent calls and processes, and interrupted ones.

use std::sync::Arc;

use patchbay_engine::{AccountPatch, ErrorCode};
use patchbay_model::{Account, AccountId, AccountStatus, Clock, LeaseOutcome, LeasePriority};
use patchbay_simulator::OAuthRules;
use tokio::sync::Semaphore;

use super::OAuth2Bed;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_share_one_refresh() {
    let bed = Arc::new(OAuth2Bed::start().await);
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    let calls = (0..1000).map(|_| {
        let (bed, account) = (bed.clone(), account.clone());
        tokio::spawn(async move { bed.run(&account, "get_me").await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_refresh() {
    let bed = Arc::new(OAuth2Bed::start().await);
    let account = bed.authorize().await;
    let other = bed.another_engine().await;
    bed.clock.advance_seconds(3700);
    let gate = bed.hold_token_request();
    let begun = Arc::new(Semaphore::new(0));
    let calls = (0..40).map(|number| {
        let (bed, account, other, begun) = (bed.clone(), account.clone(), other.clone(), begun.clone());
        tokio::spawn(async move {
            let engine = if number % 2 == 0 { &other } else { &bed.engine };
            begun.add_permits(1);
            bed.run_on(engine, &account, "get_me").await
        })
    });
    let calls = calls.collect::<Vec<_>>();
    // The provider responds when both processes have calls that need the token.
    gate.arrived().await;
    drop(begun.acquire_many(40).await.unwrap());
    gate.open();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
}

#[tokio::test]
async fn a_cancelled_call_loses_no_token() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    let gate = bed.hold_token_request();
    tokio::select! {
        _ = bed.run(&account, "get_me") => panic!("the refresh is held"),
        () = gate.arrived() => {}
    }
    gate.open();
    bed.engine.settle().await;
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
    bed.run(&account, "get_me").await.unwrap();
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
}

#[tokio::test]
async fn a_change_during_a_refresh_is_kept() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    let gate = bed.hold_token_request();
    let label = async {
        gate.arrived().await;
        let patch = AccountPatch { label: Some(Some("new".into())), ..AccountPatch::default() };
        let changed = bed.patch_account(&account, patch).await;
        gate.open();
        changed
    };
    let (call, change) = tokio::join!(bed.run(&account, "get_me"), label);
    call.unwrap();
    change.unwrap();
    let stored = bed.stored(&account).await;
    assert_eq!(stored.label.as_deref(), Some("new"));
    bed.clock.advance_seconds(3700);
    bed.run(&account, "get_me").await.unwrap();
    assert_eq!(bed.count_token_requests("refresh_token"), 2);
}

/// A process can end before the token request is recorded, after that, and after the provider has responded. The test
/// stores what a killed process leaves behind.
#[tokio::test]
async fn a_crash_at_any_point_loses_no_valid_token() {
    // Before the token request: the stored token is the provider's newest one.
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    let now = bed.clock.now();
    let leases = bed.storage.refresh_leases();
    let lease =
        leases.acquire(bed.project(), &account, now, now.plus_seconds(90), LeasePriority::Normal).await.unwrap();
    let LeaseOutcome::Granted(lease) = lease else { panic!("{lease:?}") };
    assert!(leases.mark_sent(&lease, bed.stored(&account).await.revision).await.unwrap());
    let after = bed.another_engine().await;
    bed.run_on(&after, &account, "get_me").await.unwrap();
    assert_eq!(bed.count_token_requests("refresh_token"), 1);

    // After the response, and the provider accepts a rotated token for a grace period: the next call works.
    let bed = OAuth2Bed::with_rules(OAuthRules { rotation_grace_secs: 60, ..OAuthRules::default() }).await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    lose_token_response(&bed, &account).await;
    let after = bed.another_engine().await;
    bed.run_on(&after, &account, "get_me").await.unwrap();

    // After the response, and the provider accepts a token once: the account must be reconnected, and says why.
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    lose_token_response(&bed, &account).await;
    let after = bed.another_engine().await;
    let error = bed.run_on(&after, &account, "get_me").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AccountExpiredCredentials);
    assert!(error.message.contains("was interrupted before its response was stored"), "{error}");
    assert_eq!(bed.stored(&account).await.status, AccountStatus::ReconnectRequired);
    assert!(bed.provider.live_refresh_tokens().is_empty(), "nothing is lost that the provider would accept");
}

/// Stores the state after a process that ended between the provider's response and its commit.
async fn lose_token_response(bed: &OAuth2Bed, account: &AccountId) {
    let before = bed.stored(account).await;
    bed.run(account, "get_me").await.unwrap();
    // The old secrets, the lease, and the record of the sent token request.
    let now = bed.clock.now();
    let lease = bed
        .storage
        .refresh_leases()
        .acquire(bed.project(), account, now, now.plus_seconds(90), LeasePriority::Urgent)
        .await
        .unwrap();
    let LeaseOutcome::Granted(lease) = lease else { panic!("{lease:?}") };
    let read = bed.stored(account).await.revision;
    bed.storage.accounts().update(&Account { revision: read + 1, ..before }, read).await.unwrap();
    assert!(bed.storage.refresh_leases().mark_sent(&lease, read + 1).await.unwrap());
}

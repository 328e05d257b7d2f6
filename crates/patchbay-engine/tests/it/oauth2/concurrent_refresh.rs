//! Refreshes by concurrent calls and processes, and interrupted ones.

use std::{sync::Arc, time::Duration};

use patchbay_engine::{AccountPatch, Engine, EngineParts, ErrorCode};
use patchbay_model::{Account, AccountId, AccountStatus, Clock, LeaseOutcome, LeasePriority};
use patchbay_simulator::OAuthRules;
use patchbay_storage::{conformance::postgres_server::PostgresServer, postgres::PostgresStorage};
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

/// Two servers with connections of their own to one PostgreSQL. The provider revokes the family of a refresh token that is used twice:
/// a round with two refreshes would end the account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_database_use_no_refresh_token_twice() {
    let server = PostgresServer::start();
    let url = server.create_database("shared", None).await;
    let first = Arc::new(PostgresStorage::open(&url, 4).await.unwrap());
    let second = Arc::new(PostgresStorage::open(&url, 4).await.unwrap());
    let bed = Arc::new(OAuth2Bed::on(Some(first.clone()), OAuthRules::default()).await);
    let account = bed.authorize().await;
    let other = Engine::start(EngineParts { storage: second.clone(), ..bed.setup.parts() }).await.unwrap();
    for round in 1..=100 {
        bed.clock.advance_seconds(3700);
        let calls = (0..4).map(|number| {
            let (bed, account, other) = (bed.clone(), account.clone(), other.clone());
            tokio::spawn(async move {
                let engine = if number % 2 == 0 { &other } else { &bed.engine };
                bed.run_on(engine, &account, "get_me").await
            })
        });
        let calls = calls.collect::<Vec<_>>();
        // The background tasks of both find the account due, too.
        tokio::join!(bed.engine.refresh_due_tokens(), other.refresh_due_tokens());
        for call in calls {
            call.await.unwrap().unwrap_or_else(|error| panic!("round {round}: {error}"));
        }
        assert_eq!(bed.count_token_requests("refresh_token"), round);
    }
    assert_eq!(bed.provider.live_refresh_tokens().len(), 1);
    for engine in [&bed.engine, &other] {
        engine.shutdown().await;
    }
    first.close().await;
    second.close().await;
}

/// A server dies while it waits for the answer of a token request. Another one gets its lease within 20 seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lease_of_a_dead_server_is_free_within_20_seconds() {
    let server = PostgresServer::start();
    let url = server.create_database("dead", None).await;
    let storage = Arc::new(PostgresStorage::open(&url, 4).await.unwrap());
    let rules = OAuthRules { rotation_grace_secs: 600, ..OAuthRules::default() };
    let bed = Arc::new(OAuth2Bed::on(Some(storage.clone()), rules).await);
    let account = bed.authorize().await;
    let dying = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let parts = bed.setup.parts();
    let start = dying.spawn(async move {
        let storage = Arc::new(PostgresStorage::open(&url, 4).await.unwrap());
        Engine::start(EngineParts { storage, ..parts }).await.unwrap()
    });
    let engine = start.await.unwrap();
    bed.clock.advance_seconds(3700);
    let gate = bed.hold_token_request();
    let (calling, of) = (bed.clone(), account.clone());
    dying.spawn(async move { calling.run_on(&engine, &of, "get_me").await });
    gate.arrived().await;
    dying.shutdown_background();
    let held_until = async || {
        let now = bed.clock.now();
        let leases = bed.storage.refresh_leases();
        leases.acquire(bed.project(), &account, now, now.plus_seconds(1), LeasePriority::Normal).await.unwrap()
    };
    bed.clock.advance_seconds(5);
    assert!(matches!(held_until().await, LeaseOutcome::Held(_)), "it may only be slow");
    bed.clock.advance_seconds(15);
    bed.run(&account, "get_me").await.unwrap();
    assert_eq!(bed.stored(&account).await.status, AccountStatus::Active);
    gate.open();
    bed.engine.shutdown().await;
    storage.close().await;
}

/// A provider that takes longer than a lease lasts: nobody else sends a request meanwhile.
#[tokio::test]
async fn a_refresh_that_takes_long_keeps_its_lease() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    let gate = bed.hold_token_request();
    let slow = async {
        gate.arrived().await;
        for _ in 0..3 {
            bed.clock.advance_seconds(10);
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(3)).await;
            tokio::time::resume();
            let (leases, now) = (bed.storage.refresh_leases(), bed.clock.now());
            let mut tries = 0;
            loop {
                let end = now.plus_seconds(1);
                let outcome = leases.acquire(bed.project(), &account, now, end, LeasePriority::Urgent).await.unwrap();
                let LeaseOutcome::Held(until) = outcome else { panic!("{outcome:?}") };
                if until > now.plus_seconds(2) {
                    break;
                }
                tries += 1;
                assert!(tries < 100_000, "the lease is not extended");
                tokio::task::yield_now().await;
            }
        }
        gate.open();
    };
    let (call, ()) = tokio::join!(bed.run(&account, "get_me"), slow);
    call.unwrap();
    assert_eq!(bed.count_token_requests("refresh_token"), 1);
}

/// Due accounts are shared among servers that look for them at once: no one waits for what the other one refreshes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_share_the_accounts_that_are_due() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    for number in 0..20 {
        bed.authorize_owner(&profile.id, &format!("customer {number}")).await;
    }
    let other = bed.another_engine().await;
    bed.clock.advance_seconds(3700);
    tokio::join!(bed.engine.refresh_due_tokens(), other.refresh_due_tokens());
    assert_eq!(bed.count_token_requests("refresh_token"), 20);
    tokio::join!(bed.engine.refresh_due_tokens(), other.refresh_due_tokens());
    assert_eq!(bed.count_token_requests("refresh_token"), 20, "nothing is due");
}

/// A process that was paused comes back when its lease has expired and another process has a newer one. Its call is not an error: it
/// waits for the other one, and then looks again.
#[tokio::test]
async fn a_call_that_lost_its_lease_waits_for_the_next_holder() {
    let bed = OAuth2Bed::with_rules(OAuthRules { rotation_grace_secs: 600, ..OAuthRules::default() }).await;
    let account = bed.authorize().await;
    bed.clock.advance_seconds(3700);
    let gate = bed.hold_token_request();
    let other = async {
        gate.arrived().await;
        bed.clock.advance_seconds(100);
        let (leases, now) = (bed.storage.refresh_leases(), bed.clock.now());
        let lease = leases.acquire(bed.project(), &account, now, now.plus_seconds(90), LeasePriority::Normal).await;
        let Ok(LeaseOutcome::Granted(lease)) = lease else { panic!("{lease:?}") };
        gate.open();
        while bed.count_token_requests("refresh_token") == 0 {
            tokio::task::yield_now().await;
        }
        leases.release(&lease).await.unwrap();
    };
    let (call, ()) = tokio::join!(bed.run(&account, "get_me"), other);
    call.unwrap();
    assert_eq!(bed.count_token_requests("refresh_token"), 2);
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
    assert!(leases.mark_sent(&lease, bed.stored(&account).await.revision, now.plus_seconds(90)).await.unwrap());
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
    bed.storage.accounts().update(&Account { revision: read + 1, ..before }, read, &[]).await.unwrap();
    assert!(bed.storage.refresh_leases().mark_sent(&lease, read + 1, now.plus_seconds(90)).await.unwrap());
}

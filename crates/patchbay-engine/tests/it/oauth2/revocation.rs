//! Revocation at the provider, of a deleted account and of many accounts.

use futures_util::FutureExt;
use patchbay_engine::{AccountPatch, Engine, ErrorCode, Revocation, RevocationQuery};
use patchbay_model::{AccountStatus, CallKind, Clock as _, Timestamp};
use patchbay_simulator::{Fault, PlannedFault};
use serde_json::{Map, json};

use super::{APP_SECRET, OAuth2Bed, fault_at};

fn down(times: u32) -> PlannedFault {
    let body = json!({ "error": "temporarily_unavailable" });
    fault_at("/revoke", times, Fault::Status { status: 503, body, headers: Map::new() })
}

async fn calls(bed: &OAuth2Bed) -> Vec<(CallKind, u16)> {
    bed.engine.shutdown().await;
    let calls = bed.all_logged().await;
    let calls = calls.iter().filter(|call| call.source.kind.as_deref() == Some(CallKind::Revocation.as_str()));
    calls.map(|call| (CallKind::Revocation, call.status)).collect()
}

#[tokio::test]
async fn deleting_an_account_revokes_its_grant() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    let token = bed.provider.live_refresh_tokens().pop().unwrap();
    assert!(bed.provider.accepts(&token));
    let deleted = bed.delete_account(&account).await.unwrap();
    assert_eq!(deleted.revocation, Some(Revocation::Confirmed));
    assert!(!bed.provider.accepts(&token));
    assert!(bed.provider.live_refresh_tokens().is_empty());
    assert_eq!(calls(&bed).await, [(CallKind::Revocation, 200)]);
}

#[tokio::test]
async fn revocations_finish_after_the_caller_disconnects() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let [first, second] =
        [bed.authorize_owner(&profile.id, "first").await, bed.authorize_owner(&profile.id, "second").await];
    // The caller disconnects right after the request.
    assert!(bed.delete_account(&first).now_or_never().is_none());
    bed.engine.shutdown().await;
    assert!(bed.storage.accounts().get(bed.project(), &first).await.unwrap().is_none());
    assert_eq!(bed.provider.live_refresh_tokens().len(), 1);

    let query = RevocationQuery { connector: Some("oauth2".into()), ..RevocationQuery::default() };
    assert!(bed.engine.revocations.revoke(&bed.caller, query).now_or_never().is_none());
    while !bed.provider.live_refresh_tokens().is_empty() {
        tokio::task::yield_now().await;
    }
    // The provider has revoked the token; the shutdown waits for the rest.
    bed.engine.shutdown().await;
    assert!(bed.stored(&second).await.secrets.is_empty());
}

#[tokio::test]
async fn an_unconfirmed_revocation_still_deletes_the_account() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.provider.plan(down(100));
    let deleted = bed.delete_account(&account).await.unwrap();
    let Some(revocation @ Revocation::Failed { .. }) = deleted.revocation else { panic!("{:?}", deleted.revocation) };
    insta::assert_snapshot!(revocation.message("Harbor"), @"Harbor did not confirm the revocation: Harbor returned the error temporarily_unavailable; try again, or remove the app's access there");
    assert!(bed.storage.accounts().get(bed.project(), &account).await.unwrap().is_none());
    assert_eq!(calls(&bed).await, [(CallKind::Revocation, 503)]);
}

#[tokio::test]
async fn a_revocation_that_times_out_still_deletes_the_account() {
    let bed = OAuth2Bed::start().await;
    let account = bed.authorize().await;
    bed.provider.plan(fault_at("/revoke", 100, Fault::Hang));
    let mut parts = bed.setup.parts();
    parts.config.call_budget_millis = 50;
    let impatient = Engine::start(parts).await.unwrap();
    let deleted = Box::pin(impatient.accounts.delete(&bed.caller, &account)).await.unwrap();
    let Some(revocation @ Revocation::Failed { .. }) = deleted.revocation else { panic!("{:?}", deleted.revocation) };
    let message = revocation.message("Harbor");
    assert!(message.starts_with("Harbor did not confirm the revocation: "), "{message}");
    assert!(bed.storage.accounts().get(bed.project(), &account).await.unwrap().is_none());
    impatient.shutdown().await;
    assert_eq!(calls(&bed).await, [(CallKind::Revocation, 408)]);
}

#[tokio::test]
async fn a_revoke_action_is_used_and_typed_secrets_cannot_be_revoked() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("log_in").await;
    let account = bed.link_through(&profile, &[("user", "app"), ("password", APP_SECRET)]).await.unwrap();
    assert_eq!(bed.run(&account.id, "get_me").await.unwrap()["data"]["name"], "Ada");
    let deleted = bed.delete_account(&account.id).await.unwrap();
    assert_eq!(deleted.revocation, Some(Revocation::Confirmed));

    let account = bed.client_credentials_account().await;
    let deleted = bed.delete_account(&account.id).await.unwrap();
    assert_eq!(deleted.revocation, Some(Revocation::Unsupported));
    assert_eq!(calls(&bed).await, [(CallKind::Revocation, 200)], "nothing is sent without a token");
}

#[tokio::test]
async fn revoking_many_accounts_reports_each_outcome() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let before = bed.authorize_owner(&profile.id, "before").await;
    bed.clock.advance_seconds(60);
    let since = bed.clock.now();
    let first = bed.authorize_owner(&profile.id, "first").await;
    let second = bed.authorize_owner(&profile.id, "second").await;
    let typed = bed.client_credentials_account().await.id.clone();
    bed.clock.advance_seconds(60);
    let until = bed.clock.now();
    let after = bed.authorize_owner(&profile.id, "after").await;
    let query = |is_dry_run| RevocationQuery {
        connector: Some("oauth2".into()),
        since: Some(since),
        until: Some(until),
        is_dry_run,
    };
    let revoke = async |is_dry_run| bed.engine.revocations.revoke(&bed.caller, query(is_dry_run)).await.unwrap();

    let dry = revoke(true).await;
    assert_eq!((dry.accounts.len(), dry.remaining), (3, 0));
    assert!(dry.accounts.iter().all(|account| account.revocation.is_none() && !account.is_wiped));
    assert_eq!(bed.provider.live_refresh_tokens().len(), 4, "a dry run revokes nothing");

    // The provider rejects the first revocation.
    bed.provider.plan(down(1));
    let report = revoke(false).await;
    let mut outcomes: Vec<_> = report
        .accounts
        .iter()
        .map(|account| (account.revocation.as_ref().map(Revocation::as_str), account.is_wiped))
        .collect();
    outcomes.sort();
    assert_eq!(outcomes, [(Some("confirmed"), true), (Some("failed"), false), (Some("unsupported"), true)]);
    for id in [&before, &after] {
        bed.run(id, "get_me").await.unwrap();
    }

    // A failed account is suspended with its credentials and tried again; a revoked account is not.
    let failed = report.accounts.iter().find(|account| !account.is_wiped).unwrap().account.id.clone();
    let stored = bed.stored(&failed).await;
    assert_eq!((stored.status, stored.secrets.is_empty(), stored.refresh_at), (AccountStatus::Suspended, false, None));
    let again = revoke(false).await;
    assert_eq!(again.accounts.iter().map(|account| &account.account.id).collect::<Vec<_>>(), [&failed]);
    assert!(again.accounts[0].is_wiped);
    assert!(revoke(false).await.accounts.is_empty());
    assert_eq!(bed.provider.live_refresh_tokens().len(), 2);

    // A revoked account has no secrets, and a reconnect keeps its ID.
    for id in [&first, &second, &typed] {
        let stored = bed.stored(id).await;
        assert!(stored.secrets.is_empty() && stored.token.is_none());
        let error = bed.run(id, "get_me").await.unwrap_err();
        assert_eq!((error.status(), error.code), (412, ErrorCode::AccountRevoked));
        let resume = AccountPatch { status: Some(AccountStatus::Active), ..AccountPatch::default() };
        let error = bed.patch_account(id, resume).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::AccountRevoked);
    }
    assert_eq!(bed.reconnect(&profile.id, &first).await, first);
    bed.run(&first, "get_me").await.unwrap();
}

#[tokio::test]
async fn an_unrestricted_revocation_query_is_rejected() {
    let bed = OAuth2Bed::start().await;
    for query in [
        RevocationQuery::default(),
        RevocationQuery {
            since: Some(Timestamp::from_micros(5)),
            until: Some(Timestamp::from_micros(5)),
            ..RevocationQuery::default()
        },
    ] {
        let error = bed.engine.revocations.revoke(&bed.caller, query).await.unwrap_err();
        assert_eq!((error.status(), error.code), (400, ErrorCode::Validation));
    }
}

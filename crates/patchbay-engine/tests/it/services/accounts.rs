//! Statuses, filters and changes of linked accounts.

use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use patchbay_engine::{AccountPatch, EffectiveStatus, ErrorCode, ProfilePatch};
use patchbay_model::{Account, AccountStatus};
use patchbay_storage::Storage;

use super::{GOOD, OTHER, link, owners_with_status, profile_for, respond, two_methods_bed, whoami};
use crate::support::{HttpProvider, TestBed, secrets, session_for};

fn status(status: AccountStatus) -> AccountPatch {
    AccountPatch { status: Some(status), ..AccountPatch::default() }
}

#[tokio::test]
async fn suspending_resuming_and_deleting_take_effect_at_once() {
    let bed = two_methods_bed().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    let patch = async |patch| bed.patch_account(&account.id, patch).await;
    whoami(&bed, &account).await.unwrap();
    let suspended = patch(status(AccountStatus::Suspended)).await.unwrap();
    assert_eq!(
        (suspended.status(), suspended.account.status_reasons.len()),
        (EffectiveStatus::Stored(AccountStatus::Suspended), 1)
    );
    assert_eq!(whoami(&bed, &account).await.unwrap_err().code, ErrorCode::AccountSuspended);
    let edited = patch(AccountPatch { credentials: secrets(&[("key", OTHER)]), ..AccountPatch::default() }).await;
    assert_eq!(
        edited.unwrap().status(),
        EffectiveStatus::Stored(AccountStatus::Suspended),
        "new credentials do not end a suspension"
    );
    let resumed = patch(status(AccountStatus::Active)).await.unwrap();
    assert_eq!(
        (resumed.status(), resumed.account.status_reasons.len()),
        (EffectiveStatus::Stored(AccountStatus::Active), 0)
    );
    whoami(&bed, &account).await.unwrap();
    assert_eq!(bed.provider.last_header("/whoami", "x-key").as_deref(), Some(OTHER));
    let settable = [AccountStatus::Active, AccountStatus::Suspended];
    for wrong in AccountStatus::ALL.into_iter().filter(|status| !settable.contains(status)) {
        assert_eq!(patch(status(wrong)).await.unwrap_err().status(), 400);
    }
    bed.delete_account(&account.id).await.unwrap();
    assert_eq!(whoami(&bed, &account).await.unwrap_err().code, ErrorCode::AccountNotFound);
    assert_eq!(bed.delete_account(&account.id).await.unwrap_err().status(), 404);
}

#[tokio::test]
async fn the_provider_verifies_new_credentials_four_times_while_other_changes_win() {
    let changed = Arc::new(OnceLock::<(Arc<dyn Storage>, Arc<Account>)>::new());
    let other = changed.clone();
    let provider = HttpProvider::new(move |request: Request| {
        let (other, path) = (other.clone(), request.uri().path().to_owned());
        async move {
            if let Some((storage, account)) = other.get().filter(|_| path == "/whoami") {
                let mut account = storage.accounts().get(&account.project_id, &account.id).await.unwrap().unwrap();
                account.revision += 1;
                assert!(storage.accounts().update(&account, account.revision - 1, &[]).await.unwrap());
            }
            respond(&path, request.headers())
        }
    });
    let url = "https://api.two-methods.example.com";
    let bed = TestBed::builder().connector("two_methods").provider(url, provider).start().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    assert!(changed.set((bed.storage.clone(), account.clone())).is_ok());
    bed.provider.take_requests();
    let patch = AccountPatch { credentials: secrets(&[("key", OTHER)]), ..AccountPatch::default() };
    assert_eq!(bed.patch_account(&account.id, patch).await.unwrap_err().code, ErrorCode::Conflict);
    let requests = bed.provider.take_requests();
    assert_eq!(requests.iter().filter(|request| *request == "GET /whoami").count(), 4, "{requests:?}");
    whoami(&bed, &account).await.unwrap();
    assert_eq!(bed.provider.last_header("/whoami", "x-key").as_deref(), Some(GOOD));
}

#[tokio::test]
async fn a_status_filter_matches_the_effective_status() {
    let bed = two_methods_bed().await;
    let off = profile_for(&bed, "key", "production").await;
    link(&bed, "active", GOOD).await.unwrap();
    bed.link_with(session_for("inactive"), &off, &[("key", GOOD)]).await.unwrap();
    let paused = link(&bed, "suspended", GOOD).await.unwrap();
    let both = bed.link_with(session_for("suspended-off"), &off, &[("key", GOOD)]).await.unwrap();
    for account in [&paused, &both] {
        bed.patch_account(&account.id, status(AccountStatus::Suspended)).await.unwrap();
    }
    let patch = ProfilePatch { active: Some(false), ..ProfilePatch::default() };
    bed.patch_profile(&off.id, patch).await.unwrap();
    let [active, suspended, reconnect] =
        [AccountStatus::Active, AccountStatus::Suspended, AccountStatus::ReconnectRequired]
            .map(EffectiveStatus::Stored);
    let disabled = EffectiveStatus::ProfileDisabled;
    for (statuses, expected) in [
        (&[active][..], &["active"][..]),
        (&[active, active], &["active"]),
        (&[disabled], &["inactive"]),
        (&[suspended], &["suspended", "suspended-off"]),
        (&[active, suspended], &["active", "suspended", "suspended-off"]),
        (&[disabled, suspended], &["inactive", "suspended", "suspended-off"]),
        (&[active, disabled], &["active", "inactive"]),
        (&[active, disabled, suspended], &["active", "inactive", "suspended", "suspended-off"]),
        (&[reconnect], &[]),
        (&[], &["active", "inactive", "suspended", "suspended-off"]),
    ] {
        assert_eq!(owners_with_status(&bed, statuses).await, expected, "{statuses:?}");
    }
}

#[tokio::test]
async fn concurrent_changes_are_all_stored() {
    let bed = two_methods_bed().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    let patch = |patch| bed.patch_account(&account.id, patch);
    let label = AccountPatch { label: Some(Some("Legal".into())), ..AccountPatch::default() };
    let shared = AccountPatch { shared: Some(true), ..AccountPatch::default() };
    let credentials = AccountPatch { credentials: secrets(&[("key", OTHER)]), ..AccountPatch::default() };
    let (a, b, c) = tokio::join!(patch(label), patch(shared), patch(credentials));
    for changed in [a, b, c] {
        changed.unwrap();
    }
    let now = bed.view(&account.id).await.account;
    assert_eq!((now.label.as_deref(), now.shared), (Some("Legal"), true));
    assert_eq!(now.revision, account.revision + 3);
    whoami(&bed, &account).await.unwrap();
    assert_eq!(bed.provider.last_header("/whoami", "x-key").as_deref(), Some(OTHER));
}

/// Far more than the attempts that one change has.
#[tokio::test]
async fn very_many_concurrent_changes_are_all_stored() {
    let bed = two_methods_bed().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    let bed = &bed;
    let changes = (0..60).map(|number| {
        let id = account.id.clone();
        // Every third asks the provider.
        let credentials = if number % 3 == 0 { secrets(&[("key", OTHER)]) } else { Vec::new() };
        let label = Some(Some(format!("label {number}")));
        async move { bed.patch_account(&id, AccountPatch { label, credentials, ..AccountPatch::default() }).await }
    });
    for changed in futures_util::future::join_all(changes).await {
        changed.unwrap();
    }
    let now = bed.view(&account.id).await.account;
    assert_eq!(now.revision, account.revision + 60);
    whoami(bed, &account).await.unwrap();
    assert_eq!(bed.provider.last_header("/whoami", "x-key").as_deref(), Some(OTHER));
}

#[tokio::test]
async fn an_empty_patch_changes_nothing() {
    let bed = two_methods_bed().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    bed.clock.advance_seconds(60);
    let same = bed.patch_account(&account.id, AccountPatch::default()).await.unwrap();
    assert_eq!(*same.account, *account);
}

#[tokio::test]
async fn a_profile_in_use_cannot_be_deleted() {
    let bed = two_methods_bed().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    let gone = bed.engine.profiles.delete(&bed.caller, &account.profile_id).await.unwrap_err();
    assert_eq!((gone.status(), gone.code), (409, ErrorCode::ProfileInUse));
    whoami(&bed, &account).await.unwrap();
    bed.delete_account(&account.id).await.unwrap();
    bed.engine.profiles.delete(&bed.caller, &account.profile_id).await.unwrap();
    let gone = bed.engine.profiles.get(&bed.caller, &account.profile_id).await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::ProfileNotFound);
}

//! States, filters and changes of linked accounts.

use patchbay_engine::{AccountPatch, EffectiveStatus, ErrorCode, ProfilePatch};
use patchbay_model::AccountStatus;

use crate::world::{GOOD, OTHER, World, secrets, session_for};

fn status(status: AccountStatus) -> AccountPatch {
    AccountPatch { status: Some(status), ..AccountPatch::default() }
}

#[tokio::test]
async fn suspending_resuming_and_deleting_take_effect_at_once() {
    let world = World::new().await;
    let account = world.link("a", GOOD).await.unwrap();
    let patch = async |patch| world.engine.patch_account(&world.caller, &account.id, patch).await;
    world.whoami(&account).await.unwrap();
    let suspended = patch(status(AccountStatus::Suspended)).await.unwrap();
    assert_eq!(
        (suspended.status(), suspended.account.status_reasons.len()),
        (EffectiveStatus::Stored(AccountStatus::Suspended), 1)
    );
    assert_eq!(world.whoami(&account).await.unwrap_err().code, ErrorCode::AccountSuspended);
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
    world.whoami(&account).await.unwrap();
    assert_eq!(world.last_header("/whoami", "x-key").as_deref(), Some(OTHER));
    let settable = [AccountStatus::Active, AccountStatus::Suspended];
    for wrong in AccountStatus::ALL.into_iter().filter(|status| !settable.contains(status)) {
        assert_eq!(patch(status(wrong)).await.unwrap_err().status(), 400);
    }
    world.engine.delete_account(&world.caller, &account.id).await.unwrap();
    assert_eq!(world.whoami(&account).await.unwrap_err().code, ErrorCode::AccountNotFound);
    assert_eq!(world.engine.delete_account(&world.caller, &account.id).await.unwrap_err().status(), 404);
}

#[tokio::test]
async fn a_status_filter_matches_the_effective_status() {
    let world = World::new().await;
    let off = world.new_profile("key", "production").await;
    world.link("active", GOOD).await.unwrap();
    world.link_with(session_for("inactive"), &off, &[("key", GOOD)]).await.unwrap();
    let paused = world.link("suspended", GOOD).await.unwrap();
    let both = world.link_with(session_for("suspended-off"), &off, &[("key", GOOD)]).await.unwrap();
    for account in [&paused, &both] {
        world.engine.patch_account(&world.caller, &account.id, status(AccountStatus::Suspended)).await.unwrap();
    }
    let patch = ProfilePatch { active: Some(false), ..ProfilePatch::default() };
    world.engine.profiles.patch(&world.caller, &off.id, patch).await.unwrap();
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
        assert_eq!(world.listed(statuses).await, expected, "{statuses:?}");
    }
}

#[tokio::test]
async fn concurrent_changes_are_all_stored() {
    let world = World::new().await;
    let account = world.link("a", GOOD).await.unwrap();
    let patch = |patch| world.engine.patch_account(&world.caller, &account.id, patch);
    let label = AccountPatch { label: Some(Some("Legal".into())), ..AccountPatch::default() };
    let shared = AccountPatch { shared: Some(true), ..AccountPatch::default() };
    let credentials = AccountPatch { credentials: secrets(&[("key", OTHER)]), ..AccountPatch::default() };
    let (a, b, c) = tokio::join!(patch(label), patch(shared), patch(credentials));
    for changed in [a, b, c] {
        changed.unwrap();
    }
    let now = world.engine.get_account(&world.caller, &account.id).await.unwrap().account;
    assert_eq!((now.label.as_deref(), now.shared), (Some("Legal"), true));
    assert_eq!(now.revision, account.revision + 3);
    world.whoami(&account).await.unwrap();
    assert_eq!(world.last_header("/whoami", "x-key").as_deref(), Some(OTHER));
}

#[tokio::test]
async fn an_empty_patch_changes_nothing() {
    let world = World::new().await;
    let account = world.link("a", GOOD).await.unwrap();
    world.clock.advance_seconds(60);
    let same = world.engine.patch_account(&world.caller, &account.id, AccountPatch::default()).await.unwrap();
    assert_eq!(*same.account, *account);
}

#[tokio::test]
async fn a_profile_in_use_cannot_be_deleted() {
    let world = World::new().await;
    let account = world.link("a", GOOD).await.unwrap();
    let gone = world.engine.profiles.delete(&world.caller, &account.profile_id).await.unwrap_err();
    assert_eq!((gone.status(), gone.code), (409, ErrorCode::ProfileInUse));
    world.whoami(&account).await.unwrap();
    world.engine.delete_account(&world.caller, &account.id).await.unwrap();
    world.engine.profiles.delete(&world.caller, &account.profile_id).await.unwrap();
    let gone = world.engine.profiles.get(&world.caller, &account.profile_id).await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::ProfileNotFound);
}

//! From typed values to an account: what is tried, what is stored, what is updated.

use patchbay_engine::{AccountPatch, ErrorCode, LinkRequest, NewSession, ProfilePatch};
use patchbay_model::AccountStatus;

use crate::world::{BAD, GOOD, NO_QUOTA, OTHER, World, secrets, session_for};

#[tokio::test]
async fn rejected_credentials_are_not_stored() {
    let world = World::new().await;
    let error = world.link("a", BAD).await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountAuthenticationFailed));
    assert_eq!(error.provider.as_ref().unwrap().body["error"], "no such key");
    assert!(!format!("{error} {error:?}").contains(BAD));
    assert_eq!(world.count().await, 0);
}

#[tokio::test]
async fn a_failed_optional_test_action_becomes_a_status_reason() {
    let world = World::new().await;
    let account = world.link("a", NO_QUOTA).await.unwrap();
    assert_eq!(account.status, AccountStatus::Active);
    let [reason] = account.status_reasons.as_slice() else { panic!("{:?}", account.status_reasons) };
    assert!(reason.description.as_ref().unwrap().starts_with("Read the quota: "));
    assert!(!format!("{reason:?}").contains(NO_QUOTA));
    let edited = world.link("a", GOOD).await.unwrap();
    assert!(edited.status_reasons.is_empty());
}

#[tokio::test]
async fn an_owner_has_one_account_unless_the_session_allows_multiple() {
    let world = World::new().await;
    let first = world.link("a", GOOD).await.unwrap();
    let again = world.link("a", OTHER).await.unwrap();
    assert_eq!(again.id, first.id);
    assert!(again.revision > first.revision);
    world.whoami(&again).await.unwrap();
    assert_eq!(world.last_header("/whoami", "x-key").as_deref(), Some(OTHER));
    let session = NewSession { multiple: true, ..session_for("a") };
    let second = world.link_with(session, &*world.profile().await, &[("key", GOOD)]).await.unwrap();
    assert_ne!(second.id, first.id);
    let mut renamed = session_for("a");
    renamed.owner.name = "Acme Ltd".into();
    let third = world.link_with(renamed, &*world.profile().await, &[("key", GOOD)]).await.unwrap();
    assert_ne!(third.id, first.id);
    assert_eq!(world.count().await, 3);
}

#[tokio::test]
async fn concurrent_links_create_one_account() {
    let world = World::new().await;
    let profile = world.profile().await;
    let link = || world.link_with(session_for("a"), &profile, &[("key", GOOD)]);
    let (a, b, c, d) = tokio::join!(link(), link(), link(), link());
    let id = a.unwrap().id.clone();
    assert!([b, c, d].into_iter().all(|linked| linked.unwrap().id == id));
    assert_eq!(world.count().await, 1);
}

#[tokio::test]
async fn an_edit_keeps_omitted_fields() {
    let world = World::new().await;
    let linked = world.link("a", GOOD).await.unwrap();
    assert_eq!(linked.setup_information["book"], "main");
    let session = NewSession { account_id: Some(linked.id.clone()), ..session_for("a") };
    let (_, hub) = world.session(session).await;
    assert_eq!(world.engine.hub_account(&hub, &linked.id).await.unwrap().secret_keys, ["key"]);
    let typed = secrets(&[("book", "second"), ("key", "__secretvalue:**redacted**")]);
    let request = LinkRequest { profile_id: None, credentials: typed };
    let edited = world.engine.hub_link(&hub, request).await.unwrap();
    assert_eq!((&edited.id, &edited.setup_information["book"]), (&linked.id, &"second".into()));
    assert_eq!(edited.secrets["key"], linked.secrets["key"], "a secret that was not typed is not sealed again");
    assert_eq!(world.last_header("/whoami", "x-key").as_deref(), Some(GOOD));

    let request = LinkRequest { profile_id: None, credentials: secrets(&[("key", BAD), ("book", "third")]) };
    assert_eq!(world.engine.hub_link(&hub, request).await.unwrap_err().code, ErrorCode::AccountAuthenticationFailed);
    let kept = world.engine.get_account(&world.caller, &linked.id).await.unwrap().account;
    assert_eq!(*kept, *edited, "a refused edit leaves the account as it was");
}

#[tokio::test]
async fn linking_with_another_method_moves_the_account() {
    let world = World::new().await;
    let linked = world.link("a", GOOD).await.unwrap();
    let token = world.new_profile("token", "production").await;
    let moved = world.link_with(session_for("a"), &token, &[("token", OTHER)]).await.unwrap();
    assert_eq!((&moved.id, moved.auth_config_key.as_str(), &moved.profile_id), (&linked.id, "token", &token.id));
    assert_eq!(moved.secrets.keys().collect::<Vec<_>>(), ["token"], "nothing of the old method is kept");
    assert!(moved.setup_information.is_empty());
    world.whoami(&moved).await.unwrap();
    assert_eq!(world.last_header("/whoami", "x-token").as_deref(), Some(OTHER));
    assert_eq!(world.last_header("/whoami", "x-key"), None);
    // Through the API a profile of another method is still a mistake.
    let patch = AccountPatch { profile_id: Some(world.profile().await.id.clone()), ..AccountPatch::default() };
    assert_eq!(world.engine.patch_account(&world.caller, &linked.id, patch).await.unwrap_err().status(), 400);
}

#[tokio::test]
async fn credentials_are_tested_in_the_environment_of_the_calls() {
    let world = World::new().await;
    let linked = world.link("a", GOOD).await.unwrap();
    let environment = |path| world.last_header(path, "x-environment");
    assert_eq!(environment("/whoami").as_deref(), Some("production"));
    let sandbox = world.new_profile("key", "sandbox").await;
    let moved = world.link_with(session_for("a"), &sandbox, &[("key", GOOD)]).await.unwrap();
    assert_eq!(environment("/whoami").as_deref(), Some("sandbox"), "tried in the profile's environment");
    assert_eq!((&moved.id, moved.environment.as_str()), (&linked.id, "sandbox"));
    world.whoami(&moved).await.unwrap();
    assert_eq!(environment("/whoami").as_deref(), Some("sandbox"), "called in the environment that was tried");
    // An environment of its own is tried too.
    let calls = world.seen.lock().unwrap().len();
    let patch = AccountPatch { environment: Some("production".into()), ..AccountPatch::default() };
    let changed = world.engine.patch_account(&world.caller, &linked.id, patch).await.unwrap().account;
    assert_eq!(changed.environment, "production");
    assert!(world.seen.lock().unwrap().len() > calls);
    assert_eq!(environment("/whoami").as_deref(), Some("production"));
}

#[tokio::test]
async fn a_disabled_profile_rejects_links_of_open_sessions() {
    let world = World::new().await;
    let linked = world.link("a", GOOD).await.unwrap();
    let (_, hub) = world.session(session_for("b")).await;
    let profile = world.profile().await;
    let patch = ProfilePatch { active: Some(false), ..ProfilePatch::default() };
    world.engine.profiles.patch(&world.caller, &profile.id, patch).await.unwrap();
    let calls = world.seen.lock().unwrap().len();
    let request = LinkRequest { profile_id: Some(profile.id.clone()), credentials: secrets(&[("key", GOOD)]) };
    assert_eq!(world.engine.hub_link(&hub, request).await.unwrap_err().code, ErrorCode::ProfileInactive);
    let (_, own) = world.session(NewSession { account_id: Some(linked.id.clone()), ..session_for("a") }).await;
    let request = LinkRequest { profile_id: None, credentials: secrets(&[("key", GOOD)]) };
    assert_eq!(world.engine.hub_link(&own, request).await.unwrap_err().code, ErrorCode::ProfileInactive);
    assert!(world.engine.hub_profiles(&hub, None).await.unwrap().is_empty());
    assert_eq!(world.seen.lock().unwrap().len(), calls, "nothing was sent");
}

#[tokio::test]
async fn every_invalid_field_is_reported_before_any_request() {
    let world = World::new().await;
    let profile = world.profile().await;
    let typed = [("kee", GOOD), ("book", "two\nlines")];
    let error = world.link_with(session_for("a"), &profile, &typed).await.unwrap_err();
    let mut found = error.problems.iter().map(|p| (p.path.as_str(), p.code)).collect::<Vec<_>>();
    found.sort_unstable();
    let expected = [
        ("credentials.book", "control_character"),
        ("credentials.kee", "unknown_field"),
        ("credentials.key", "required"),
    ];
    assert_eq!(found, expected);
    assert!(!format!("{error} {error:?}").contains(GOOD));
    assert!(world.seen.lock().unwrap().is_empty());
}

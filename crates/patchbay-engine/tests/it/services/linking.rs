//! Linking and editing: what is tested, stored and updated.

use patchbay_engine::{AccountPatch, ErrorCode, LinkRequest, NewSession, ProfilePatch};
use patchbay_model::AccountStatus;

use super::{BAD, GOOD, NO_QUOTA, OTHER, count_accounts, link, profile_for, two_methods_bed, whoami};
use crate::support::{secrets, session_for};

#[tokio::test]
async fn rejected_credentials_are_not_stored() {
    let bed = two_methods_bed().await;
    let error = link(&bed, "a", BAD).await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountAuthenticationFailed));
    assert_eq!(error.provider.as_ref().unwrap().body["error"], "no such key");
    assert!(!format!("{error} {error:?}").contains(BAD));
    assert_eq!(count_accounts(&bed).await, 0);
}

#[tokio::test]
async fn a_failed_optional_test_action_becomes_a_status_reason() {
    let bed = two_methods_bed().await;
    let account = link(&bed, "a", NO_QUOTA).await.unwrap();
    assert_eq!(account.status, AccountStatus::Active);
    let [reason] = account.status_reasons.as_slice() else { panic!("{:?}", account.status_reasons) };
    assert!(reason.description.as_ref().unwrap().starts_with("Read the quota: "));
    assert!(!format!("{reason:?}").contains(NO_QUOTA));
    let edited = link(&bed, "a", GOOD).await.unwrap();
    assert!(edited.status_reasons.is_empty());
}

#[tokio::test]
async fn an_owner_has_one_account_unless_the_session_allows_multiple() {
    let bed = two_methods_bed().await;
    let first = link(&bed, "a", GOOD).await.unwrap();
    let again = link(&bed, "a", OTHER).await.unwrap();
    assert_eq!(again.id, first.id);
    assert!(again.revision > first.revision);
    whoami(&bed, &again).await.unwrap();
    assert_eq!(bed.provider.last_header("/whoami", "x-key").as_deref(), Some(OTHER));
    let session = NewSession { multiple: true, ..session_for("a") };
    let second = bed.link_with(session, &*bed.default_profile().await, &[("key", GOOD)]).await.unwrap();
    assert_ne!(second.id, first.id);
    let mut renamed = session_for("a");
    renamed.owner.name = "Acme Ltd".into();
    let third = bed.link_with(renamed, &*bed.default_profile().await, &[("key", GOOD)]).await.unwrap();
    assert_ne!(third.id, first.id);
    assert_eq!(count_accounts(&bed).await, 3);
}

#[tokio::test]
async fn concurrent_links_create_one_account() {
    let bed = two_methods_bed().await;
    let profile = bed.default_profile().await;
    let link = || bed.link_with(session_for("a"), &profile, &[("key", GOOD)]);
    let (a, b, c, d) = tokio::join!(link(), link(), link(), link());
    let id = a.unwrap().id.clone();
    assert!([b, c, d].into_iter().all(|linked| linked.unwrap().id == id));
    assert_eq!(count_accounts(&bed).await, 1);
}

#[tokio::test]
async fn an_edit_keeps_omitted_fields() {
    let bed = two_methods_bed().await;
    let linked = link(&bed, "a", GOOD).await.unwrap();
    assert_eq!(linked.setup_information["book"], "main");
    let session = NewSession { account_id: Some(linked.id.clone()), ..session_for("a") };
    let (_, hub) = bed.session(session).await;
    assert_eq!(bed.engine.linking.account(&hub, &linked.id).await.unwrap().secret_keys, ["key"]);
    let typed = secrets(&[("book", "second"), ("key", "__secretvalue:**redacted**")]);
    let request = LinkRequest { profile_id: None, credentials: typed };
    let edited = bed.engine.linking.link(&hub, request).await.unwrap();
    assert_eq!((&edited.id, &edited.setup_information["book"]), (&linked.id, &"second".into()));
    assert_eq!(edited.secrets["key"], linked.secrets["key"], "an omitted secret is not sealed again");
    assert_eq!(bed.provider.last_header("/whoami", "x-key").as_deref(), Some(GOOD));

    let request = LinkRequest { profile_id: None, credentials: secrets(&[("key", BAD), ("book", "third")]) };
    assert_eq!(bed.engine.linking.link(&hub, request).await.unwrap_err().code, ErrorCode::AccountAuthenticationFailed);
    let kept = bed.view(&linked.id).await.account;
    assert_eq!(*kept, *edited, "a rejected edit changes nothing");
}

#[tokio::test]
async fn linking_with_another_method_moves_the_account() {
    let bed = two_methods_bed().await;
    let linked = link(&bed, "a", GOOD).await.unwrap();
    let token = profile_for(&bed, "token", "production").await;
    let moved = bed.link_with(session_for("a"), &token, &[("token", OTHER)]).await.unwrap();
    assert_eq!((&moved.id, moved.auth_config_key.as_str(), &moved.profile_id), (&linked.id, "token", &token.id));
    assert_eq!(moved.secrets.keys().collect::<Vec<_>>(), ["token"], "the fields of the old method are removed");
    assert!(moved.setup_information.is_empty());
    whoami(&bed, &moved).await.unwrap();
    assert_eq!(bed.provider.last_header("/whoami", "x-token").as_deref(), Some(OTHER));
    assert_eq!(bed.provider.last_header("/whoami", "x-key"), None);
    // The API rejects a profile of another method.
    let patch = AccountPatch { profile_id: Some(bed.default_profile().await.id.clone()), ..AccountPatch::default() };
    assert_eq!(bed.patch_account(&linked.id, patch).await.unwrap_err().status(), 400);
}

#[tokio::test]
async fn credentials_are_tested_in_the_environment_of_the_calls() {
    let bed = two_methods_bed().await;
    let linked = link(&bed, "a", GOOD).await.unwrap();
    let environment = |path| bed.provider.last_header(path, "x-environment");
    assert_eq!(environment("/whoami").as_deref(), Some("production"));
    let sandbox = profile_for(&bed, "key", "sandbox").await;
    let moved = bed.link_with(session_for("a"), &sandbox, &[("key", GOOD)]).await.unwrap();
    assert_eq!(environment("/whoami").as_deref(), Some("sandbox"), "tested in the profile's environment");
    assert_eq!((&moved.id, moved.environment.as_str()), (&linked.id, "sandbox"));
    whoami(&bed, &moved).await.unwrap();
    assert_eq!(environment("/whoami").as_deref(), Some("sandbox"), "called in the tested environment");
    // A change of the account's environment is tested, too.
    let calls = bed.provider.request_count();
    let patch = AccountPatch { environment: Some("production".into()), ..AccountPatch::default() };
    let changed = bed.patch_account(&linked.id, patch).await.unwrap().account;
    assert_eq!(changed.environment, "production");
    assert!(bed.provider.request_count() > calls);
    assert_eq!(environment("/whoami").as_deref(), Some("production"));
}

#[tokio::test]
async fn a_disabled_profile_rejects_links_of_open_sessions() {
    let bed = two_methods_bed().await;
    let linked = link(&bed, "a", GOOD).await.unwrap();
    let (_, hub) = bed.session(session_for("b")).await;
    let (_, own) = bed.session(NewSession { account_id: Some(linked.id.clone()), ..session_for("a") }).await;
    let profile = bed.default_profile().await;
    let patch = ProfilePatch { active: Some(false), ..ProfilePatch::default() };
    bed.patch_profile(&profile.id, patch).await.unwrap();
    let calls = bed.provider.request_count();
    let request = LinkRequest { profile_id: Some(profile.id.clone()), credentials: secrets(&[("key", GOOD)]) };
    assert_eq!(bed.engine.linking.link(&hub, request).await.unwrap_err().code, ErrorCode::ProfileInactive);
    let request = LinkRequest { profile_id: None, credentials: secrets(&[("key", GOOD)]) };
    assert_eq!(bed.engine.linking.link(&own, request).await.unwrap_err().code, ErrorCode::ProfileInactive);
    assert!(bed.engine.linking.profiles(&hub, None).await.unwrap().is_empty());
    assert_eq!(bed.provider.request_count(), calls, "nothing is sent");
}

#[tokio::test]
async fn every_invalid_field_is_reported_before_any_request() {
    let bed = two_methods_bed().await;
    let profile = bed.default_profile().await;
    let typed = [("kee", GOOD), ("book", "two\nlines")];
    let error = bed.link_with(session_for("a"), &profile, &typed).await.unwrap_err();
    let mut found = error.problems.iter().map(|p| (p.path.to_string(), p.code)).collect::<Vec<_>>();
    found.sort_unstable();
    let expected = [
        ("credentials.book", "control_character"),
        ("credentials.kee", "unknown_field"),
        ("credentials.key", "required"),
    ];
    assert_eq!(found, expected.map(|(path, code)| (path.to_owned(), code)));
    assert!(!format!("{error} {error:?}").contains(GOOD));
    assert_eq!(bed.provider.request_count(), 0);
}

//! A provider that grants less than was asked for, and a sign-in that asks for no more than is needed.

use std::collections::BTreeSet;

use patchbay_engine::{ActionQuery, ErrorCode};
use patchbay_model::{AccountId, EnabledActions};
use patchbay_simulator::OAuthRules;

use crate::{
    authorization::{asked_scopes, asked_scopes_again, signed_in, signed_in_again},
    world::{APP_SECRET, World},
};

async fn missing(world: &World, account: &AccountId) -> Vec<(String, Vec<String>)> {
    let query = ActionQuery { account_ids: vec![account.clone()], page_size: 100, ..ActionQuery::default() };
    let entry = world.engine.action_catalog.list(&world.caller, query).await.unwrap().entries.remove(0);
    let actions = entry.actions.iter().map(|action| action.id.clone());
    actions.zip(entry.missing_scopes).filter(|(_, missing)| !missing.is_empty()).collect()
}

#[tokio::test]
async fn an_action_that_was_not_granted_is_not_sent() {
    let world = World::with(OAuthRules { granted_scopes: Some("publish".into()), ..OAuthRules::default() }).await;
    let account = signed_in(&world).await;
    // `publish` contains `read`.
    world.run(&account, "list_things").await.unwrap();
    let error = world.run(&account, "publish_thing").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::AccountMissingScopes));
    insta::assert_snapshot!(error.message, @"`oauth2_publish_thing` needs the scope `admin`, which Harbor did not grant to this account; reconnect the account and allow it");
    assert_eq!(world.provider.things(), 0);
    assert_eq!(missing(&world, &account).await, [("publish_thing".to_owned(), vec!["admin".to_owned()])]);
    let view = world.engine.get_account(&world.caller, &account).await.unwrap();
    assert_eq!(view.missing_scopes, ["admin"]);

    // After a reconnect with more scopes it may.
    world.provider.change(|rules| rules.granted_scopes = Some("admin".into()));
    let profile = view.account.profile_id.clone();
    assert_eq!(signed_in_again(&world, &profile, &account).await, account);
    world.run(&account, "publish_thing").await.unwrap();
    assert!(missing(&world, &account).await.is_empty());
}

#[tokio::test]
async fn what_a_provider_refuses_for_want_of_scopes_is_asked_for_again() {
    // It does not say what it granted, so that everything is tried.
    let rules = OAuthRules {
        granted_scopes: Some(String::new()),
        required_scope_for_things: Some("admin cargo".into()),
        ..OAuthRules::default()
    };
    let world = World::with(rules).await;
    let account = signed_in(&world).await;
    let profile = world.engine.get_account(&world.caller, &account).await.unwrap().account.profile_id.clone();
    let error = world.run(&account, "publish_thing").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::AccountMissingScopes));
    insta::assert_snapshot!(error.message, @"`oauth2_publish_thing` needs the scopes `admin`, `cargo`, which Harbor did not grant to this account; reconnect the account and allow them");
    assert_eq!(error.provider.unwrap().status, Some(403));
    // A renewal keeps the mark.
    world.provider.expire_access_tokens();
    world.run(&account, "list_things").await.unwrap();
    let view = world.engine.get_account(&world.caller, &account).await.unwrap();
    assert_eq!(view.missing_scopes, ["admin", "cargo"]);
    assert_eq!(asked_scopes(&world, &profile).await, "read,write", "a first sign-in");
    assert_eq!(asked_scopes_again(&world, &profile, &account).await, "read,write,admin,cargo");
    // Signed in again, it is tried again.
    world.provider.change(|rules| rules.required_scope_for_things = None);
    signed_in_again(&world, &profile, &account).await;
    let view = world.engine.get_account(&world.caller, &account).await.unwrap();
    assert_eq!(view.missing_scopes, Vec::<String>::new());
    world.run(&account, "publish_thing").await.unwrap();
}

#[tokio::test]
async fn what_a_provider_does_not_say_is_not_held_against_the_account() {
    let world = World::with(OAuthRules { granted_scopes: Some(String::new()), ..OAuthRules::default() }).await;
    let account = signed_in(&world).await;
    world.run(&account, "publish_thing").await.unwrap();
    assert!(missing(&world, &account).await.is_empty());
}

#[tokio::test]
async fn a_sign_in_asks_for_what_the_enabled_actions_need() {
    let world = World::new().await;
    for (actions, expected) in [
        // No action needs `write`, so that it is asked for whatever is enabled.
        (&["oauth2_list_things"][..], "read,write"),
        (&["oauth2_publish_thing"], "write,admin"),
        (&["oauth2_list_things", "oauth2_publish_thing"], "read,write,admin"),
        (&["oauth2_get_me"], "write"),
    ] {
        let only = EnabledActions::Only(actions.iter().map(|&id| id.to_owned()).collect::<BTreeSet<_>>());
        let profile = world.profile_of("sign_in", ("app", APP_SECRET), only).await;
        assert_eq!(asked_scopes(&world, &profile.id).await, expected, "{actions:?}");
    }
}

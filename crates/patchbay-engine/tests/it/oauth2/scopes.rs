//! Scopes: those that an authorization requests, and those that the provider did not grant.

use std::collections::BTreeSet;

use patchbay_engine::{ActionQuery, ErrorCode};
use patchbay_model::{AccountId, EnabledActions, ProfileId};
use patchbay_simulator::OAuthRules;

use super::{APP_SECRET, OAuth2Bed};
use crate::support::Browser;

impl OAuth2Bed {
    /// Returns the scopes that a new authorization requests.
    async fn requested_scopes(&self, profile: &ProfileId) -> String {
        Browser::open(self, profile).await.unwrap().parameter("scope").unwrap_or_default()
    }

    /// Returns the scopes that a reconnect of the account requests.
    async fn requested_scopes_on_reconnect(&self, profile: &ProfileId, account: &AccountId) -> String {
        self.reconnecting_browser(profile, account).await.parameter("scope").unwrap_or_default()
    }
}

/// Returns the account's actions with the scopes that they miss.
async fn missing(bed: &OAuth2Bed, account: &AccountId) -> Vec<(String, Vec<String>)> {
    let query = ActionQuery { account_ids: vec![account.clone()], page_size: 100, ..ActionQuery::default() };
    let entry = bed.engine.action_catalog.list(&bed.caller, query).await.unwrap().entries.remove(0);
    let actions = entry.actions.iter().map(|action| action.id.clone());
    actions.zip(entry.missing_scopes).filter(|(_, missing)| !missing.is_empty()).collect()
}

#[tokio::test]
async fn an_action_without_its_scope_is_not_sent() {
    let bed =
        OAuth2Bed::with_rules(OAuthRules { granted_scopes: Some("publish".into()), ..OAuthRules::default() }).await;
    let account = bed.authorize().await;
    // `publish` includes `read`.
    bed.run(&account, "list_things").await.unwrap();
    let error = bed.run(&account, "publish_thing").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::AccountMissingScopes));
    insta::assert_snapshot!(error.message, @"`oauth2_publish_thing` needs the scope `admin`, which Harbor did not grant to this account; reconnect the account and allow it");
    assert_eq!(bed.provider.things(), 0);
    assert_eq!(missing(&bed, &account).await, [("publish_thing".to_owned(), vec!["admin".to_owned()])]);
    let view = bed.view(&account).await;
    assert_eq!(view.missing_scopes, ["admin"]);

    // After a reconnect with more scopes, the action runs.
    bed.provider.change(|rules| rules.granted_scopes = Some("admin".into()));
    let profile = view.account.profile_id.clone();
    assert_eq!(bed.reconnect(&profile, &account).await, account);
    bed.run(&account, "publish_thing").await.unwrap();
    assert!(missing(&bed, &account).await.is_empty());
}

#[tokio::test]
async fn a_scope_that_the_provider_misses_is_requested_on_reconnect() {
    // The provider does not report the granted scopes, so the action is sent.
    let rules = OAuthRules {
        granted_scopes: Some(String::new()),
        required_scope_for_things: Some("admin cargo".into()),
        ..OAuthRules::default()
    };
    let bed = OAuth2Bed::with_rules(rules).await;
    let account = bed.authorize().await;
    let profile = bed.view(&account).await.account.profile_id.clone();
    let error = bed.run(&account, "publish_thing").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::AccountMissingScopes));
    insta::assert_snapshot!(error.message, @"`oauth2_publish_thing` needs the scopes `admin`, `cargo`, which Harbor did not grant to this account; reconnect the account and allow them");
    assert_eq!(error.provider.unwrap().status, Some(403));
    // A refresh keeps the missing scopes.
    bed.provider.expire_access_tokens();
    bed.run(&account, "list_things").await.unwrap();
    let view = bed.view(&account).await;
    assert_eq!(view.missing_scopes, ["admin", "cargo"]);
    assert_eq!(bed.requested_scopes(&profile).await, "read,write", "a new account");
    assert_eq!(bed.requested_scopes_on_reconnect(&profile, &account).await, "read,write,admin,cargo");
    // After a reconnect, the action is sent again.
    bed.provider.change(|rules| rules.required_scope_for_things = None);
    bed.reconnect(&profile, &account).await;
    let view = bed.view(&account).await;
    assert_eq!(view.missing_scopes, Vec::<String>::new());
    bed.run(&account, "publish_thing").await.unwrap();
}

#[tokio::test]
async fn unreported_scopes_do_not_block_actions() {
    let bed = OAuth2Bed::with_rules(OAuthRules { granted_scopes: Some(String::new()), ..OAuthRules::default() }).await;
    let account = bed.authorize().await;
    bed.run(&account, "publish_thing").await.unwrap();
    assert!(missing(&bed, &account).await.is_empty());
}

#[tokio::test]
async fn an_authorization_requests_the_scopes_of_the_enabled_actions() {
    let bed = OAuth2Bed::start().await;
    for (actions, expected) in [
        // No action declares `write`, so it is always requested.
        (&["oauth2_list_things"][..], "read,write"),
        (&["oauth2_publish_thing"], "write,admin"),
        (&["oauth2_list_things", "oauth2_publish_thing"], "read,write,admin"),
        (&["oauth2_get_me"], "write"),
    ] {
        let only = EnabledActions::Only(actions.iter().map(|&id| id.to_owned()).collect::<BTreeSet<_>>());
        let profile = bed.client_profile_with("sign_in", ("app", APP_SECRET), only).await;
        assert_eq!(bed.requested_scopes(&profile.id).await, expected, "{actions:?}");
    }
}

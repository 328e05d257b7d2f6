//! Several apps of one connector: each account stays with the one that minted its token, and an app that the provider
//! refuses raises one alarm.

use patchbay_engine::{AccountPatch, ErrorCode, ProfilePatch};
use patchbay_model::{AccountStatus, EnabledActions, ProfileAlarm, ProfileId};
use patchbay_vault::Secret;

use crate::{
    authorization::{signed_in_again, signed_in_as},
    world::{APP_SECRET, OTHER_SECRET, World, clients},
};

async fn alarm(world: &World, id: &ProfileId) -> Option<ProfileAlarm> {
    world.engine.profiles.get(&world.caller, id).await.unwrap().alarm.clone()
}

async fn set_secret(world: &World, id: &ProfileId, secret: &str) {
    let setup = vec![("clientSecret".to_owned(), Secret::new(secret))];
    let patch = ProfilePatch { setup, ..ProfilePatch::default() };
    world.engine.profiles.patch(&world.caller, id, patch).await.unwrap();
}

#[tokio::test]
async fn each_account_is_renewed_by_the_app_that_minted_its_token() {
    let world = World::new().await;
    let one = world.profile("sign_in").await;
    let two = world.profile_of("sign_in", ("other-app", OTHER_SECRET), EnabledActions::All).await;
    let first = signed_in_as(&world, &one.id, "first").await;
    let second = signed_in_as(&world, &two.id, "second").await;
    for _ in 0..3 {
        world.clock.advance_seconds(3600);
        // The provider accepts a refresh token only from the client that received it.
        world.run(&first, "get_me").await.unwrap();
        world.run(&second, "get_me").await.unwrap();
    }
    let minted = async |id| {
        let token = world.stored(id).await.token.unwrap();
        (token.profile_id, token.profile_changed_at)
    };
    assert_eq!(minted(&first).await, (one.id.clone(), one.updated_at));
    assert_eq!(minted(&second).await, (two.id.clone(), two.updated_at));

    // The client gets another secret: existing tokens record the old one until they are refreshed.
    world.clock.advance_seconds(10);
    world.provider.change(|rules| rules.clients = clients("canary-new-secret-1"));
    set_secret(&world, &one.id, "canary-new-secret-1").await;
    let changed = world.engine.profiles.get(&world.caller, &one.id).await.unwrap().updated_at;
    assert_eq!(minted(&first).await.1, one.updated_at);
    world.clock.advance_seconds(3600);
    world.run(&first, "get_me").await.unwrap();
    assert_eq!(minted(&first).await, (one.id.clone(), changed));
}

async fn set_app(world: &World, id: &ProfileId, app: (&str, &str)) {
    let setup = [("clientId", app.0), ("clientSecret", app.1)];
    let setup = setup.map(|(key, value)| (key.to_owned(), Secret::new(value))).to_vec();
    let patch = ProfilePatch { setup, ..ProfilePatch::default() };
    world.engine.profiles.patch(&world.caller, id, patch).await.unwrap();
}

/// The apps that a profile keeps beside its own.
async fn kept(world: &World, id: &ProfileId) -> Vec<String> {
    let profile = world.storage.profiles().get(world.project(), id).await.unwrap().unwrap();
    profile.secrets.keys().filter_map(|field| field.strip_prefix("oauth.app:")).map(str::to_owned).collect()
}

#[tokio::test]
async fn accounts_go_on_with_the_app_that_minted_them_when_their_profile_gets_another() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let first = signed_in_as(&world, &profile.id, "first").await;
    let second = signed_in_as(&world, &profile.id, "second").await;
    world.clock.advance_seconds(60);
    set_app(&world, &profile.id, ("other-app", OTHER_SECRET)).await;
    assert_eq!(kept(&world, &profile.id).await, ["app"]);
    let view = world.engine.get_account(&world.caller, &first).await.unwrap();
    assert!(view.uses_previous_client);
    for _ in 0..2 {
        world.clock.advance_seconds(3600);
        // The provider accepts a refresh token only from the client that received it.
        world.run(&first, "get_me").await.unwrap();
        let token = world.stored(&first).await.token.unwrap();
        assert_eq!((token.client_id.as_deref(), token.profile_changed_at), (Some("app"), profile.updated_at));
    }
    // Those who sign in from now on do so with the app that the profile has.
    assert_eq!(signed_in_again(&world, &profile.id, &first).await, first);
    let token = world.stored(&first).await.token.unwrap();
    assert_eq!(token.client_id.as_deref(), Some("other-app"));
    assert!(!world.engine.get_account(&world.caller, &first).await.unwrap().uses_previous_client);
    world.clock.advance_seconds(3600);
    world.run(&first, "get_me").await.unwrap();

    // It takes its own back, too.
    assert_eq!(world.provider.live_refresh_tokens().len(), 3);
    let deleted = world.engine.delete_account(&world.caller, &second).await.unwrap();
    assert_eq!(deleted.revocation, Some(patchbay_engine::Revocation::Confirmed));
    assert_eq!(world.provider.live_refresh_tokens().len(), 2);

    // An app that minted nobody's token is forgotten, and so is one that is the profile's own again.
    set_app(&world, &profile.id, ("other-app", OTHER_SECRET)).await;
    assert!(kept(&world, &profile.id).await.is_empty());
    set_app(&world, &profile.id, ("app", APP_SECRET)).await;
    assert_eq!(kept(&world, &profile.id).await, ["other-app"]);
    world.clock.advance_seconds(3600);
    world.run(&first, "get_me").await.unwrap();
    set_app(&world, &profile.id, ("other-app", OTHER_SECRET)).await;
    assert_eq!(kept(&world, &profile.id).await, ["app"]);
    world.clock.advance_seconds(3600);
    world.run(&first, "get_me").await.unwrap();
}

#[tokio::test]
async fn an_earlier_app_that_is_refused_ends_its_accounts_and_no_profile() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let old = signed_in_as(&world, &profile.id, "old").await;
    set_app(&world, &profile.id, ("other-app", OTHER_SECRET)).await;
    let new = signed_in_as(&world, &profile.id, "new").await;
    world.provider.change(|rules| rules.clients = vec![("other-app".into(), OTHER_SECRET.into())]);
    world.clock.advance_seconds(3600);
    let error = world.run(&old, "get_me").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::AccountExpiredCredentials));
    insta::assert_snapshot!(error.message, @"Harbor no longer accepts this account's credentials. Reconnect the account: Harbor rejected the token request: no such client, or a wrong secret (invalid_client); the token was issued to the profile's previous client `app`");
    assert_eq!(world.stored(&old).await.status, AccountStatus::ReconnectRequired);
    assert_eq!(alarm(&world, &profile.id).await, None);
    world.run(&new, "get_me").await.unwrap();
    assert_eq!(signed_in_again(&world, &profile.id, &old).await, old);
    world.run(&old, "get_me").await.unwrap();
}

#[tokio::test]
async fn an_account_does_not_move_to_another_app() {
    let world = World::new().await;
    let one = world.profile("sign_in").await;
    let two = world.profile_of("sign_in", ("other-app", OTHER_SECRET), EnabledActions::All).await;
    let same = world.profile("sign_in").await;
    let account = signed_in_as(&world, &one.id, "first").await;
    let to = |id: &ProfileId| AccountPatch { profile_id: Some(id.clone()), ..AccountPatch::default() };
    let error = world.engine.patch_account(&world.caller, &account, to(&two.id)).await.unwrap_err();
    assert_eq!((error.status(), error.code), (400, ErrorCode::SignInRequired));
    // Another profile of the same app is as good.
    world.engine.patch_account(&world.caller, &account, to(&same.id)).await.unwrap();
    world.clock.advance_seconds(3600);
    world.run(&account, "get_me").await.unwrap();
    assert_eq!(world.stored(&account).await.token.unwrap().profile_id, same.id);
}

#[tokio::test]
async fn an_app_that_is_refused_raises_one_alarm_until_it_is_taken() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let other = world.profile_of("sign_in", ("other-app", OTHER_SECRET), EnabledActions::All).await;
    let accounts =
        [signed_in_as(&world, &profile.id, "first").await, signed_in_as(&world, &profile.id, "second").await];
    let bystander = signed_in_as(&world, &other.id, "third").await;
    assert_eq!(alarm(&world, &profile.id).await, None);

    // The secret was changed at the provider, and not here.
    world.provider.change(|rules| rules.clients = clients("canary-new-secret-2"));
    world.clock.advance_seconds(3600);
    let since = patchbay_model::Clock::now(&*world.clock);
    for account in &accounts {
        let error = world.run(account, "get_me").await.unwrap_err();
        assert_eq!((error.status(), error.code), (412, ErrorCode::ProfileCredentials));
        assert_eq!(world.stored(account).await.status, AccountStatus::Active, "it is not to blame");
        world.clock.advance_seconds(60);
    }
    let raised = alarm(&world, &profile.id).await.unwrap();
    assert_eq!(
        (raised.code.as_str(), raised.since),
        (ErrorCode::ProfileCredentials.as_str(), since),
        "the first one stays"
    );
    insta::assert_snapshot!(raised.message, @"Harbor rejects this profile's client; correct the client ID and secret (Harbor rejected the token request: no such client, or a wrong secret (invalid_client))");
    world.run(&bystander, "get_me").await.unwrap();
    assert_eq!(alarm(&world, &other.id).await, None);
    let view = world.engine.get_account(&world.caller, &accounts[0]).await.unwrap();
    assert_eq!(view.profile_alarm, Some(raised.clone()));

    // Other changes leave it; new set-up values end it, and so does the provider when it takes the app again.
    let patch = ProfilePatch { name: Some("Renamed".into()), ..ProfilePatch::default() };
    world.engine.profiles.patch(&world.caller, &profile.id, patch).await.unwrap();
    assert_eq!(alarm(&world, &profile.id).await, Some(raised));
    set_secret(&world, &profile.id, "canary-still-wrong").await;
    assert_eq!(alarm(&world, &profile.id).await, None);
    world.clock.advance_seconds(3600);
    world.run(&accounts[0], "get_me").await.unwrap_err();
    assert!(alarm(&world, &profile.id).await.is_some());
    world.provider.change(|rules| rules.clients = clients("canary-still-wrong"));
    assert_eq!(signed_in_again(&world, &profile.id, &accounts[1]).await, accounts[1]);
    assert_eq!(alarm(&world, &profile.id).await, None);
}

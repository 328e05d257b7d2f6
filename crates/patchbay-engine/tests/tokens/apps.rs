//! Several apps of one connector: each account stays with the one that minted its token, and an app that the provider
//! refuses raises one alarm.

use patchbay_engine::{AccountPatch, ProfilePatch};
use patchbay_model::{AccountStatus, EnabledActions, ProfileAlarm, ProfileId};
use patchbay_vault::Secret;

use crate::{
    sign_in::{signed_in_again, signed_in_as},
    world::{OTHER_SECRET, World, clients},
};

async fn alarm(world: &World, id: &ProfileId) -> Option<ProfileAlarm> {
    world.engine.get_profile(&world.caller, id).await.unwrap().alarm.clone()
}

async fn set_secret(world: &World, id: &ProfileId, secret: &str) {
    let setup = vec![("clientSecret".to_owned(), Secret::new(secret))];
    let patch = ProfilePatch { setup, ..ProfilePatch::default() };
    world.engine.patch_profile(&world.caller, id, patch).await.unwrap();
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
        // The provider honours a refresh token from its own app alone.
        world.run(&first, "get_me").await.unwrap();
        world.run(&second, "get_me").await.unwrap();
    }
    let minted = async |id| {
        let token = world.stored(id).await.token.unwrap();
        (token.profile_id, token.profile_changed_at)
    };
    assert_eq!(minted(&first).await, (one.id.clone(), one.updated_at));
    assert_eq!(minted(&second).await, (two.id.clone(), two.updated_at));

    // The app gets another secret: what was minted before says so until it is renewed.
    world.clock.advance_seconds(10);
    world.provider.change(|rules| rules.clients = clients("canary-new-secret-1"));
    set_secret(&world, &one.id, "canary-new-secret-1").await;
    let changed = world.engine.get_profile(&world.caller, &one.id).await.unwrap().updated_at;
    assert_eq!(minted(&first).await.1, one.updated_at);
    world.clock.advance_seconds(3600);
    world.run(&first, "get_me").await.unwrap();
    assert_eq!(minted(&first).await, (one.id.clone(), changed));
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
    assert_eq!((error.kind.status(), error.code), (400, "SignInRequiredError"));
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
        assert_eq!((error.kind.status(), error.code), (412, "ProfileCredentialsError"));
        assert_eq!(world.stored(account).await.status, AccountStatus::Active, "it is not to blame");
        world.clock.advance_seconds(60);
    }
    let raised = alarm(&world, &profile.id).await.unwrap();
    assert_eq!((raised.code.as_str(), raised.since), ("ProfileCredentialsError", since), "the first one stays");
    insta::assert_snapshot!(raised.message, @"Harbor refuses this profile's app: correct its client id and secret (Harbor gives no token: no such client, or a wrong secret (invalid_client))");
    world.run(&bystander, "get_me").await.unwrap();
    assert_eq!(alarm(&world, &other.id).await, None);
    let view = world.engine.get_account(&world.caller, &accounts[0]).await.unwrap();
    assert_eq!(view.profile_alarm, Some(raised.clone()));

    // Other changes leave it; new set-up values end it, and so does the provider when it takes the app again.
    let patch = ProfilePatch { name: Some("Renamed".into()), ..ProfilePatch::default() };
    world.engine.patch_profile(&world.caller, &profile.id, patch).await.unwrap();
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

//! Several clients of a connector: each account stays with the client that received its token, and a client that the
//! provider rejects raises one alarm.

use patchbay_engine::{AccountPatch, ErrorCode, ProfilePatch, Revocation};
use patchbay_model::{AccountStatus, Clock as _, EnabledActions, ProfileAlarm, ProfileId};

use super::{APP_SECRET, OAuth2Bed, OTHER_SECRET, clients};
use crate::support::secrets;

async fn alarm(bed: &OAuth2Bed, id: &ProfileId) -> Option<ProfileAlarm> {
    bed.get_profile(id).await.alarm.clone()
}

async fn set_secret(bed: &OAuth2Bed, id: &ProfileId, secret: &str) {
    let setup = secrets(&[("clientSecret", secret)]);
    let patch = ProfilePatch { setup, ..ProfilePatch::default() };
    bed.patch_profile(id, patch).await.unwrap();
}

#[tokio::test]
async fn each_account_is_refreshed_by_the_client_that_received_its_token() {
    let bed = OAuth2Bed::start().await;
    let one = bed.client_profile("sign_in").await;
    let two = bed.client_profile_with("sign_in", ("other-app", OTHER_SECRET), EnabledActions::All).await;
    let first = bed.authorize_owner(&one.id, "first").await;
    let second = bed.authorize_owner(&two.id, "second").await;
    for _ in 0..3 {
        bed.clock.advance_seconds(3600);
        // The provider accepts a refresh token only from the client that received it.
        bed.run(&first, "get_me").await.unwrap();
        bed.run(&second, "get_me").await.unwrap();
    }
    let issued = async |id| {
        let token = bed.stored(id).await.token.unwrap();
        (token.profile_id, token.profile_changed_at)
    };
    assert_eq!(issued(&first).await, (one.id.clone(), one.updated_at));
    assert_eq!(issued(&second).await, (two.id.clone(), two.updated_at));

    // The client gets another secret: existing tokens record the old one until they are refreshed.
    bed.clock.advance_seconds(10);
    bed.provider.change(|rules| rules.clients = clients("canary-new-secret-1"));
    set_secret(&bed, &one.id, "canary-new-secret-1").await;
    let changed = bed.get_profile(&one.id).await.updated_at;
    assert_eq!(issued(&first).await.1, one.updated_at);
    bed.clock.advance_seconds(3600);
    bed.run(&first, "get_me").await.unwrap();
    assert_eq!(issued(&first).await, (one.id.clone(), changed));
}

async fn set_client(bed: &OAuth2Bed, id: &ProfileId, client: (&str, &str)) {
    let setup = secrets(&[("clientId", client.0), ("clientSecret", client.1)]);
    let patch = ProfilePatch { setup, ..ProfilePatch::default() };
    bed.patch_profile(id, patch).await.unwrap();
}

/// Returns the IDs of the previous clients that a profile stores.
async fn previous_clients(bed: &OAuth2Bed, id: &ProfileId) -> Vec<String> {
    let profile = bed.storage.profiles().get(bed.project(), id).await.unwrap().unwrap();
    profile.secrets.keys().filter_map(|field| field.strip_prefix("oauth.app:")).map(str::to_owned).collect()
}

#[tokio::test]
async fn accounts_keep_their_client_when_the_profile_gets_another() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let first = bed.authorize_owner(&profile.id, "first").await;
    let second = bed.authorize_owner(&profile.id, "second").await;
    bed.clock.advance_seconds(60);
    set_client(&bed, &profile.id, ("other-app", OTHER_SECRET)).await;
    assert_eq!(previous_clients(&bed, &profile.id).await, ["app"]);
    let view = bed.view(&first).await;
    assert!(view.uses_previous_client);
    for _ in 0..2 {
        bed.clock.advance_seconds(3600);
        // The provider accepts a refresh token only from the client that received it.
        bed.run(&first, "get_me").await.unwrap();
        let token = bed.stored(&first).await.token.unwrap();
        assert_eq!((token.client_id.as_deref(), token.profile_changed_at), (Some("app"), profile.updated_at));
    }
    // New authorizations use the client that the profile has now.
    assert_eq!(bed.reconnect(&profile.id, &first).await, first);
    let token = bed.stored(&first).await.token.unwrap();
    assert_eq!(token.client_id.as_deref(), Some("other-app"));
    assert!(!bed.view(&first).await.uses_previous_client);
    bed.clock.advance_seconds(3600);
    bed.run(&first, "get_me").await.unwrap();

    // The previous client also revokes its tokens.
    assert_eq!(bed.provider.live_refresh_tokens().len(), 3);
    let deleted = bed.delete_account(&second).await.unwrap();
    assert_eq!(deleted.revocation, Some(Revocation::Confirmed));
    assert_eq!(bed.provider.live_refresh_tokens().len(), 2);

    // A previous client without tokens is removed, and so is one that the profile uses again.
    set_client(&bed, &profile.id, ("other-app", OTHER_SECRET)).await;
    assert!(previous_clients(&bed, &profile.id).await.is_empty());
    set_client(&bed, &profile.id, ("app", APP_SECRET)).await;
    assert_eq!(previous_clients(&bed, &profile.id).await, ["other-app"]);
    bed.clock.advance_seconds(3600);
    bed.run(&first, "get_me").await.unwrap();
    set_client(&bed, &profile.id, ("other-app", OTHER_SECRET)).await;
    assert_eq!(previous_clients(&bed, &profile.id).await, ["app"]);
    bed.clock.advance_seconds(3600);
    bed.run(&first, "get_me").await.unwrap();
}

#[tokio::test]
async fn a_rejected_previous_client_ends_its_accounts_but_not_the_profile() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let old = bed.authorize_owner(&profile.id, "old").await;
    set_client(&bed, &profile.id, ("other-app", OTHER_SECRET)).await;
    let new = bed.authorize_owner(&profile.id, "new").await;
    bed.provider.change(|rules| rules.clients = vec![("other-app".into(), OTHER_SECRET.into())]);
    bed.clock.advance_seconds(3600);
    let error = bed.run(&old, "get_me").await.unwrap_err();
    assert_eq!((error.status(), error.code), (412, ErrorCode::AccountExpiredCredentials));
    insta::assert_snapshot!(error.message, @"Harbor no longer accepts this account's credentials. Reconnect the account: Harbor rejected the token request: no such client, or a wrong secret (invalid_client); the token was issued to the profile's previous client `app`");
    assert_eq!(bed.stored(&old).await.status, AccountStatus::ReconnectRequired);
    assert_eq!(alarm(&bed, &profile.id).await, None);
    bed.run(&new, "get_me").await.unwrap();
    assert_eq!(bed.reconnect(&profile.id, &old).await, old);
    bed.run(&old, "get_me").await.unwrap();
}

#[tokio::test]
async fn an_account_cannot_move_to_a_profile_with_another_client() {
    let bed = OAuth2Bed::start().await;
    let one = bed.client_profile("sign_in").await;
    let two = bed.client_profile_with("sign_in", ("other-app", OTHER_SECRET), EnabledActions::All).await;
    let same = bed.client_profile("sign_in").await;
    let account = bed.authorize_owner(&one.id, "first").await;
    let to = |id: &ProfileId| AccountPatch { profile_id: Some(id.clone()), ..AccountPatch::default() };
    let error = bed.patch_account(&account, to(&two.id)).await.unwrap_err();
    assert_eq!((error.status(), error.code), (400, ErrorCode::SignInRequired));
    // A profile with the same client is accepted.
    bed.patch_account(&account, to(&same.id)).await.unwrap();
    bed.clock.advance_seconds(3600);
    bed.run(&account, "get_me").await.unwrap();
    assert_eq!(bed.stored(&account).await.token.unwrap().profile_id, same.id);
}

#[tokio::test]
async fn a_rejected_client_raises_one_alarm_until_it_is_accepted() {
    let bed = OAuth2Bed::start().await;
    let profile = bed.client_profile("sign_in").await;
    let other = bed.client_profile_with("sign_in", ("other-app", OTHER_SECRET), EnabledActions::All).await;
    let accounts = [bed.authorize_owner(&profile.id, "first").await, bed.authorize_owner(&profile.id, "second").await];
    let bystander = bed.authorize_owner(&other.id, "third").await;
    assert_eq!(alarm(&bed, &profile.id).await, None);

    // The secret changed at the provider only.
    bed.provider.change(|rules| rules.clients = clients("canary-new-secret-2"));
    bed.clock.advance_seconds(3600);
    let since = bed.clock.now();
    for account in &accounts {
        let error = bed.run(account, "get_me").await.unwrap_err();
        assert_eq!((error.status(), error.code), (412, ErrorCode::ProfileCredentials));
        assert_eq!(bed.stored(account).await.status, AccountStatus::Active, "the account is not the cause");
        bed.clock.advance_seconds(60);
    }
    let raised = alarm(&bed, &profile.id).await.unwrap();
    assert_eq!(
        (raised.code.as_str(), raised.since),
        (ErrorCode::ProfileCredentials.as_str(), since),
        "the first alarm stays"
    );
    insta::assert_snapshot!(raised.message, @"Harbor rejects this profile's client; correct the client ID and secret (Harbor rejected the token request: no such client, or a wrong secret (invalid_client))");
    bed.run(&bystander, "get_me").await.unwrap();
    assert_eq!(alarm(&bed, &other.id).await, None);
    let view = bed.view(&accounts[0]).await;
    assert_eq!(view.profile_alarm, Some(raised.clone()));

    // Other changes keep the alarm; new setup values clear it, and so does an accepted token request.
    let patch = ProfilePatch { name: Some("Renamed".into()), ..ProfilePatch::default() };
    bed.patch_profile(&profile.id, patch).await.unwrap();
    assert_eq!(alarm(&bed, &profile.id).await, Some(raised));
    set_secret(&bed, &profile.id, "canary-still-wrong").await;
    assert_eq!(alarm(&bed, &profile.id).await, None);
    bed.clock.advance_seconds(3600);
    bed.run(&accounts[0], "get_me").await.unwrap_err();
    assert!(alarm(&bed, &profile.id).await.is_some());
    bed.provider.change(|rules| rules.clients = clients("canary-still-wrong"));
    assert_eq!(bed.reconnect(&profile.id, &accounts[1]).await, accounts[1]);
    assert_eq!(alarm(&bed, &profile.id).await, None);
}

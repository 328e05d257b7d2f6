//! Another project's ids are answered like ids that do not exist, by every service that takes one.

use patchbay_connector::definition::HttpMethod;
use patchbay_engine::{
    AccountPatch, AccountQuery, ActionQuery, Error, LinkRequest, NewSession, ProfilePatch, ProfileQuery, ProxyRequest,
    RunRequest,
};
use serde_json::Map;

use crate::world::{GOOD, World, secrets, session_for};

fn missing<T>(what: &str, outcome: Result<T, Error>) {
    match outcome {
        Ok(_) => panic!("{what} reaches another project"),
        Err(error) => assert_eq!(error.status(), 404, "{what}: {error}"),
    }
}

#[tokio::test]
async fn other_projects_get_404_from_every_service() {
    let world = World::new().await;
    let account = world.link("a", GOOD).await.unwrap();
    // Warm: what the caches hold must be as closed as what storage holds.
    world.whoami(&account).await.unwrap();
    let (made, own_hub) = world.session(session_for("a")).await;
    let attempt = world.engine.attempts.start(&own_hub).await.unwrap();
    let stranger = world.stranger().await;
    let (engine, id, profile) = (&world.engine, &account.id, &account.profile_id);

    missing("get_account", engine.get_account(&stranger, id).await);
    let patch = AccountPatch { label: Some(Some("stolen".into())), ..AccountPatch::default() };
    missing("patch_account", engine.patch_account(&stranger, id, patch).await);
    missing("delete_account", engine.delete_account(&stranger, id).await);
    missing("get_profile", engine.profiles.get(&stranger, profile).await);
    let patch = ProfilePatch { name: Some("stolen".into()), ..ProfilePatch::default() };
    missing("patch_profile", engine.profiles.patch(&stranger, profile, patch).await);
    missing("delete_profile", engine.profiles.delete(&stranger, profile).await);
    missing("authenticate_session", engine.sessions.authenticate(&stranger, &made.token).await);
    let edit = NewSession { account_id: Some(id.clone()), ..session_for("a") };
    missing("create_session of an account", engine.sessions.create(&stranger, edit).await);
    let through = NewSession { profile_id: Some(profile.clone()), ..session_for("a") };
    missing("create_session of a profile", engine.sessions.create(&stranger, through).await);
    let run = RunRequest {
        account_id: id.clone(),
        profile_id: None,
        action: "two_methods_whoami".into(),
        path: Map::new(),
        query: Map::new(),
        headers: Map::new(),
        body: Map::new(),
        debug: false,
    };
    missing("run_action", engine.actions.run(&stranger, run).await);
    let proxy = ProxyRequest {
        account_id: id.clone(),
        url: None,
        method: HttpMethod::Get,
        path: "/whoami".into(),
        headers: Vec::new(),
        body: None,
    };
    missing("run_proxy", engine.proxy.run(&stranger, proxy).await.map(|_| ()));
    let query = ActionQuery { account_ids: vec![id.clone()], page_size: 10, ..ActionQuery::default() };
    missing("list_actions", engine.action_catalog.list(&stranger, query).await);

    // A session of theirs, even for an owner of the same name.
    let theirs = engine.sessions.create(&stranger, session_for("a")).await.unwrap();
    let hub = engine.sessions.for_hub(&theirs.token).await.unwrap();
    missing("hub_profile", engine.hub_profile(&hub, profile).await);
    missing("hub_account", engine.hub_account(&hub, id).await);
    missing("get_attempt", engine.attempts.get(&hub, &attempt.id).await);
    missing("cancel_attempt", engine.attempts.cancel(&hub, &attempt.id).await);
    let request = || LinkRequest { profile_id: Some(profile.clone()), credentials: secrets(&[("key", GOOD)]) };
    missing("hub_link", engine.hub_link(&hub, request()).await);
    missing("hub_reconnect", engine.hub_reconnect(&hub, id, request()).await);

    let query = AccountQuery { ids: vec![id.clone()], page: 1, page_size: 10, ..AccountQuery::default() };
    assert_eq!(engine.list_accounts(&stranger, query).await.unwrap().total, 0);
    let query = ProfileQuery { page: 1, page_size: 10, ..ProfileQuery::default() };
    let profiles = engine.profiles.list(&stranger, query).await.unwrap();
    assert!(profiles.items.iter().all(|found| found.project_id == stranger.project_id && found.id != *profile));

    let kept = engine.get_account(&world.caller, id).await.unwrap().account;
    assert_eq!(*kept, *account);
    world.whoami(&account).await.unwrap();
}

//! Every service treats an ID of another project like an unknown ID.

use patchbay_connector::definition::HttpMethod;
use patchbay_engine::{
    AccountPatch, AccountQuery, ActionQuery, Error, LinkRequest, NewSession, ProfilePatch, ProfileQuery,
};
use serde_json::json;

use super::{GOOD, link, two_methods_bed, whoami};
use crate::support::{proxy_request, run_request, secrets, session_for};

fn missing<T>(what: &str, outcome: Result<T, Error>) {
    match outcome {
        Ok(_) => panic!("{what} finds an ID of another project"),
        Err(error) => assert_eq!(error.status(), 404, "{what}: {error}"),
    }
}

#[tokio::test]
async fn other_projects_get_404_from_every_service() {
    let bed = two_methods_bed().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    // The call fills the caches, which must be as closed as the storage.
    whoami(&bed, &account).await.unwrap();
    let (made, own_hub) = bed.session(session_for("a")).await;
    let attempt = bed.engine.attempts.start(&own_hub).await.unwrap();
    let stranger = bed.stranger().await;
    let (engine, id, profile) = (&bed.engine, &account.id, &account.profile_id);

    missing("get_account", engine.accounts.get(&stranger, id).await);
    let patch = AccountPatch { label: Some(Some("stolen".into())), ..AccountPatch::default() };
    missing("patch_account", engine.accounts.patch(&stranger, id, patch).await);
    missing("delete_account", Box::pin(engine.accounts.delete(&stranger, id)).await);
    missing("get_profile", engine.profiles.get(&stranger, profile).await);
    let patch = ProfilePatch { name: Some("stolen".into()), ..ProfilePatch::default() };
    missing("patch_profile", engine.profiles.patch(&stranger, profile, patch).await);
    missing("delete_profile", engine.profiles.delete(&stranger, profile).await);
    missing("authenticate_session", engine.sessions.authenticate(&stranger, &made.token).await);
    let edit = NewSession { account_id: Some(id.clone()), ..session_for("a") };
    missing("create_session of an account", engine.sessions.create(&stranger, edit).await);
    let through = NewSession { profile_id: Some(profile.clone()), ..session_for("a") };
    missing("create_session of a profile", engine.sessions.create(&stranger, through).await);
    let run = run_request(id, "two_methods_whoami", &json!({}));
    missing("run_action", engine.actions.run(&stranger, run).await);
    let proxy = proxy_request(id, HttpMethod::Get, "/whoami");
    missing("run_proxy", engine.proxy.run(&stranger, proxy).await.map(|_| ()));
    let query = ActionQuery { account_ids: vec![id.clone()], page_size: 10, ..ActionQuery::default() };
    missing("list_actions", engine.action_catalog.list(&stranger, query).await);

    // A session of the other project, for an owner with the same ID.
    let theirs = engine.sessions.create(&stranger, session_for("a")).await.unwrap();
    let hub = engine.sessions.for_hub(&theirs.token).await.unwrap();
    missing("hub_profile", engine.linking.profile(&hub, profile).await);
    missing("hub_account", engine.linking.account(&hub, id).await);
    missing("get_attempt", engine.attempts.get(&hub, &attempt.id).await);
    missing("cancel_attempt", engine.attempts.cancel(&hub, &attempt.id).await);
    let request = || LinkRequest { profile_id: Some(profile.clone()), credentials: secrets(&[("key", GOOD)]) };
    missing("hub_link", engine.linking.link(&hub, request()).await);
    missing("hub_reconnect", engine.linking.reconnect(&hub, id, request()).await);

    let query = AccountQuery { ids: vec![id.clone()], page: 1, page_size: 10, ..AccountQuery::default() };
    assert_eq!(engine.accounts.list(&stranger, query).await.unwrap().total, 0);
    let query = ProfileQuery { page: 1, page_size: 10, ..ProfileQuery::default() };
    let profiles = engine.profiles.list(&stranger, query).await.unwrap();
    assert!(profiles.items.iter().all(|found| found.project_id == stranger.project_id && found.id != *profile));

    let kept = engine.accounts.get(&bed.caller, id).await.unwrap().account;
    assert_eq!(*kept, *account);
    whoami(&bed, &account).await.unwrap();
}

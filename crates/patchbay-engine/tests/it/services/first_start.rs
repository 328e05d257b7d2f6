//! The first start, later ones, and the key ring check.

use std::path::Path;

use patchbay_connector::Registry;
use patchbay_engine::{Engine, Error, ErrorCode, NewKey, ProfileQuery};
use patchbay_model::{ApiScope, Clock as _, Organization, OrganizationId, Project, ProjectId};
use patchbay_vault::Secret;

use super::two_methods_bed;
use crate::support::{EngineSetup, fixture};

const KEY: &str = "an-operators-own-key-0001";

/// Starts an engine on the database in `folder`.
async fn start(folder: &Path, key_ring_seed: u64, registry: Registry) -> Result<Engine, Error> {
    let mut setup = EngineSetup::open(folder).await;
    (setup.registry, setup.key_ring_seed) = (registry, key_ring_seed);
    Engine::start(setup.parts()).await
}

fn with_fixture() -> Registry {
    Registry::new().with(std::sync::Arc::new(fixture("two_methods")))
}

/// Returns the IDs of the profiles of the key's project.
async fn profiles(engine: &Engine, key: &Secret) -> Vec<String> {
    let caller = engine.api_keys.authenticate(key).await.unwrap();
    let query = ProfileQuery { page: 1, page_size: 10, ..ProfileQuery::default() };
    let page = engine.profiles.list(&caller, query).await.unwrap();
    page.items.iter().map(|profile| profile.id.to_string()).collect()
}

#[tokio::test]
async fn another_key_ring_is_rejected_at_start() {
    let folder = tempfile::tempdir().unwrap();
    drop(start(folder.path(), 1, with_fixture()).await.unwrap());
    drop(start(folder.path(), 1, with_fixture()).await.unwrap());
    let error = start(folder.path(), 2, with_fixture()).await.err().unwrap();
    assert_eq!((error.status(), error.code), (500, ErrorCode::KeyRingMismatch));
    assert!(!error.message.contains('\n'));
}

#[tokio::test]
async fn the_first_start_happens_once_and_later_starts_add_the_operators_key() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path(), 1, with_fixture()).await.unwrap();
    let first = engine.setup.first_start(None).await.unwrap().unwrap();
    assert!(!format!("{first:?}").contains(first.api_key.as_ref().unwrap().expose()));
    assert!(first.api_key.as_ref().unwrap().expose().starts_with("v1.local."));
    let caller = engine.api_keys.authenticate(&first.api_key.unwrap()).await.unwrap();
    engine.setup.finish_first_start().await.unwrap();
    assert!(engine.setup.first_start(None).await.unwrap().is_none());
    let own = Secret::new(KEY);
    assert_eq!(engine.api_keys.authenticate(&own).await.unwrap_err().code, ErrorCode::Unauthorized);
    for _ in 0..2 {
        assert!(engine.setup.first_start(Some(own.clone())).await.unwrap().is_none());
    }
    assert_eq!(engine.api_keys.authenticate(&own).await.unwrap().project_id, caller.project_id);
    assert_eq!(engine.api_keys.list_of_project(&caller.project_id).await.unwrap().len(), 2);
    let guessable = ["aaaaaaaaaaaaaaaaaaaa", "changemechangemechangeme", "v1.local.aaaaaaaaaaaaaaaaaaaa"];
    for weak in ["short", "a key with a space in it", "a-key-with-a-colon:in-it"].into_iter().chain(guessable) {
        let new = NewKey { name: "own".into(), scopes: ApiScope::defaults(), text: Some(Secret::new(weak)) };
        let error = engine.api_keys.create(&caller.project_id, new).await.unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(!format!("{error:?}").contains(weak));
    }
}

/// Returns the names of the keys of the first project.
async fn key_names(engine: &Engine, project: &ProjectId) -> Vec<String> {
    let keys = engine.api_keys.list_of_project(project).await.unwrap();
    keys.into_iter().map(|key| key.name).collect()
}

#[tokio::test]
async fn the_environments_key_is_one_record_that_the_next_start_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path(), 1, with_fixture()).await.unwrap();
    let keys = [KEY, "hT4cLs9GdUa7PfMi1QwZ", "kq8Wz3nYt6RbXe2JmVp5"].map(Secret::new);
    let first = engine.setup.first_start(Some(keys[0].clone())).await.unwrap().unwrap();
    let project = first.project.id;
    engine.setup.finish_first_start().await.unwrap();
    // A key of the API with the name and the scopes of the environment's one stays.
    let named = NewKey { name: "environment".into(), scopes: ApiScope::defaults(), text: None };
    let named = engine.api_keys.create(&project, named).await.unwrap().text;
    let accepted = async |engine: &Engine| {
        let mut accepted = Vec::new();
        for key in keys.iter().chain([&named]) {
            // Before and after the key is cached.
            let is_accepted = engine.api_keys.authenticate(key).await.is_ok();
            assert_eq!(engine.api_keys.authenticate(key).await.is_ok(), is_accepted);
            accepted.push(is_accepted);
        }
        accepted
    };
    assert_eq!(accepted(&engine).await, [true, false, false, true]);
    engine.setup.first_start(Some(keys[1].clone())).await.unwrap();
    assert_eq!(accepted(&engine).await, [false, true, false, true]);
    let engine = start(folder.path(), 1, with_fixture()).await.unwrap();
    engine.setup.first_start(Some(keys[2].clone())).await.unwrap();
    assert_eq!(accepted(&engine).await, [false, false, true, true]);
    assert_eq!(key_names(&engine, &project).await, ["environment", "environment"]);
    // A value that is rejected revokes nothing.
    assert!(engine.setup.first_start(Some(Secret::new("short"))).await.is_err());
    assert_eq!(accepted(&engine).await, [false, false, true, true]);
    // Without the variable, its key ends.
    engine.setup.first_start(None).await.unwrap();
    assert_eq!(accepted(&engine).await, [false, false, false, true]);
    engine.setup.first_start(Some(keys[0].clone())).await.unwrap();
    assert_eq!(accepted(&engine).await, [true, false, false, true]);
    // The text of a key that the API created: it is accepted, and later starts do not revoke it.
    engine.setup.first_start(Some(named.clone())).await.unwrap();
    assert_eq!(accepted(&engine).await, [false, false, false, true]);
    engine.setup.first_start(None).await.unwrap();
    assert_eq!(accepted(&engine).await, [false, false, false, true]);
}

#[tokio::test]
async fn keys_that_earlier_versions_took_from_the_environment_are_replaced_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = EngineSetup::open(folder.path()).await;
    setup.registry = with_fixture();
    let engine = Engine::start(setup.parts()).await.unwrap();
    let project = engine.projects.create("default").await.unwrap().id;
    setup.storage.meta().set_once("first_start", b"1").await.unwrap();
    let texts = [KEY, "hT4cLs9GdUa7PfMi1QwZ"].map(Secret::new);
    for text in &texts {
        let new = NewKey { name: "operator key".into(), scopes: ApiScope::defaults(), text: Some(text.clone()) };
        engine.api_keys.create(&project, new).await.unwrap();
    }
    engine.setup.first_start(Some(texts[1].clone())).await.unwrap();
    assert!(engine.api_keys.authenticate(&texts[0]).await.is_err());
    assert!(engine.api_keys.authenticate(&texts[1]).await.is_ok());
    assert_eq!(key_names(&engine, &project).await, ["environment"]);
}

#[tokio::test]
async fn a_new_connector_gets_one_default_profile_per_project() {
    let folder = tempfile::tempdir().unwrap();
    let own = Secret::new(KEY);
    let engine = start(folder.path(), 1, Registry::new()).await.unwrap();
    engine.setup.first_start(Some(own.clone())).await.unwrap().unwrap();
    engine.setup.finish_first_start().await.unwrap();
    assert!(profiles(&engine, &own).await.is_empty());
    let engine = start(folder.path(), 1, with_fixture()).await.unwrap();
    engine.setup.first_start(Some(own.clone())).await.unwrap();
    let offered = profiles(&engine, &own).await;
    assert_eq!(offered.len(), 1);
    engine.setup.first_start(Some(own.clone())).await.unwrap();
    assert_eq!(profiles(&engine, &own).await, offered);
    // A deleted profile is not created again.
    let caller = engine.api_keys.authenticate(&own).await.unwrap();
    let profile = engine.profiles.active_of_connector(&caller, "two_methods").await.unwrap().unwrap();
    engine.profiles.delete(&caller, &profile.id).await.unwrap();
    let engine = start(folder.path(), 1, with_fixture()).await.unwrap();
    engine.setup.first_start(Some(own.clone())).await.unwrap();
    assert!(profiles(&engine, &own).await.is_empty());
}

#[tokio::test]
async fn an_interrupted_first_start_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = EngineSetup::open(folder.path()).await;
    setup.registry = with_fixture();
    let (storage, clock) = (setup.storage.clone(), setup.clock.clone());
    let engine = Engine::start(setup.parts()).await.unwrap();
    // The interrupted first start created a project without profiles, API key and login token.
    let now = clock.now();
    let organization = Organization { id: OrganizationId::new("o"), name: "Ours".into(), created_at: now };
    storage.organizations().create(&organization).await.unwrap();
    let project = Project {
        id: ProjectId::new("default-10001"),
        organization_id: organization.id,
        name: "default".into(),
        created_at: now,
    };
    storage.projects().create(&project).await.unwrap();
    let first = engine.setup.first_start(None).await.unwrap().unwrap();
    assert_eq!(first.project.id, project.id);
    assert_eq!(profiles(&engine, &first.api_key.unwrap()).await.len(), 1);
}

#[tokio::test]
async fn secrets_that_were_not_shown_are_replaced_by_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path(), 1, with_fixture()).await.unwrap();
    let unseen = engine.setup.first_start(None).await.unwrap().unwrap();
    let seen = engine.setup.first_start(None).await.unwrap().unwrap();
    assert_eq!(seen.project, unseen.project);
    assert!(seen.login_token != unseen.login_token && seen.api_key != unseen.api_key);
    engine.setup.finish_first_start().await.unwrap();
    assert!(engine.setup.first_start(None).await.unwrap().is_none());
}

#[tokio::test]
async fn an_api_key_belongs_to_one_existing_project() {
    let bed = two_methods_bed().await;
    let stranger = bed.stranger().await;
    assert_ne!(stranger.project_id, bed.caller.project_id);
    let new = NewKey { name: "x".into(), scopes: ApiScope::defaults(), text: None };
    let nowhere = bed.engine.api_keys.create(&ProjectId::new("nowhere"), new).await.unwrap_err();
    assert_eq!(nowhere.code, ErrorCode::ProjectNotFound);
}

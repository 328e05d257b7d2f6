//! Connectors that projects push: whose they are, which version runs, and what stays in use when one is bad.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use patchbay_connector::{Registry, SourceFile};
use patchbay_engine::{
    Caller, ConnectorQuery, ConnectorSource, Engine, Error, ErrorCode, NewProfile, Origin, ProfilePatch, PushOutcome,
    SourceRead,
};
use patchbay_model::{ApiScope, EnabledActions, Profile};

use crate::world::{GOOD, World, parts, session_for, two_methods};

/// A world whose caller may push.
async fn world() -> World {
    let mut world = World::new().await;
    world.caller = Arc::new(Caller { scopes: ApiScope::all(), ..(*world.caller).clone() });
    world
}

/// The fixture's file under another version, and with another title.
fn file(version: &str, title: &str) -> Vec<SourceFile> {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/two_methods/two_methods.connector.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let text = text
        .replace("version: 1.0.0", &format!("version: {version}"))
        .replace("title: Ledger", &format!("title: {title}"));
    assert!(text.contains(&format!("version: {version}")) && text.contains(&format!("title: {title}")), "{text}");
    vec![SourceFile { name: "two_methods.connector.yaml".to_owned(), text }]
}

async fn push(world: &World, version: &str) -> Result<PushOutcome, Error> {
    world.engine.connectors.push(&world.caller, file(version, &format!("Ledger {version}"))).await
}

/// What the profile runs now.
async fn runs(engine: &Engine, caller: &Caller, profile: &Profile) -> Option<String> {
    let profile = engine.profiles.get(caller, &profile.id).await.unwrap();
    engine
        .connector_catalog
        .find_for_profile(&profile)
        .await
        .unwrap()
        .map(|installed| installed.connector.version.to_string())
}

async fn pin(world: &World, profile: &Profile, pin: Option<&str>) -> Result<Arc<Profile>, Error> {
    let patch = ProfilePatch { version_pin: Some(pin.map(str::to_owned)), ..ProfilePatch::default() };
    world.engine.profiles.patch(&world.caller, &profile.id, patch).await
}

fn code<T>(outcome: Result<T, Error>) -> (u16, Option<ErrorCode>) {
    outcome.map_or_else(|error| (error.status(), Some(error.code)), |_| (200, None))
}

#[tokio::test]
async fn a_pushed_connector_is_used_at_once_in_its_project_only() {
    let world = world().await;
    let stranger = world.stranger().await;
    let account = world.link("a", GOOD).await.unwrap();
    let outcome = push(&world, "1.1.0").await.unwrap();
    assert!(outcome.created && outcome.overrides && outcome.is_latest);
    world.whoami(&account).await.unwrap();
    assert_eq!(runs(&world.engine, &world.caller, &*world.profile().await).await.as_deref(), Some("1.1.0"));
    let ours = world.engine.connector_catalog.of_project(&world.caller.project_id).await.unwrap();
    assert_eq!(ours.get("two_methods").unwrap().title, "Ledger 1.1.0");
    let theirs = world.engine.connector_catalog.of_project(&stranger.project_id).await.unwrap();
    assert_eq!(theirs.get("two_methods").unwrap().title, "Ledger");
    let theirs = world.engine.connectors.get(&stranger, "two_methods").await.unwrap();
    assert_eq!((theirs.origin, theirs.versions.len()), (Origin::Instance, 1));
    assert_eq!(
        code(world.engine.connectors.version(&stranger, "two_methods", "1.1.0").await),
        (404, Some(ErrorCode::ConnectorVersionNotFound))
    );
    assert_eq!(world.engine.connectors.version(&world.caller, "two_methods", "1.x.x").await.unwrap().files.len(), 1);
}

#[tokio::test]
async fn a_pushed_version_is_immutable() {
    let world = world().await;
    assert!(push(&world, "2.0.0").await.unwrap().created);
    assert!(!push(&world, "2.0.0").await.unwrap().created);
    let mut other = file("2.0.0", "Other");
    assert_eq!(
        code(world.engine.connectors.push(&world.caller, other.clone()).await),
        (409, Some(ErrorCode::ConnectorVersionExists))
    );
    // Nothing of the refused push is in use.
    assert_eq!(
        world
            .engine
            .connector_catalog
            .of_project(&world.caller.project_id)
            .await
            .unwrap()
            .get("two_methods")
            .unwrap()
            .title,
        "Ledger 2.0.0"
    );
    other[0].text = other[0].text.replace("version: 2.0.0", "version: 2.0.0+b");
    assert_eq!(code(world.engine.connectors.push(&world.caller, other).await), (400, Some(ErrorCode::Validation)));
}

#[tokio::test]
async fn an_invalid_push_changes_nothing_and_reports_every_problem() {
    let world = world().await;
    push(&world, "1.1.0").await.unwrap();
    let mut bad = file("1.2.0", "Bad");
    bad[0].text = bad[0].text.replace("title: Bad", "titel: Bad").replace("type: custom", "type: costum");
    let error = world.engine.connectors.push(&world.caller, bad).await.unwrap_err();
    assert_eq!((error.status(), error.code), (400, ErrorCode::ConnectorInvalid));
    let codes = error.diagnostics.as_deref().unwrap().iter().map(|found| found.code).collect::<Vec<_>>();
    assert!(codes.contains(&"PB0002") && codes.contains(&"PB0006"), "{codes:?}");
    assert_eq!(error.problems.len(), codes.len());
    assert!(error.problems[0].path.starts_with("two_methods.connector.yaml:"), "{:?}", error.problems);
    assert_eq!(world.engine.connectors.get(&world.caller, "two_methods").await.unwrap().versions.len(), 2);
}

#[tokio::test]
async fn a_pin_selects_among_pushed_and_instance_versions() {
    let world = world().await;
    let profile = world.profile().await;
    for version in ["1.1.0", "1.2.0", "1.2.3", "2.0.0", "3.0.0-rc.1"] {
        push(&world, version).await.unwrap();
    }
    for (wanted, expected) in [
        (None, "2.0.0"),
        (Some("latest"), "2.0.0"),
        (Some("1.x.x"), "1.2.3"),
        (Some("1.1.x"), "1.1.0"),
        (Some("1.2.0"), "1.2.0"),
        (Some("3.0.0-rc.1"), "3.0.0-rc.1"),
        // What only the instance has.
        (Some("1.0.0"), "1.0.0"),
        (Some("1.0.x"), "1.0.0"),
    ] {
        pin(&world, &profile, wanted).await.unwrap();
        assert_eq!(runs(&world.engine, &world.caller, &profile).await.as_deref(), Some(expected), "{wanted:?}");
    }
    for wrong in ["^1.0.0", "~1.2", "1.x", "newest"] {
        let error = pin(&world, &profile, Some(wrong)).await.unwrap_err();
        assert_eq!((error.code, error.problems[0].code), (ErrorCode::Validation, "format"), "{wrong}");
    }
    let error = pin(&world, &profile, Some("3.x.x")).await.unwrap_err();
    assert_eq!(error.problems[0].code, "unknown_version");
    assert!(error.message.contains("3.0.0-rc.1, 2.0.0, 1.2.3, 1.2.0, 1.1.0, 1.0.0"), "{}", error.message);
}

#[tokio::test]
async fn a_version_in_use_cannot_be_deleted() {
    let world = world().await;
    let engine = &world.engine;
    let delete = async |version: &str| code(engine.connectors.delete(&world.caller, "vault", version).await);
    let own = |version: &str| {
        let mut files = file(version, "Vault");
        files[0].text = files[0].text.replace("key: two_methods", "key: vault");
        files
    };
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        engine.connectors.push(&world.caller, own(version)).await.unwrap();
    }
    let new = NewProfile {
        connector: "vault".into(),
        name: None,
        auth_config_key: None,
        environment: None,
        version_pin: Some("1.0.0".into()),
        active: true,
        default: true,
        enabled_actions: EnabledActions::All,
        setup: Vec::new(),
    };
    let profile = engine.profiles.create(&world.caller, new).await.unwrap();
    assert_eq!(delete("1.0.0").await, (409, Some(ErrorCode::ConnectorVersionPinned)));
    pin(&world, &profile, Some("1.x.x")).await.unwrap();
    assert_eq!(delete("1.0.0").await, (200, None));
    let account = world.link_with(session_for("a"), &profile, &[("key", GOOD)]).await.unwrap();
    assert_eq!(account.connector_version, "1.1.0");
    // 2.0.0 does not match the account's pin.
    assert_eq!(delete("1.1.0").await, (409, Some(ErrorCode::ConnectorInUse)));
    pin(&world, &profile, None).await.unwrap();
    assert_eq!(delete("1.1.0").await, (200, None));
    assert_eq!(delete("2.0.0").await, (409, Some(ErrorCode::ConnectorInUse)));
    engine.delete_account(&world.caller, &account.id).await.unwrap();
    assert_eq!(delete("2.0.0").await, (200, None));
    assert_eq!(delete("2.0.0").await, (404, Some(ErrorCode::ConnectorVersionNotFound)));
    assert_eq!(code(engine.connectors.get(&world.caller, "vault").await), (404, Some(ErrorCode::ConnectorNotFound)));
    assert_eq!(
        code(engine.connectors.delete(&world.caller, "two_methods", "1.0.0").await),
        (409, Some(ErrorCode::ConnectorBuiltIn))
    );
    // A profile without its connector can still be put away, and says what is wrong.
    let patch = ProfilePatch { active: Some(false), ..ProfilePatch::default() };
    engine.profiles.patch(&world.caller, &profile.id, patch).await.unwrap();
    let hub = world.link_with(session_for("a"), &profile, &[("key", GOOD)]).await;
    assert_eq!(code(hub), (404, Some(ErrorCode::ProfileNotFound)));
}

#[tokio::test]
async fn deleting_an_override_restores_the_instance_connector() {
    let world = world().await;
    let account = world.link("a", GOOD).await.unwrap();
    push(&world, "1.1.0").await.unwrap();
    world.whoami(&account).await.unwrap();
    world.engine.connectors.delete(&world.caller, "two_methods", "1.1.0").await.unwrap();
    world.whoami(&account).await.unwrap();
    assert_eq!(runs(&world.engine, &world.caller, &*world.profile().await).await.as_deref(), Some("1.0.0"));
}

#[tokio::test]
async fn concurrent_pushes_of_a_version_store_one() {
    let world = world().await;
    let pushes = (0..6).map(|number| {
        let (engine, caller) = (world.engine.clone(), world.caller.clone());
        tokio::spawn(async move { engine.connectors.push(&caller, file("5.0.0", &format!("Number {number}"))).await })
    });
    let mut outcomes = Vec::new();
    for push in pushes.collect::<Vec<_>>() {
        outcomes.push(push.await.unwrap());
    }
    let stored = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect::<Vec<_>>();
    assert_eq!(stored.len(), 1);
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(refused.clone().all(|error| error.code == ErrorCode::ConnectorVersionExists));
    assert_eq!(refused.count(), 5);
    let in_use = world.engine.connector_catalog.of_project(&world.caller.project_id).await.unwrap();
    assert_eq!(in_use.get("two_methods").unwrap().title, stored[0].connector.title);
}

#[tokio::test]
async fn pushed_versions_survive_a_restart() {
    let world = world().await;
    let account = world.link("a", GOOD).await.unwrap();
    push(&world, "1.1.0").await.unwrap();
    push(&world, "1.2.0").await.unwrap();
    pin(&world, &*world.profile().await, Some("1.1.x")).await.unwrap();
    world.engine.shutdown().await;
    let registry = Registry::new().with(Arc::new(two_methods()));
    let parts = parts(world.folder.path(), 7, world.clock.clone(), registry, "http://127.0.0.1:9".into()).await;
    let engine = Engine::start(parts).await.unwrap();
    let entry = engine.connectors.get(&world.caller, "two_methods").await.unwrap();
    let versions =
        entry.versions.iter().map(|version| (version.version.as_str(), version.is_latest)).collect::<Vec<_>>();
    assert_eq!(versions, [("1.2.0", true), ("1.1.0", false), ("1.0.0", false)]);
    let view = engine.get_account(&world.caller, &account.id).await.unwrap();
    assert_eq!(view.connector_title.as_deref(), Some("Ledger 1.1.0"));
    engine.shutdown().await;
}

#[tokio::test]
async fn pushing_needs_the_api_scope() {
    let world = world().await;
    let stranger = world.stranger().await;
    let pushed = world.engine.connectors.push(&stranger, file("1.1.0", "Ledger")).await;
    assert_eq!(code(pushed), (403, Some(ErrorCode::MissingScope)));
    assert_eq!(
        code(world.engine.connectors.delete(&stranger, "two_methods", "1.0.0").await),
        (403, Some(ErrorCode::MissingScope))
    );
    assert_eq!(code(world.engine.connectors.reload(&stranger).await), (403, Some(ErrorCode::MissingScope)));
}

/// A source that gives what a test put there.
#[derive(Default)]
struct Shelf {
    registry: Mutex<Registry>,
    is_gone: AtomicBool,
}

impl ConnectorSource for Shelf {
    fn read(&self) -> Result<SourceRead, String> {
        if self.is_gone.load(Ordering::SeqCst) {
            return Err("the directory is gone".to_owned());
        }
        Ok(SourceRead { registry: self.registry.lock().unwrap().clone(), ..SourceRead::default() })
    }

    fn files(&self, _: &str) -> Option<Vec<SourceFile>> {
        Some(vec![SourceFile { name: "a.yaml".to_owned(), text: "from the source".to_owned() }])
    }
}

#[tokio::test]
async fn a_reload_replaces_instance_connectors_and_keeps_pushed_ones() {
    let world = world().await;
    push(&world, "1.1.0").await.unwrap();
    world.engine.shutdown().await;
    let source = Arc::new(Shelf::default());
    let registry = Registry::new().with(Arc::new(two_methods()));
    *source.registry.lock().unwrap() = registry.clone();
    let mut parts = parts(world.folder.path(), 7, world.clock.clone(), registry, "http://127.0.0.1:9".into()).await;
    parts.source = Some(source.clone());
    let engine = Engine::start(parts).await.unwrap();
    let mut next = two_methods();
    "other".clone_into(&mut next.key);
    let next = Arc::new(next);
    *source.registry.lock().unwrap() = Registry::new().with(next.clone());
    let reloaded = engine.connectors.reload(&world.caller).await.unwrap();
    assert_eq!((reloaded.added, reloaded.removed), (vec!["other".to_owned()], vec!["two_methods".to_owned()]));
    let both = engine.connector_catalog.of_project(&world.caller.project_id).await.unwrap();
    assert_eq!(both.iter().map(|connector| connector.key.as_str()).collect::<Vec<_>>(), ["other", "two_methods"]);
    assert_eq!(engine.connector_catalog.instance().iter().count(), 1);
    source.is_gone.store(true, Ordering::SeqCst);
    assert_eq!(code(engine.connectors.reload(&world.caller).await), (409, Some(ErrorCode::ConnectorSource)));
    assert!(engine.connector_catalog.instance().get("other").is_some_and(|still| Arc::ptr_eq(still, &next)));
    let files = engine.connectors.version(&world.caller, "other", "latest").await.unwrap().files;
    assert_eq!(files[0].text, "from the source");
    let query = ConnectorQuery { origin: Some(Origin::Project), page: 1, page_size: 10 };
    let own = engine.connectors.list(&world.caller, query).await.unwrap();
    assert_eq!((own.total, own.items[0].key.as_str()), (1, "two_methods"));
    engine.shutdown().await;
}

//! Pushed connectors: their project, the version that runs, and invalid pushes.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use patchbay_connector::{Registry, SourceFile};
use patchbay_engine::{
    Caller, ConnectorQuery, ConnectorSource, Engine, Error, ErrorCode, NewProfile, Origin, ProfilePatch, PushOutcome,
    SourceRead,
};
use patchbay_model::{ApiScope, Profile};

use super::{GOOD, TwoMethodsBed, link, two_methods_bed, whoami};
use crate::support::{fixture, fixture_files, new_profile, session_for};

/// Starts a bed whose caller has every API scope.
async fn pushing_bed() -> TwoMethodsBed {
    let mut bed = two_methods_bed().await;
    bed.caller = Arc::new(Caller { scopes: ApiScope::all(), ..(*bed.caller).clone() });
    bed
}

/// Returns the fixture's file with another version and title.
fn file(version: &str, title: &str) -> Vec<SourceFile> {
    let mut files = fixture_files("two_methods");
    let text = &mut files[0].text;
    *text = text
        .replace("version: 1.0.0", &format!("version: {version}"))
        .replace("title: Ledger", &format!("title: {title}"));
    assert!(text.contains(&format!("version: {version}")) && text.contains(&format!("title: {title}")), "{text}");
    files
}

async fn push(bed: &TwoMethodsBed, version: &str) -> Result<PushOutcome, Error> {
    bed.engine.connectors.push(&bed.caller, file(version, &format!("Ledger {version}"))).await
}

/// Returns the version that the profile runs.
async fn running_version(engine: &Engine, caller: &Caller, profile: &Profile) -> Option<String> {
    let profile = engine.profiles.get(caller, &profile.id).await.unwrap();
    engine
        .connector_catalog
        .find_for_profile(&profile)
        .await
        .unwrap()
        .map(|installed| installed.connector.version.to_string())
}

async fn pin(bed: &TwoMethodsBed, profile: &Profile, pin: Option<&str>) -> Result<Arc<Profile>, Error> {
    let patch = ProfilePatch { version_pin: Some(pin.map(str::to_owned)), ..ProfilePatch::default() };
    bed.patch_profile(&profile.id, patch).await
}

fn code<T>(outcome: Result<T, Error>) -> (u16, Option<ErrorCode>) {
    outcome.map_or_else(|error| (error.status(), Some(error.code)), |_| (200, None))
}

#[tokio::test]
async fn a_pushed_connector_is_used_at_once_in_its_project_only() {
    let bed = pushing_bed().await;
    let stranger = bed.stranger().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    let outcome = push(&bed, "1.1.0").await.unwrap();
    assert!(outcome.created && outcome.overrides && outcome.is_latest);
    whoami(&bed, &account).await.unwrap();
    assert_eq!(
        running_version(&bed.engine, &bed.caller, &*bed.default_profile().await).await.as_deref(),
        Some("1.1.0")
    );
    let ours = bed.engine.connector_catalog.of_project(&bed.caller.project_id).await.unwrap();
    assert_eq!(ours.get("two_methods").unwrap().title, "Ledger 1.1.0");
    let theirs = bed.engine.connector_catalog.of_project(&stranger.project_id).await.unwrap();
    assert_eq!(theirs.get("two_methods").unwrap().title, "Ledger");
    let theirs = bed.engine.connectors.get(&stranger, "two_methods").await.unwrap();
    assert_eq!((theirs.origin, theirs.versions.len()), (Origin::Instance, 1));
    assert_eq!(
        code(bed.engine.connectors.version(&stranger, "two_methods", "1.1.0").await),
        (404, Some(ErrorCode::ConnectorVersionNotFound))
    );
    assert_eq!(bed.engine.connectors.version(&bed.caller, "two_methods", "1.x.x").await.unwrap().files.len(), 1);
}

#[tokio::test]
async fn a_pushed_version_is_immutable() {
    let bed = pushing_bed().await;
    assert!(push(&bed, "2.0.0").await.unwrap().created);
    assert!(!push(&bed, "2.0.0").await.unwrap().created);
    let mut other = file("2.0.0", "Other");
    assert_eq!(
        code(bed.engine.connectors.push(&bed.caller, other.clone()).await),
        (409, Some(ErrorCode::ConnectorVersionExists))
    );
    // The rejected push is not used.
    assert_eq!(
        bed.engine
            .connector_catalog
            .of_project(&bed.caller.project_id)
            .await
            .unwrap()
            .get("two_methods")
            .unwrap()
            .title,
        "Ledger 2.0.0"
    );
    other[0].text = other[0].text.replace("version: 2.0.0", "version: 2.0.0+b");
    assert_eq!(code(bed.engine.connectors.push(&bed.caller, other).await), (400, Some(ErrorCode::Validation)));
}

#[tokio::test]
async fn an_invalid_push_changes_nothing_and_reports_every_problem() {
    let bed = pushing_bed().await;
    push(&bed, "1.1.0").await.unwrap();
    let mut bad = file("1.2.0", "Bad");
    bad[0].text = bad[0].text.replace("title: Bad", "titel: Bad").replace("type: custom", "type: costum");
    let error = bed.engine.connectors.push(&bed.caller, bad).await.unwrap_err();
    assert_eq!((error.status(), error.code), (400, ErrorCode::ConnectorInvalid));
    let codes = error.diagnostics.as_deref().unwrap().iter().map(|found| found.code).collect::<Vec<_>>();
    assert!(codes.contains(&"PB0002") && codes.contains(&"PB0006"), "{codes:?}");
    assert_eq!(error.problems.len(), codes.len());
    assert!(error.problems[0].path.to_string().starts_with("two_methods.connector.yaml:"), "{:?}", error.problems);
    assert_eq!(bed.engine.connectors.get(&bed.caller, "two_methods").await.unwrap().versions.len(), 2);
}

#[tokio::test]
async fn a_pin_selects_among_pushed_and_instance_versions() {
    let bed = pushing_bed().await;
    let profile = bed.default_profile().await;
    for version in ["1.1.0", "1.2.0", "1.2.3", "2.0.0", "3.0.0-rc.1"] {
        push(&bed, version).await.unwrap();
    }
    for (wanted, expected) in [
        (None, "2.0.0"),
        (Some("latest"), "2.0.0"),
        (Some("1.x.x"), "1.2.3"),
        (Some("1.1.x"), "1.1.0"),
        (Some("1.2.0"), "1.2.0"),
        (Some("3.0.0-rc.1"), "3.0.0-rc.1"),
        // Versions of the instance.
        (Some("1.0.0"), "1.0.0"),
        (Some("1.0.x"), "1.0.0"),
    ] {
        pin(&bed, &profile, wanted).await.unwrap();
        assert_eq!(running_version(&bed.engine, &bed.caller, &profile).await.as_deref(), Some(expected), "{wanted:?}");
    }
    for wrong in ["^1.0.0", "~1.2", "1.x", "newest"] {
        let error = pin(&bed, &profile, Some(wrong)).await.unwrap_err();
        assert_eq!((error.code, error.problems[0].code), (ErrorCode::Validation, "format"), "{wrong}");
    }
    let error = pin(&bed, &profile, Some("3.x.x")).await.unwrap_err();
    assert_eq!(error.problems[0].code, "unknown_version");
    assert!(error.message.contains("3.0.0-rc.1, 2.0.0, 1.2.3, 1.2.0, 1.1.0, 1.0.0"), "{}", error.message);
}

#[tokio::test]
async fn a_version_in_use_cannot_be_deleted() {
    let bed = pushing_bed().await;
    let engine = &bed.engine;
    let delete = async |version: &str| code(engine.connectors.delete(&bed.caller, "vault", version).await);
    let own = |version: &str| {
        let mut files = file(version, "Vault");
        files[0].text = files[0].text.replace("key: two_methods", "key: vault");
        files
    };
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        engine.connectors.push(&bed.caller, own(version)).await.unwrap();
    }
    let new = NewProfile { version_pin: Some("1.0.0".into()), default: true, ..new_profile("vault", "key") };
    let profile = engine.profiles.create(&bed.caller, new).await.unwrap();
    assert_eq!(delete("1.0.0").await, (409, Some(ErrorCode::ConnectorVersionPinned)));
    pin(&bed, &profile, Some("1.x.x")).await.unwrap();
    assert_eq!(delete("1.0.0").await, (200, None));
    let account = bed.link_with(session_for("a"), &profile, &[("key", GOOD)]).await.unwrap();
    assert_eq!(account.connector_version, "1.1.0");
    // The account's pin does not match 2.0.0.
    assert_eq!(delete("1.1.0").await, (409, Some(ErrorCode::ConnectorInUse)));
    pin(&bed, &profile, None).await.unwrap();
    assert_eq!(delete("1.1.0").await, (200, None));
    assert_eq!(delete("2.0.0").await, (409, Some(ErrorCode::ConnectorInUse)));
    bed.delete_account(&account.id).await.unwrap();
    assert_eq!(delete("2.0.0").await, (200, None));
    assert_eq!(delete("2.0.0").await, (404, Some(ErrorCode::ConnectorVersionNotFound)));
    assert_eq!(code(engine.connectors.get(&bed.caller, "vault").await), (404, Some(ErrorCode::ConnectorNotFound)));
    assert_eq!(
        code(engine.connectors.delete(&bed.caller, "two_methods", "1.0.0").await),
        (409, Some(ErrorCode::ConnectorBuiltIn))
    );
    // A profile without its connector can still be disabled.
    let patch = ProfilePatch { active: Some(false), ..ProfilePatch::default() };
    engine.profiles.patch(&bed.caller, &profile.id, patch).await.unwrap();
    let hub = bed.link_with(session_for("a"), &profile, &[("key", GOOD)]).await;
    assert_eq!(code(hub), (404, Some(ErrorCode::ProfileNotFound)));
}

#[tokio::test]
async fn deleting_an_override_restores_the_instance_connector() {
    let bed = pushing_bed().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    push(&bed, "1.1.0").await.unwrap();
    whoami(&bed, &account).await.unwrap();
    bed.engine.connectors.delete(&bed.caller, "two_methods", "1.1.0").await.unwrap();
    whoami(&bed, &account).await.unwrap();
    assert_eq!(
        running_version(&bed.engine, &bed.caller, &*bed.default_profile().await).await.as_deref(),
        Some("1.0.0")
    );
}

#[tokio::test]
async fn concurrent_pushes_of_a_version_store_one() {
    let bed = pushing_bed().await;
    let pushes = (0..6).map(|number| {
        let (engine, caller) = (bed.engine.clone(), bed.caller.clone());
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
    let in_use = bed.engine.connector_catalog.of_project(&bed.caller.project_id).await.unwrap();
    assert_eq!(in_use.get("two_methods").unwrap().title, stored[0].connector.title);
}

#[tokio::test]
async fn pushed_versions_survive_a_restart() {
    let bed = pushing_bed().await;
    let account = link(&bed, "a", GOOD).await.unwrap();
    push(&bed, "1.1.0").await.unwrap();
    push(&bed, "1.2.0").await.unwrap();
    pin(&bed, &*bed.default_profile().await, Some("1.1.x")).await.unwrap();
    bed.engine.shutdown().await;
    let engine = bed.another_engine().await;
    let entry = engine.connectors.get(&bed.caller, "two_methods").await.unwrap();
    let versions =
        entry.versions.iter().map(|version| (version.version.as_str(), version.is_latest)).collect::<Vec<_>>();
    assert_eq!(versions, [("1.2.0", true), ("1.1.0", false), ("1.0.0", false)]);
    let view = engine.accounts.get(&bed.caller, &account.id).await.unwrap();
    assert_eq!(view.connector_title.as_deref(), Some("Ledger 1.1.0"));
    engine.shutdown().await;
}

#[tokio::test]
async fn pushing_needs_the_api_scope() {
    let bed = pushing_bed().await;
    let stranger = bed.stranger().await;
    let pushed = bed.engine.connectors.push(&stranger, file("1.1.0", "Ledger")).await;
    assert_eq!(code(pushed), (403, Some(ErrorCode::MissingScope)));
    assert_eq!(
        code(bed.engine.connectors.delete(&stranger, "two_methods", "1.0.0").await),
        (403, Some(ErrorCode::MissingScope))
    );
    assert_eq!(code(bed.engine.connectors.reload(&stranger).await), (403, Some(ErrorCode::MissingScope)));
}

/// A source with the connectors that a test sets.
#[derive(Default)]
struct TestSource {
    registry: Mutex<Registry>,
    is_gone: AtomicBool,
}

impl ConnectorSource for TestSource {
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
    let bed = pushing_bed().await;
    push(&bed, "1.1.0").await.unwrap();
    bed.engine.shutdown().await;
    let source = Arc::new(TestSource::default());
    *source.registry.lock().unwrap() = bed.setup.registry.clone();
    let mut parts = bed.setup.parts();
    parts.source = Some(source.clone());
    let engine = Engine::start(parts).await.unwrap();
    let mut next = fixture("two_methods");
    "other".clone_into(&mut next.key);
    let next = Arc::new(next);
    *source.registry.lock().unwrap() = Registry::new().with(next.clone());
    let reloaded = engine.connectors.reload(&bed.caller).await.unwrap();
    assert_eq!((reloaded.added, reloaded.removed), (vec!["other".to_owned()], vec!["two_methods".to_owned()]));
    let both = engine.connector_catalog.of_project(&bed.caller.project_id).await.unwrap();
    assert_eq!(both.iter().map(|connector| connector.key.as_str()).collect::<Vec<_>>(), ["other", "two_methods"]);
    assert_eq!(engine.connector_catalog.instance().iter().count(), 1);
    source.is_gone.store(true, Ordering::SeqCst);
    assert_eq!(code(engine.connectors.reload(&bed.caller).await), (409, Some(ErrorCode::ConnectorSource)));
    assert!(engine.connector_catalog.instance().get("other").is_some_and(|still| Arc::ptr_eq(still, &next)));
    let files = engine.connectors.version(&bed.caller, "other", "latest").await.unwrap().files;
    assert_eq!(files[0].text, "from the source");
    let query = ConnectorQuery { origin: Some(Origin::Project), page: 1, page_size: 10 };
    let own = engine.connectors.list(&bed.caller, query).await.unwrap();
    assert_eq!((own.total, own.items[0].key.as_str()), (1, "two_methods"));
    engine.shutdown().await;
}

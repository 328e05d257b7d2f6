//! An engine on SQLite in a folder of its own, with one connector of this repository.

mod urls;

use std::{fs, path::Path, sync::Arc};

use patchbay_connector::{Connector, Registry, SourceFile, load, render};
use patchbay_engine::{Caller, Engine, EngineConfig, EngineParts, Error, LinkRequest, NewSession};
use patchbay_model::{
    Account, AccountKind, Clock, Entropy, Metadata, Owner,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_storage::{Storage, sqlite::SqliteStorage};
use patchbay_vault::{KeyRing, Secret, Vault};

/// The connector in a folder below this crate.
pub fn connector(folder: &str) -> Connector {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| SourceFile { text: fs::read_to_string(&path).unwrap(), name: path.display().to_string() })
        .collect::<Vec<_>>();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let loaded = load(&files);
    loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)))
}

/// An engine whose connector's base URLs lead to `upstreams`, and the caller of its first project.
pub async fn engine(
    connector: Connector,
    upstreams: Vec<(String, String)>,
) -> (Engine, Arc<Caller>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&folder.path().join("test.db")).await.unwrap());
    let engine = Engine::start(EngineParts {
        storage,
        vault: Arc::new(Vault::new(KeyRing::generate(&*entropy, clock.now()), entropy.clone())),
        registry: Registry::new().with(Arc::new(connector)),
        source: None,
        clock,
        entropy,
        config: EngineConfig {
            urls: urls::urls(),
            egress_allow: Vec::new(),
            egress_ca: None,
            upstreams,
            call_budget_millis: 10_000,
            max_response_bytes: 1024 * 1024,
            call_retention_days: 90,
        },
    })
    .await
    .unwrap();
    let first = engine.setup.first_start(None).await.unwrap().unwrap();
    let caller = engine.api_keys.authenticate(&first.api_key.unwrap()).await.unwrap();
    (engine, caller, folder)
}

/// Links an account through a connect session, as the Hub does.
pub async fn link(
    engine: &Engine,
    caller: &Caller,
    connector: &str,
    credentials: &[(&str, &str)],
) -> Result<Arc<Account>, Error> {
    link_for(engine, caller, "customer", connector, credentials).await
}

/// The same for an owner.
pub async fn link_for(
    engine: &Engine,
    caller: &Caller,
    owner: &str,
    connector: &str,
    credentials: &[(&str, &str)],
) -> Result<Arc<Account>, Error> {
    let new = NewSession {
        owner: Owner { id: owner.into(), name: "Acme".into(), username: None },
        categories: Vec::new(),
        connector: Some(connector.into()),
        profile_id: None,
        account_id: None,
        label: None,
        metadata: Metadata::new(),
        kind: AccountKind::Production,
        multiple: false,
        allowed_origins: Vec::new(),
        confirm_url: None,
        expires_in: None,
    };
    let session = engine.sessions.create(caller, new).await?;
    let hub = engine.sessions.for_hub(&session.token).await?;
    let profile = engine.hub_profiles(&hub, Some(connector)).await?.remove(0).profile;
    let credentials = credentials.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect();
    engine.hub_link(&hub, LinkRequest { profile_id: Some(profile.id.clone()), credentials }).await
}

//! Starts test beds.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use patchbay_connector::{Connector, Registry};
use patchbay_engine::{Engine, EngineConfig, EngineParts};
use patchbay_logs::{Logs, SqliteLimits};
use patchbay_model::testing::{ManualClock, SeededEntropy};
use patchbay_storage::{Storage, sqlite::SqliteStorage};
use patchbay_vault::{KeyRing, Vault};

use super::{Provider, TestBed, fixture, serve, urls};

/// The moment at which every test begins.
const START: &str = "2026-01-15T10:30:00Z";

/// Returns a clock that shows the moment at which every test begins.
pub fn test_clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(START))
}

/// What engines on one data directory are started from.
pub struct EngineSetup {
    pub storage: Arc<dyn Storage>,
    pub logs: Arc<Logs>,
    pub registry: Registry,
    pub clock: Arc<ManualClock>,
    pub config: EngineConfig,
    /// Decides the keys of the key ring.
    pub key_ring_seed: u64,
    /// The number of engines so far.
    engines: AtomicU64,
}

impl EngineSetup {
    /// Opens the database in `folder`.
    pub async fn open(folder: &Path) -> Self {
        let config = EngineConfig {
            urls: urls::urls(),
            call_budget_millis: 10_000,
            max_response_bytes: 1024 * 1024,
            ..EngineConfig::default()
        };
        Self {
            storage: Arc::new(SqliteStorage::open(&folder.join("test.db")).await.unwrap()),
            logs: Arc::new(Logs::in_file(&folder.join("logs.db"), SqliteLimits::default())),
            registry: Registry::new(),
            clock: test_clock(),
            config,
            key_ring_seed: 7,
            engines: AtomicU64::new(0),
        }
    }

    /// Returns the parts of one more engine.
    pub fn parts(&self) -> EngineParts {
        // No two engines draw the same random bytes.
        let seed = self.engines.fetch_add(1, Ordering::SeqCst) << 32;
        let ring = KeyRing::generate(&SeededEntropy::new(self.key_ring_seed), START.parse().unwrap());
        EngineParts {
            storage: self.storage.clone(),
            logs: self.logs.clone(),
            vault: Arc::new(Vault::new(ring, Arc::new(SeededEntropy::new(seed | 1 << 31)))),
            registry: self.registry.clone(),
            source: None,
            clock: self.clock.clone(),
            entropy: Arc::new(SeededEntropy::new(seed | 7)),
            config: self.config.clone(),
        }
    }
}

/// A test bed that is not started yet.
pub struct Builder<P> {
    connectors: Vec<Connector>,
    clock: Arc<ManualClock>,
    provider: P,
    upstreams: Vec<(String, String)>,
    base_url: Option<String>,
    account: Option<Vec<(String, String)>>,
    secrets: Vec<String>,
    storage: Option<Arc<dyn Storage>>,
    has_background: bool,
    configure: Box<dyn FnOnce(&mut EngineConfig) + Send>,
}

impl TestBed {
    /// Creates a builder.
    pub fn builder() -> Builder<()> {
        Builder {
            connectors: Vec::new(),
            clock: test_clock(),
            provider: (),
            upstreams: Vec::new(),
            base_url: None,
            account: None,
            secrets: Vec::new(),
            storage: None,
            has_background: true,
            configure: Box::new(|_| ()),
        }
    }
}

impl<P: Provider> Builder<P> {
    /// Installs the connector of a fixture. The bed runs the actions of the first connector.
    pub fn connector(self, name: &str) -> Self {
        self.connectors([fixture(name)])
    }

    /// Installs connectors.
    pub fn connectors(mut self, connectors: impl IntoIterator<Item = Connector>) -> Self {
        self.connectors.extend(connectors);
        self
    }

    /// Serves `provider` in place of `base_url`.
    pub fn provider<Q: Provider>(self, base_url: &str, provider: Q) -> Builder<Q> {
        let Self { connectors, clock, upstreams, account, secrets, storage, has_background, configure, .. } = self;
        let base_url = Some(base_url.to_owned());
        Builder {
            connectors,
            clock,
            provider,
            upstreams,
            base_url,
            account,
            secrets,
            storage,
            has_background,
            configure,
        }
    }

    /// Uses an empty database in place of a new file.
    pub fn storage(self, storage: Arc<dyn Storage>) -> Self {
        Self { storage: Some(storage), ..self }
    }

    /// Starts no background task: nothing is delivered to webhooks unless the test delivers it.
    pub fn without_background(self) -> Self {
        Self { has_background: false, ..self }
    }

    /// Shares a clock with a provider.
    pub fn clock(self, clock: Arc<ManualClock>) -> Self {
        Self { clock, ..self }
    }

    /// Sends the requests for the first URL of each pair to the second one.
    pub fn upstreams(self, upstreams: Vec<(String, String)>) -> Self {
        Self { upstreams, ..self }
    }

    /// Changes the engine's configuration.
    pub fn config(self, configure: impl FnOnce(&mut EngineConfig) + Send + 'static) -> Self {
        Self { configure: Box::new(configure), ..self }
    }

    /// Links an account of the first connector with these credentials.
    pub fn account(self, credentials: &[(&str, &str)]) -> Self {
        let credentials = credentials.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Self { account: Some(credentials.collect()), ..self }
    }

    /// Checks that no error and no URL contains `secret`.
    pub fn secret(mut self, secret: &str) -> Self {
        self.secrets.push(secret.to_owned());
        self
    }

    /// Starts the provider and the engine, creates the first project, and links the account.
    pub async fn start(self) -> TestBed<P> {
        let folder = tempfile::tempdir().unwrap();
        let mut setup = EngineSetup::open(folder.path()).await;
        let connector = self.connectors.first().map(|connector| connector.key.clone()).unwrap_or_default();
        setup.registry = self.connectors.into_iter().fold(Registry::new(), |all, next| all.with(Arc::new(next)));
        setup.clock = self.clock;
        setup.storage = self.storage.unwrap_or(setup.storage);
        setup.config.upstreams = self.upstreams;
        let provider_url = serve(self.provider.router()).await;
        setup.config.upstreams.extend(self.base_url.map(|from| (from, provider_url.clone())));
        (self.configure)(&mut setup.config);
        let parts = setup.parts();
        let engine = if self.has_background { Engine::start(parts).await } else { Engine::open(parts).await };
        let engine = engine.unwrap();
        let first = engine.setup.first_start(None).await.unwrap().unwrap();
        let caller = engine.api_keys.authenticate(&first.api_key.unwrap()).await.unwrap();
        let (clock, storage, provider) = (setup.clock.clone(), setup.storage.clone(), self.provider);
        let mut bed = TestBed {
            engine,
            caller,
            clock,
            storage,
            provider,
            provider_url,
            setup,
            connector,
            account: None,
            secrets: self.secrets,
            folder,
        };
        if let Some(credentials) = self.account {
            let credentials = credentials.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>();
            bed.account = Some(bed.link("customer", &credentials).await.unwrap().id.clone());
        }
        bed
    }
}

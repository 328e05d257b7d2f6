//! An engine and the simulated authorization server, with one clock that is turned by hand.

use std::{path::Path, sync::Arc};

use patchbay_connector::{Registry, SourceFile, load, render};
use patchbay_engine::{
    Caller, CreatedSession, Engine, EngineConfig, EngineParts, Error, LinkRequest, NewProfile, NewSession,
    ProxyRequest, RunRequest,
};
use patchbay_model::{
    Account, AccountId, AccountKind, EnabledActions, Entropy, Metadata, Owner, Profile, ProjectId,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_simulator::{OAuthRules, OAuthServer};
use patchbay_storage::{Storage, sqlite::SqliteStorage};
use patchbay_vault::{KeyRing, Secret, Vault};
use serde_json::{Map, Value};

pub const APP_SECRET: &str = "canary-app-secret-55ab";
pub const OTHER_SECRET: &str = "canary-other-secret-77cd";

pub struct World {
    pub engine: Engine,
    pub caller: Arc<Caller>,
    pub clock: Arc<ManualClock>,
    pub provider: OAuthServer,
    /// Where the provider really listens.
    pub provider_url: String,
    pub storage: Arc<dyn Storage>,
    pub folder: tempfile::TempDir,
}

fn registry() -> Registry {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/oauth2/oauth2.connector.yaml");
    let files = [SourceFile { text: std::fs::read_to_string(path).unwrap(), name: "oauth2.connector.yaml".into() }];
    let loaded = load(&files);
    Registry::new()
        .with(Arc::new(loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)))))
}

/// Two apps; the second one's secret never changes.
pub fn clients(secret: &str) -> Vec<(String, String)> {
    [("app", secret), ("other-app", OTHER_SECRET)].map(|(id, secret)| (id.to_owned(), secret.to_owned())).to_vec()
}

impl World {
    pub async fn new() -> Self {
        Self::with(OAuthRules::default()).await
    }

    pub async fn with(rules: OAuthRules) -> Self {
        let clock = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
        let rules = OAuthRules { clients: clients(APP_SECRET), ..rules };
        let provider = OAuthServer::new(clock.clone(), Arc::new(SeededEntropy::new(3)), rules);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider_url = format!("http://{}", listener.local_addr().unwrap());
        let router = provider.router();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

        let folder = tempfile::tempdir().unwrap();
        let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&folder.path().join("test.db")).await.unwrap());
        let engine = Engine::start(parts(&storage, &clock, &provider_url)).await.unwrap();
        let first = engine.setup.first_start(None).await.unwrap().unwrap();
        let caller = engine.api_keys.authenticate(&first.api_key.unwrap()).await.unwrap();
        Self { engine, caller, clock, provider, provider_url, storage, folder }
    }

    /// Another engine on the same database, as after a crash: nothing of the first one was shut down.
    pub async fn another_engine(&self) -> Engine {
        Engine::start(self.parts()).await.unwrap()
    }

    /// What another engine on the same database is made of.
    pub fn parts(&self) -> EngineParts {
        parts(&self.storage, &self.clock, &self.provider_url)
    }

    pub async fn profile(&self, method: &str) -> Arc<Profile> {
        self.profile_of(method, ("app", APP_SECRET), EnabledActions::All).await
    }

    pub async fn profile_of(&self, method: &str, app: (&str, &str), enabled: EnabledActions) -> Arc<Profile> {
        let setup =
            [("clientId", app.0), ("clientSecret", app.1)].map(|(key, value)| (key.to_owned(), Secret::new(value)));
        let new = NewProfile {
            connector: "oauth2".into(),
            name: Some(format!("Harbor by {method}")),
            auth_config_key: Some(method.into()),
            environment: None,
            version_pin: None,
            active: true,
            default: false,
            enabled_actions: enabled,
            setup: if ["sign_in", "identity"].contains(&method) { setup.to_vec() } else { Vec::new() },
        };
        self.engine.profiles.create(&self.caller, new).await.unwrap()
    }

    pub async fn session(&self, change: impl FnOnce(&mut NewSession)) -> CreatedSession {
        let mut new = NewSession {
            owner: Owner { id: "customer".into(), name: "Acme".into(), username: None },
            categories: Vec::new(),
            connector: None,
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
        change(&mut new);
        self.engine.sessions.create(&self.caller, new).await.unwrap()
    }

    pub async fn link_with(&self, profile: &Profile, typed: &[(&str, &str)]) -> Result<Arc<Account>, Error> {
        let made = self.session(|_| {}).await;
        let hub = self.engine.sessions.for_hub(&made.token).await.unwrap();
        let credentials = typed.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect();
        self.engine.hub_link(&hub, LinkRequest { profile_id: Some(profile.id.clone()), credentials }).await
    }

    /// An account by the app's own credentials.
    pub async fn service(&self) -> Arc<Account> {
        let profile = self.profile("service").await;
        self.link_with(&profile, &[("clientId", "app"), ("clientSecret", APP_SECRET)]).await.unwrap()
    }

    pub async fn run(&self, account: &AccountId, action: &str) -> Result<Value, Error> {
        run(&self.engine, &self.caller, account, action).await
    }

    pub async fn proxy(&self, account: &AccountId) -> Result<u16, Error> {
        let request = ProxyRequest {
            account_id: account.clone(),
            url: None,
            method: patchbay_connector::definition::HttpMethod::Get,
            path: "/me".into(),
            headers: Vec::new(),
            body: None,
        };
        Ok(self.engine.run_proxy(&self.caller, request).await?.status)
    }

    /// The account as it is stored.
    pub async fn stored(&self, id: &AccountId) -> Account {
        self.storage.accounts().get(self.project(), id).await.unwrap().unwrap()
    }

    pub fn project(&self) -> &ProjectId {
        &self.caller.project_id
    }

    /// How many token requests there were of a kind.
    pub fn asked(&self, grant: &str) -> usize {
        self.provider.token_requests().iter().filter(|asked| *asked == grant).count()
    }
}

fn parts(storage: &Arc<dyn Storage>, clock: &Arc<ManualClock>, provider_url: &str) -> EngineParts {
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
    let ring = KeyRing::generate(&SeededEntropy::new(7), "2026-01-15T10:30:00Z".parse().unwrap());
    EngineParts {
        storage: storage.clone(),
        vault: Arc::new(Vault::new(ring, Arc::new(SeededEntropy::new(rand_seed())))),
        registry: registry(),
        source: None,
        clock: clock.clone(),
        entropy,
        config: EngineConfig {
            urls: crate::urls::urls(),
            egress_allow: Vec::new(),
            egress_ca: None,
            upstreams: vec![("https://oauth2.example.com".into(), provider_url.to_owned())],
            call_budget_millis: 10_000,
            max_response_bytes: 1024 * 1024,
            call_retention_days: 90,
        },
    }
}

/// Another one for each engine: no two seal under the same nonce.
fn rand_seed() -> u64 {
    static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1 << 40);
    LAST.fetch_add(1 << 32, std::sync::atomic::Ordering::SeqCst)
}

pub async fn run(engine: &Engine, caller: &Caller, account: &AccountId, action: &str) -> Result<Value, Error> {
    let request = RunRequest {
        account_id: account.clone(),
        profile_id: None,
        action: format!("oauth2_{action}"),
        path: Map::new(),
        query: Map::new(),
        headers: Map::new(),
        body: Map::new(),
        debug: false,
    };
    Ok(Value::Object(engine.run_action(caller, request).await?.result))
}

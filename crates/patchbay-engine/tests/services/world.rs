//! An engine on a folder of its own, with a provider that knows two keys and writes down what it saw.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use patchbay_connector::{Connector, Registry, SourceFile, load, render};
use patchbay_engine::{
    Caller, CreatedSession, Engine, EngineConfig, EngineParts, Error, HubSession, LinkRequest, NewProfile, NewSession,
};
use patchbay_model::{
    Account, AccountKind, Clock, EnabledActions, Entropy, Metadata, Owner, Profile,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_storage::{Storage, sqlite::SqliteStorage};
use patchbay_vault::{KeyRing, Secret, Vault};
use serde_json::json;

/// The secrets that the provider takes.
pub const GOOD: &str = "canary-good-71f0c2";
pub const OTHER: &str = "canary-other-93be55";
/// One that it refuses, and one whose quota it does not tell.
pub const BAD: &str = "canary-bad-0d44a8";
pub const NO_QUOTA: &str = "canary-noquota-5521";

/// What the provider was sent, newest last.
pub type Seen = Arc<Mutex<Vec<(String, HeaderMap)>>>;

pub struct World {
    pub engine: Engine,
    pub caller: Arc<Caller>,
    pub clock: Arc<ManualClock>,
    pub seen: Seen,
    pub folder: tempfile::TempDir,
}

pub fn two_methods() -> Connector {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/two_methods/two_methods.connector.yaml");
    let files =
        [SourceFile { text: std::fs::read_to_string(path).unwrap(), name: "two_methods.connector.yaml".into() }];
    let loaded = load(&files);
    loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)))
}

fn answer(path: &str, headers: &HeaderMap) -> Response {
    let sent = headers.get("x-key").or_else(|| headers.get("x-token")).and_then(|value| value.to_str().ok());
    match (path, sent) {
        (_, Some(BAD) | None) => {
            (StatusCode::UNAUTHORIZED, Json(json!({"error": "no such key", "got": sent}))).into_response()
        }
        ("/quota", Some(NO_QUOTA)) => {
            (StatusCode::FORBIDDEN, Json(json!({"error": "no quota", "got": sent}))).into_response()
        }
        _ => Json(json!({"ok": true})).into_response(),
    }
}

async fn provider(seen: Seen) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(move |request: Request| {
        let seen = seen.clone();
        async move {
            let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
            let answer = answer(&path, &headers);
            seen.lock().unwrap().push((path, headers));
            answer
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

/// The parts of an engine on `folder`; `seed` decides its key ring.
pub async fn parts(folder: &Path, seed: u64, clock: Arc<ManualClock>, registry: Registry, url: String) -> EngineParts {
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&folder.join("test.db")).await.unwrap());
    EngineParts {
        storage,
        vault: Arc::new(Vault::new(KeyRing::generate(&*entropy, clock.now()), entropy.clone())),
        registry,
        source: None,
        clock,
        entropy,
        config: EngineConfig {
            urls: crate::urls::urls(),
            egress_allow: Vec::new(),
            egress_ca: None,
            upstreams: vec![("https://api.two-methods.example.com".into(), url)],
            call_budget_millis: 10_000,
            max_response_bytes: 1024 * 1024,
            call_retention_days: 90,
        },
    }
}

pub fn owner(id: &str) -> Owner {
    Owner { id: id.into(), name: "Acme".into(), username: None }
}

/// A session that shows everything to `owner`.
pub fn session_for(id: &str) -> NewSession {
    NewSession {
        owner: owner(id),
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
    }
}

pub fn secrets(pairs: &[(&str, &str)]) -> Vec<(String, Secret)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect()
}

impl World {
    pub async fn new() -> Self {
        let (folder, seen) = (tempfile::tempdir().unwrap(), Seen::default());
        let clock = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
        let registry = Registry::new().with(Arc::new(two_methods()));
        let url = provider(seen.clone()).await;
        let engine = Engine::start(parts(folder.path(), 7, clock.clone(), registry, url).await).await.unwrap();
        let first = engine.setup.first_start(None).await.unwrap().unwrap();
        let caller = engine.api_keys.authenticate(&first.api_key.unwrap()).await.unwrap();
        Self { engine, caller, clock, seen, folder }
    }

    /// Another project's caller.
    pub async fn stranger(&self) -> Arc<Caller> {
        let project = self.engine.projects.create("Theirs").await.unwrap();
        let new =
            patchbay_engine::NewKey { name: "theirs".into(), scopes: patchbay_model::ApiScope::defaults(), text: None };
        let key = self.engine.api_keys.create(&project.id, new).await.unwrap();
        self.engine.api_keys.authenticate(&key.text).await.unwrap()
    }

    pub async fn session(&self, new: NewSession) -> (CreatedSession, HubSession) {
        let made = self.engine.sessions.create(&self.caller, new).await.unwrap();
        let hub = self.engine.sessions.for_hub(&made.token).await.unwrap();
        (made, hub)
    }

    /// The profile that every project has from the start.
    pub async fn profile(&self) -> Arc<Profile> {
        self.engine.profiles.active_of_connector(&self.caller, "two_methods").await.unwrap().unwrap()
    }

    pub async fn new_profile(&self, method: &str, environment: &str) -> Arc<Profile> {
        let new = NewProfile {
            connector: "two_methods".into(),
            name: Some(format!("{method} {environment}")),
            auth_config_key: Some(method.into()),
            environment: Some(environment.into()),
            version_pin: None,
            active: true,
            default: false,
            enabled_actions: EnabledActions::All,
            setup: Vec::new(),
        };
        self.engine.profiles.create(&self.caller, new).await.unwrap()
    }

    pub async fn link_with(
        &self,
        session: NewSession,
        profile: &Profile,
        typed: &[(&str, &str)],
    ) -> Result<Arc<Account>, Error> {
        let (_, hub) = self.session(session).await;
        let request = LinkRequest { profile_id: Some(profile.id.clone()), credentials: secrets(typed) };
        self.engine.hub_link(&hub, request).await
    }

    /// Links the owner's account through the first profile.
    pub async fn link(&self, owner: &str, key: &str) -> Result<Arc<Account>, Error> {
        self.link_with(session_for(owner), &*self.profile().await, &[("key", key)]).await
    }

    /// How many accounts there are.
    pub async fn count(&self) -> u64 {
        self.listed(&[]).await.len() as u64
    }

    /// The owners of the accounts in these states, in order.
    pub async fn listed(&self, statuses: &[patchbay_engine::EffectiveStatus]) -> Vec<String> {
        let query = patchbay_engine::AccountQuery {
            statuses: statuses.to_vec(),
            page: 1,
            page_size: 100,
            ..patchbay_engine::AccountQuery::default()
        };
        let page = self.engine.list_accounts(&self.caller, query).await.unwrap();
        let mut owners = page.items.iter().map(|view| view.account.owner.id.clone()).collect::<Vec<_>>();
        owners.sort();
        owners
    }

    /// The newest value of a header that the provider saw at a path.
    pub fn last_header(&self, path: &str, name: &str) -> Option<String> {
        let seen = self.seen.lock().unwrap();
        let (_, headers) = seen.iter().rev().find(|(at, _)| at == path)?;
        Some(headers.get(name)?.to_str().unwrap().to_owned())
    }

    pub async fn whoami(&self, account: &Account) -> Result<(), Error> {
        let request = patchbay_engine::RunRequest {
            account_id: account.id.clone(),
            profile_id: None,
            action: "two_methods_whoami".into(),
            path: serde_json::Map::new(),
            query: serde_json::Map::new(),
            headers: serde_json::Map::new(),
            body: serde_json::Map::new(),
            debug: false,
        };
        self.engine.actions.run(&self.caller, request).await.map(|_| ())
    }
}

//! Client certificates, against TLS servers on loopback that demand one.

#[path = "support/tls.rs"]
mod tls;
#[path = "support/urls.rs"]
mod urls;

use std::{path::Path, sync::Arc};

use patchbay_connector::{Connector, Registry, SourceFile, definition::HttpMethod, load, render};
use patchbay_engine::{
    Caller, Engine, EngineConfig, EngineParts, Error, ErrorCode, LinkRequest, NewSession, ProxyRequest, RunRequest,
    local_runner::{ActionInput, LocalAccount, LocalRun, LocalRunner},
};
use patchbay_model::{
    AccountId, AccountKind, Clock, Entropy, ExpiryCause, Metadata, Owner,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_storage::{Storage, sqlite::SqliteStorage};
use patchbay_vault::{KeyRing, Secret, Vault};
use serde_json::{Map, Value, json};
use tls::{Authority, ClientAuth, TlsServer};

/// The connector, its provider on this port.
fn connector(port: u16) -> Connector {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mtls/mtls.connector.yaml");
    let text = std::fs::read_to_string(path).unwrap().replace("PORT", &port.to_string());
    let files = [SourceFile { name: "mtls.connector.yaml".into(), text }];
    let loaded = load(&files);
    loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)))
}

fn config(authority: &Authority) -> EngineConfig {
    EngineConfig {
        urls: urls::urls(),
        egress_allow: vec!["127.0.0.0/8".parse().unwrap()],
        egress_ca: Some(authority.pem()),
        upstreams: Vec::new(),
        call_budget_millis: 10_000,
        max_response_bytes: 1024 * 1024,
        call_retention_days: 90,
    }
}

/// One action by itself, with a certificate and key as the account's fields.
async fn run(connector: &Connector, config: EngineConfig, action: &str, pem: (&str, &str)) -> Result<Value, Error> {
    let (clock, entropy) = (ManualClock::at("2026-01-15T10:30:00Z"), SeededEntropy::new(1));
    let runner = LocalRunner::new(&config.egress(), config.runtime(), Arc::new(clock), Arc::new(entropy));
    let credentials = Metadata::from_iter([
        ("clientCert".to_owned(), Value::from(pem.0)),
        ("clientKey".to_owned(), Value::from(pem.1)),
    ]);
    let account = LocalAccount { connector, auth: Some("optional"), environment: None, credentials };
    let run = LocalRun { account, action, input: ActionInput::default() };
    runner.unwrap().run(run).await.result.map(|mut result| result.remove("data").unwrap_or_default())
}

#[tokio::test]
async fn a_request_presents_the_accounts_client_certificate() {
    let authority = Authority::new("Bank's authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let (cert, key) = authority.client("acme");
    let answer = run(&connector(server.port), config(&authority), "get_me_by_request", (&cert, &key)).await.unwrap();
    assert_eq!(answer["client"], "acme");
}

#[tokio::test]
async fn a_missing_client_certificate_is_reported() {
    let authority = Authority::new("Bank's authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let connector = connector(server.port);
    let error = run(&connector, config(&authority), "get_me_by_request", ("", "")).await.unwrap_err();
    assert_eq!((error.code, error.status()), (ErrorCode::ProviderUnreachable, 502));
    assert!(error.message.contains("requires a client certificate"), "{error}");
}

#[tokio::test]
async fn a_client_certificate_of_an_untrusted_ca_is_reported_as_rejected() {
    let (authority, other) = (Authority::new("Bank's authority"), Authority::new("Another"));
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let (cert, key) = other.client("mallory");
    let error = run(&connector(server.port), config(&authority), "get_me_by_request", (&cert, &key)).await.unwrap_err();
    assert_eq!((error.code, error.status()), (ErrorCode::AccountInvalidCredentials, 401));
    assert!(error.message.contains("rejected the account's client certificate"), "{error}");
}

#[tokio::test]
async fn an_invalid_certificate_field_is_named() {
    let authority = Authority::new("Bank's authority");
    let connector = connector(1);
    let (cert, key) = authority.client("acme");
    let (_, other_key) = authority.client("other");
    for (pem, part) in [
        ((cert.as_str(), ""), "`clientKey` is empty"),
        (("", key.as_str()), "`clientCert` is empty"),
        (("hello", key.as_str()), "`clientCert` is not a certificate"),
        ((cert.as_str(), "hello"), "`clientKey` is not a private key"),
        ((cert.as_str(), other_key.as_str()), "`clientKey` belongs to another certificate"),
    ] {
        let error = run(&connector, config(&authority), "get_me_by_request", pem).await.unwrap_err();
        assert_eq!((error.code, error.status()), (ErrorCode::AccountField, 412), "{error}");
        assert!(error.message.contains(part), "{error}");
        assert!(!error.message.contains("hello"), "{error}");
    }
}

#[tokio::test]
async fn a_server_with_an_untrusted_certificate_is_not_called() {
    let (authority, other) = (Authority::new("Bank's authority"), Authority::new("Another"));
    let server = TlsServer::start(&authority, ClientAuth::Optional, "").await;
    for trusted in [None, Some(other.pem())] {
        let config = EngineConfig { egress_ca: trusted, ..config(&authority) };
        let error = run(&connector(server.port), config, "get_me", ("", "")).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ProviderUnreachable);
        assert!(error.message.contains("invalid peer certificate"), "{error}");
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_redirect_to_another_origin_presents_no_client_certificate() {
    let authority = Authority::new("Bank's authority");
    let elsewhere = TlsServer::start(&authority, ClientAuth::Optional, "").await;
    let away = format!("https://127.0.0.1:{}/me", elsewhere.port);
    let server = TlsServer::start(&authority, ClientAuth::Required, &away).await;
    let (cert, key) = authority.client("acme");
    let answer = run(&connector(server.port), config(&authority), "get_away", (&cert, &key)).await.unwrap();
    assert_eq!(answer["client"], Value::Null, "{answer}");
    assert_eq!((server.requests(), elsewhere.requests()), (1, 1));
}

struct World {
    engine: Engine,
    caller: Arc<Caller>,
    _folder: tempfile::TempDir,
}

async fn world(authority: &Authority, port: u16) -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&folder.path().join("test.db")).await.unwrap());
    let engine = Engine::start(EngineParts {
        storage,
        vault: Arc::new(Vault::new(KeyRing::generate(&*entropy, clock.now()), entropy.clone())),
        registry: Registry::new().with(Arc::new(connector(port))),
        source: None,
        clock,
        entropy,
        config: config(authority),
    })
    .await
    .unwrap();
    let first = engine.setup.first_start(None).await.unwrap().unwrap();
    let caller = engine.api_keys.authenticate(&first.api_key.unwrap()).await.unwrap();
    World { engine, caller, _folder: folder }
}

impl World {
    async fn link(&self, owner: &str, (cert, key): &(String, String)) -> Result<AccountId, Error> {
        let new = NewSession {
            owner: Owner { id: owner.into(), name: owner.into(), username: None },
            categories: Vec::new(),
            connector: Some("mtls".into()),
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
        let session = self.engine.sessions.create(&self.caller, new).await?;
        let hub = self.engine.sessions.for_hub(&session.token).await?;
        let profile = self.engine.hub_profiles(&hub, Some("mtls")).await?.remove(0).profile;
        let fields = [("clientId", "app"), ("clientCert", cert.as_str()), ("clientKey", key.as_str())];
        let credentials = fields.map(|(key, value)| (key.to_owned(), Secret::new(value))).into();
        let linked = self.engine.hub_link(&hub, LinkRequest { profile_id: Some(profile.id.clone()), credentials });
        Ok(linked.await?.id.clone())
    }

    async fn me(&self, account: &AccountId) -> Value {
        let request = RunRequest {
            account_id: account.clone(),
            profile_id: None,
            action: "mtls_get_me".into(),
            path: Map::new(),
            query: Map::new(),
            headers: Map::new(),
            body: Map::new(),
            debug: false,
        };
        self.engine.actions.run(&self.caller, request).await.unwrap().result.remove("data").unwrap()
    }
}

#[tokio::test]
async fn token_requests_actions_and_the_proxy_present_the_client_certificate() {
    let authority = Authority::new("Bank's authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let world = world(&authority, server.port).await;
    let account = world.link("acme", &authority.client("acme")).await.unwrap();
    assert_eq!(server.paths(), ["/token", "/me"]);
    let answer = world.me(&account).await;
    assert_eq!(answer["client"], "acme");
    assert_eq!(answer["authorization"], "Bearer [redacted]", "the token of the certificate went along");
    let proxied = ProxyRequest {
        account_id: account,
        url: None,
        method: HttpMethod::Get,
        path: "/me".into(),
        headers: Vec::new(),
        body: None,
    };
    let proxied = world.engine.proxy.run(&world.caller, proxied).await.unwrap();
    let body: Value = serde_json::from_slice(&proxied.body).unwrap();
    assert_eq!((proxied.status, &body["client"]), (200, &json!("acme")));
}

#[tokio::test]
async fn the_expiry_of_a_client_certificate_is_stored() {
    let authority = Authority::new("Bank's authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let world = world(&authority, server.port).await;
    let account = world.link("acme", &authority.client("acme")).await.unwrap();
    let view = world.engine.get_account(&world.caller, &account).await.unwrap();
    let expiry = view.account.next_expiry().unwrap();
    assert_eq!(
        (expiry.cause, expiry.at.to_rfc3339().as_str()),
        (ExpiryCause::ClientCertificate, "4096-01-01T00:00:00.000Z")
    );
    assert_eq!(expiry.notify_from.to_rfc3339(), "4095-12-18T00:00:00.000Z", "two weeks ahead");
    assert!(view.expiry_notice.unwrap().ends_with("its client certificate expires"));
}

#[tokio::test]
async fn a_rejected_client_certificate_links_no_account() {
    let (authority, other) = (Authority::new("Bank's authority"), Authority::new("Another"));
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let world = world(&authority, server.port).await;
    let (cert, key) = other.client("mallory");
    let error = world.link("mallory", &(cert, key.clone())).await.unwrap_err();
    assert!(error.message.contains("client certificate"), "{error}");
    assert!(!format!("{error:?}").contains(key.lines().nth(1).unwrap()), "the key appears nowhere");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn connections_with_client_certificates_are_never_shared_between_accounts() {
    let authority = Authority::new("Bank's authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let world = world(&authority, server.port).await;
    let pem = authority.client("acme");
    let (first, second) = (world.link("one", &pem).await.unwrap(), world.link("two", &pem).await.unwrap());
    let connection = async |account: &AccountId| world.me(account).await["connection"].clone();
    let own = connection(&first).await;
    assert_eq!(own, connection(&first).await, "the account's connection is used again");
    let others = connection(&second).await;
    assert_ne!(own, others, "equal certificates of two accounts share no connection");
    assert_eq!(own, connection(&first).await);
}

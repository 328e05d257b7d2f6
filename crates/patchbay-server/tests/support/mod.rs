//! A server on SQLite in its own folder, called without a port.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use patchbay_connector::{Connector, Registry, SourceFile, load, render};
use patchbay_engine::{Engine, EngineConfig, EngineParts, Logs};
use patchbay_model::{
    Clock, Entropy,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_server::{RequestHandler, RouteUrls, ServerConfig};
use patchbay_storage::{Storage, sqlite::SqliteStorage};
use patchbay_vault::{KeyRing, Vault};

/// Returns the connector that a file's text describes.
pub fn connector(text: &str) -> Connector {
    let files = [SourceFile { name: "demo.connector.yaml".to_owned(), text: text.to_owned() }];
    let loaded = load(&files);
    loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)))
}

/// The assets of a build without screens.
struct NoAssets;

impl patchbay_server::WebAssets for NoAssets {
    fn get(&self, _: &str) -> Option<std::borrow::Cow<'static, [u8]>> {
        None
    }
}

pub struct Server {
    pub router: RequestHandler,
    _folder: tempfile::TempDir,
}

impl Server {
    pub async fn start(connector: Connector, hub_allowed_origins: Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&folder.path().join("test.db")).await.unwrap());
        let urls = Arc::new(RouteUrls::new("http://localhost"));
        let engine = Engine::start(EngineParts {
            storage,
            logs: Arc::new(Logs::none()),
            vault: Arc::new(Vault::new(KeyRing::generate(&*entropy, clock.now()), entropy.clone())),
            registry: Registry::new().with(Arc::new(connector)),
            source: None,
            clock,
            entropy,
            config: EngineConfig {
                urls: urls.clone(),
                call_budget_millis: 10_000,
                max_response_bytes: 1024 * 1024,
                ..EngineConfig::default()
            },
        })
        .await
        .unwrap();
        engine.setup.first_start(None).await.unwrap();
        let config = ServerConfig {
            urls,
            version: "0.0.0",
            body_limit_bytes: 1024,
            assets: Arc::new(NoAssets),
            hub_allowed_origins,
            is_local: false,
            trusted_proxies: Vec::new(),
            sandbox: None,
            settings: Vec::new(),
            stopping: tokio_util::sync::CancellationToken::new(),
            stop: tokio_util::sync::CancellationToken::new(),
        };
        Self { router: patchbay_server::router(engine, config), _folder: folder }
    }

    pub async fn get(&self, path: &str) -> (StatusCode, HeaderMap, String) {
        send(&self.router, Request::get(path).body(Body::empty()).unwrap()).await
    }
}

/// Sends a request and returns the whole response.
pub async fn send(router: &RequestHandler, mut request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    // Every client of HTTP/1.1 sends it.
    request.headers_mut().entry(header::HOST).or_insert(HeaderValue::from_static("localhost"));
    let (head, body) = router(request).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.into()).unwrap();
    // The templates escape a slash as a character reference, which browsers decode.
    (head.status, head.headers, text.replace("&#x2f;", "/"))
}

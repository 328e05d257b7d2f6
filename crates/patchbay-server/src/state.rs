//! What every handler has.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

use axum::extract::FromRef;
use patchbay_engine::Engine;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The operator's choices that concern the server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The one public URL, without a trailing slash.
    pub public_url: String,
    /// The product's version.
    pub version: &'static str,
    /// The largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// The built screens.
    pub assets: Arc<dyn WebAssets>,
    /// Origins that may call the Hub API from a browser (empty allows any) and frame the Hub.
    pub hub_allowed_origins: Vec<String>,
    /// The sandbox's credentials, when it is on.
    pub sandbox: Option<SandboxInfo>,
    /// Cancelled when the server stops taking requests: answers without an end of their own end then.
    pub stop: CancellationToken,
}

/// The built screens, by path such as `hub/index.html`; empty when they were not built.
pub trait WebAssets: Send + Sync {
    /// A file's bytes.
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>>;
}

impl fmt::Debug for dyn WebAssets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebAssets")
    }
}

/// What links an account of the sandbox.
#[derive(Clone, Debug)]
pub struct SandboxInfo {
    /// The client id.
    pub client_id: String,
    /// The client secret. It is public: the sandbox is nobody's account.
    pub client_secret: String,
}

impl SandboxInfo {
    /// The connector whose provider is simulated.
    pub(crate) const CONNECTOR: &str = "spotdraft";

    /// The values by the connector's field keys.
    pub(crate) fn credentials(&self) -> serde_json::Value {
        serde_json::json!({ "clientId": self.client_id, "clientSecret": self.client_secret })
    }
}

#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) engine: Engine,
    pub(crate) config: Arc<ServerConfig>,
    /// Places for streams of events.
    pub(crate) streams: Arc<Semaphore>,
    /// The API's document, once someone has asked for it: anyone may, and making it is work.
    pub(crate) document: Arc<OnceLock<serde_json::Value>>,
}

impl AppState {
    /// The API's document.
    pub(crate) fn document(&self) -> &serde_json::Value {
        self.document.get_or_init(|| crate::openapi(&self.config.public_url))
    }
}

impl FromRef<AppState> for Engine {
    fn from_ref(state: &AppState) -> Self {
        state.engine.clone()
    }
}

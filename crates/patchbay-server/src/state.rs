//! What every handler has.

use std::sync::Arc;

use axum::extract::FromRef;
use patchbay_engine::Engine;

/// The operator's choices that concern the server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The one public URL, without a trailing slash.
    pub public_url: String,
    /// The product's version.
    pub version: &'static str,
    /// The largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// Origins that may call the Hub API from a browser; empty allows any.
    pub hub_allowed_origins: Vec<String>,
    /// The sandbox's credentials, when it is on.
    pub sandbox: Option<SandboxInfo>,
}

/// What links an account of the sandbox.
#[derive(Clone, Debug)]
pub struct SandboxInfo {
    /// The client id.
    pub client_id: String,
    /// The client secret. It is public: the sandbox is nobody's account.
    pub client_secret: String,
}

#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) engine: Engine,
    pub(crate) config: Arc<ServerConfig>,
}

impl FromRef<AppState> for Engine {
    fn from_ref(state: &AppState) -> Self {
        state.engine.clone()
    }
}

//! The state that every handler has.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use axum::{body::Bytes, extract::FromRef};
use patchbay_engine::Engine;
use serde_json::Value;

use crate::{config::ServerConfig, docs_cache::DocsCache, limits::Limits};

/// The state. It is copied several times for each request: a copy is a pointer.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What all handlers share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) config: Arc<ServerConfig>,
    /// A random text that is another one after each start.
    pub(crate) process_id: Arc<str>,
    /// The budgets of addresses and sessions.
    pub(crate) limits: Limits,
    /// The OpenAPI document, built at the first request: anyone can request it, and building it is expensive.
    pub(crate) document: OnceLock<Value>,
    /// The same as text: clients that do not read it share one copy.
    pub(crate) document_text: OnceLock<Bytes>,
    /// Builds the document for a public URL. The router passes it, because it knows all routes.
    pub(crate) build_document: fn(&str) -> Value,
    /// The documentation.
    pub(crate) docs: DocsCache,
    /// The path of the documentation's script, if it was built.
    pub(crate) docs_script: OnceLock<Option<String>>,
}

impl AppState {
    /// Creates the state. `build_document` builds the OpenAPI document.
    pub(crate) fn new(engine: Engine, config: ServerConfig, build_document: fn(&str) -> Value) -> Self {
        Self(Arc::new(Shared {
            process_id: engine.nonce().into(),
            engine,
            config: Arc::new(config),
            limits: Limits::default(),
            document: OnceLock::new(),
            document_text: OnceLock::new(),
            build_document,
            docs: DocsCache::default(),
            docs_script: OnceLock::new(),
        }))
    }

    /// Returns the OpenAPI document.
    pub(crate) fn document(&self) -> &Value {
        self.document.get_or_init(|| (self.build_document)(self.config.urls.base()))
    }

    /// Returns the OpenAPI document as JSON text.
    pub(crate) fn document_text(&self) -> Bytes {
        self.document_text.get_or_init(|| self.document().to_string().into()).clone()
    }
}

impl FromRef<AppState> for Engine {
    fn from_ref(state: &AppState) -> Self {
        state.engine.clone()
    }
}

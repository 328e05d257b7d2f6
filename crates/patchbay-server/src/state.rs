//! The state that every handler has.

use std::sync::{Arc, OnceLock};

use axum::{body::Bytes, extract::FromRef};
use patchbay_engine::Engine;
use serde_json::Value;

use crate::{config::ServerConfig, limits::Limits};

#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) engine: Engine,
    pub(crate) config: Arc<ServerConfig>,
    /// A random text that is another one after each start.
    pub(crate) process_id: Arc<str>,
    /// The budgets of addresses and sessions.
    pub(crate) limits: Limits,
    /// The OpenAPI document, built at the first request: anyone can request it, and building it is expensive.
    pub(crate) document: Arc<OnceLock<Value>>,
    /// The same as text: clients that do not read it share one copy.
    pub(crate) document_text: Arc<OnceLock<Bytes>>,
    /// Builds the document for a public URL. The router passes it, because it knows all routes.
    pub(crate) build_document: fn(&str) -> Value,
}

impl AppState {
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

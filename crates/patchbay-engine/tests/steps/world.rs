//! An engine with accounts of the connector `steps`, and the provider that stands in for its own.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::any,
};
use patchbay_engine::{Caller, Engine, Error, RunRequest};
use patchbay_model::AccountId;
use serde_json::{Value, json};

use crate::support;

pub const SECRET: &str = "canary-77aa0f3c1e";

pub struct World {
    pub engine: Engine,
    pub caller: Arc<Caller>,
    pub account: AccountId,
    /// `GET /path?query`, in the order of arrival.
    log: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

/// A world whose provider answers like `answer`.
pub async fn world<F, A>(answer: F) -> World
where
    F: Fn(Request) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response> + Send,
{
    let log = Arc::new(Mutex::new(Vec::new()));
    let (listener, kept) = (tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), log.clone());
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(any(move |request: Request| {
        kept.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
        answer(request)
    }));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let upstreams = vec![("https://api.steps.example.com".to_owned(), format!("http://{address}"))];
    let (engine, caller, folder) = support::engine(support::connector("tests/fixtures/steps"), upstreams).await;
    let account = support::link(&engine, &caller, "steps", &[("key", SECRET)]).await.unwrap().id.clone();
    World { engine, caller, account, log, _folder: folder }
}

impl World {
    /// Another customer's account.
    pub async fn link(&self, key: &str) -> AccountId {
        let linked = support::link_for(&self.engine, &self.caller, key, "steps", &[("key", key)]).await;
        linked.unwrap().id.clone()
    }

    /// Runs an action with inputs `{query, body, …}`.
    pub async fn run(&self, action: &str, inputs: Value) -> Result<Value, Error> {
        self.run_as(&self.account, action, inputs).await
    }

    pub async fn run_as(&self, account: &AccountId, action: &str, inputs: Value) -> Result<Value, Error> {
        let request = request(account, action, &inputs);
        self.engine.actions.run(&self.caller, request).await.map(|outcome| Value::Object(outcome.result))
    }

    /// What the provider was asked since the last look.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

pub fn request(account: &AccountId, action: &str, inputs: &Value) -> RunRequest {
    let part = |key: &str| inputs.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    RunRequest {
        account_id: account.clone(),
        profile_id: None,
        action: format!("steps_{action}"),
        path: part("path"),
        query: part("query"),
        headers: part("headers"),
        body: part("body"),
        debug: false,
    }
}

/// `{"name": PATH}`
pub fn named(request: &Request) -> Response {
    axum::Json(json!({ "name": request.uri().path().trim_start_matches('/') })).into_response()
}

//! A runner without storage, and a simulated provider that records its requests.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::Request, response::Response, routing::any};
use patchbay_connector::{Connector, SourceFile, load, render};
use patchbay_egress::EgressConfig;
use patchbay_model::{
    Metadata,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_runtime::{
    Error, RuntimeConfig,
    local_runner::{LocalAccount, LocalRun, LocalRunner},
};
use serde_json::{Value, json};

/// Runs the actions of a connector.
///
/// ```ignore
/// let bed = RunnerBed::start(fixture("steps"), "https://api.steps.example.com", respond).await;
/// assert_eq!(bed.run("gather", json!({})).await.unwrap()["slow"], "slow");
/// assert_eq!(bed.take_requests(), ["GET /slow", "GET /quick"]);
/// ```
pub struct RunnerBed {
    runner: LocalRunner,
    connector: Connector,
    requests: Arc<Mutex<Vec<String>>>,
}

impl RunnerBed {
    /// Starts a provider that responds with `respond` in place of `base_url`.
    pub async fn start<F, R>(connector: Connector, base_url: &str, respond: F) -> Self
    where
        F: Fn(Request) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Response> + Send + 'static,
    {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = requests.clone();
        let router = Router::new().fallback(any(move |request: Request| {
            recorded.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
            respond(request)
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let config = RuntimeConfig { max_response_bytes: 1024 * 1024, ..RuntimeConfig::default() };
        let egress = EgressConfig {
            upstreams: vec![(base_url.to_owned(), upstream)],
            max_response_bytes: config.max_response_bytes,
            ..EgressConfig::default()
        };
        let clock = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
        let runner = LocalRunner::new(&egress, config, clock, Arc::new(SeededEntropy::new(7))).unwrap();
        Self { runner, connector, requests }
    }

    /// Runs an action with inputs by location (`{"query": {…}, "body": {…}}`), and returns `{data, next, …}`.
    pub async fn run(&self, action: &str, inputs: Value) -> Result<Value, Error> {
        let credentials = Metadata::from_iter([("key".to_owned(), json!("canary-77aa0f3c1e"))]);
        let account = LocalAccount { connector: &self.connector, auth: None, environment: None, credentials };
        let run = LocalRun { account, action, input: serde_json::from_value(inputs).unwrap() };
        Box::pin(self.runner.run(run)).await.result.map(Value::Object)
    }

    /// Returns the requests since the last call of this method, oldest first: `GET /path?query`.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Loads the connector of a fixture.
pub fn fixture(name: &str) -> Connector {
    let path = format!("tests/fixtures/{name}/{name}.connector.yaml");
    load_connector(&fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap())
}

/// Loads the connector that a file describes.
pub fn load_connector(text: &str) -> Connector {
    let files = [SourceFile { name: "test.connector.yaml".into(), text: text.to_owned() }];
    let loaded = load(&files);
    loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)))
}

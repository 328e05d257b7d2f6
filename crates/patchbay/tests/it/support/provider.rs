//! Simulated providers in the test's process: SpotDraft with the planted credentials, and providers for the fixtures of the
//! engine.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::Router;
use patchbay_model::testing::ManualClock;
use patchbay_simulator::{ClientCredentials, Simulator, SimulatorConfig};
use serde_json::{Value, json};

use super::{ApiResponse, Client, Server, canary};

/// The client ID of the planted secret.
pub const CLIENT_ID: &str = "client-id-1";

/// A running simulated provider, stopped with the process.
pub struct Provider {
    pub address: SocketAddr,
    upstreams: Vec<(String, String)>,
    _runtime: tokio::runtime::Runtime,
}

impl Provider {
    pub fn start() -> Self {
        let runtime = runtime();
        let mut config = SimulatorConfig::sandbox(Arc::new(ManualClock::at("2026-06-01T09:00:00Z")));
        config.rate_limit_per_second = None;
        config.credentials = ["us", "in", "eu", "me"].iter().map(|region| credentials(region)).collect();
        let simulator = Simulator::new(config);
        let upstreams = simulator.upstreams();
        let running = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            simulator.start(listener).await.unwrap()
        });
        Self { address: running.address(), upstreams, _runtime: runtime }
    }

    /// Returns the values of `--upstream`.
    pub fn upstreams(&self) -> Vec<String> {
        self.upstreams.iter().map(|(from, path)| format!("{from}=http://{}{path}", self.address)).collect()
    }

    /// Makes the next `times` requests fail with a fault.
    #[expect(clippy::needless_pass_by_value, reason = "a test writes the value where it calls")]
    pub fn fault(&self, times: u32, fault: Value) {
        let answer =
            self.control().post("/__simulator/faults", &json!({ "match": {}, "times": times, "fault": fault }));
        assert!(answer.status < 300, "{answer}");
    }

    /// Removes all planned faults.
    pub fn fault_none(&self) {
        let _: ApiResponse = self.control().delete("/__simulator/faults");
    }

    /// Returns the requests that reached the provider, oldest first.
    pub fn requests(&self) -> Vec<Value> {
        let answer = self.control().get("/__simulator/requests").json();
        let list = answer.get("requests").unwrap_or(&answer);
        list.as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    /// Clears the recorded requests.
    pub fn forget_requests(&self) {
        let _: ApiResponse = self.control().delete("/__simulator/requests");
    }

    fn control(&self) -> Client {
        Client::new(&format!("http://{}", self.address))
    }
}

/// Returns the runtime of a provider.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn credentials(region: &str) -> ClientCredentials {
    ClientCredentials {
        region: region.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: canary::CLIENT_SECRET.to_owned(),
    }
}

/// A running provider for a fixture of the engine. Dropping it stops it.
pub struct FixtureProvider {
    /// The URL at which it listens.
    pub address: String,
    connectors: tempfile::TempDir,
    spotdraft: Provider,
    _runtime: tokio::runtime::Runtime,
}

impl FixtureProvider {
    /// Starts a provider with `router` for the connector of a fixture.
    pub fn start(fixture: &str, router: Router) -> Self {
        let runtime = runtime();
        let address = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
            address
        });
        let file = format!("{fixture}.connector.yaml");
        let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../patchbay-engine/tests/fixtures");
        let connectors = tempfile::tempdir().unwrap();
        let folder = connectors.path().join(fixture);
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(fixtures.join(fixture).join(&file), folder.join(&file)).unwrap();
        Self { address, connectors, spotdraft: Provider::start(), _runtime: runtime }
    }

    /// Starts a server with the connector. Requests for each URL in `upstreams` go to the given path of the provider.
    pub fn server(&self, upstreams: &[(&str, &str)], arguments: &[&str]) -> Server {
        let own = self.arguments(upstreams, arguments);
        Server::start(&self.spotdraft, &own.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts a server as [`Self::server`] does, in a directory that is not removed with it.
    pub fn server_in(&self, data_dir: &Path, upstreams: &[(&str, &str)], arguments: &[&str]) -> Server {
        let own = self.arguments(upstreams, arguments);
        Server::start_in(data_dir, &self.spotdraft, &own.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Returns the arguments of a server with the connector, followed by others.
    pub fn arguments(&self, upstreams: &[(&str, &str)], arguments: &[&str]) -> Vec<String> {
        let mut own = vec!["--connectors".to_owned(), self.connectors.path().display().to_string()];
        for (url, path) in upstreams {
            own.extend(["--upstream".to_owned(), format!("{url}={}{path}", self.address)]);
        }
        own.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        own
    }
}

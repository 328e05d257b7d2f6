//! The simulated SpotDraft in the test's process, with the planted credentials.

use std::{net::SocketAddr, sync::Arc};

use patchbay_model::testing::ManualClock;
use patchbay_simulator::{ClientCredentials, Simulator, SimulatorConfig};
use serde_json::{Value, json};

use super::{ApiResponse, Client, canary};

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
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
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

fn credentials(region: &str) -> ClientCredentials {
    ClientCredentials {
        region: region.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: canary::CLIENT_SECRET.to_owned(),
    }
}

//! Simulated providers: HTTP servers with state, rules and planned faults. They are the product's sandbox and the
//! providers of its tests.
//!
//! Each provider has one folder. Providers send requests only to loopback addresses (webhooks).

mod control;
mod fault;
mod mcp;
mod oauth;
mod oauth1;
mod recorder;
mod soap;
mod spotdraft;

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use patchbay_model::Clock;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{fault::Faults, recorder::Recorder, spotdraft::SpotDraft};
pub use crate::{
    fault::{Fault, FaultFilter, Gate, PlannedFault},
    mcp::{McpEra, McpRules, McpServer, MetadataLocation},
    oauth::{Approval, OAuthRules, OAuthServer, TokenResponseShape},
    oauth1::{OAuth1Denial, OAuth1Rules, OAuth1Server},
    soap::SoapServer,
};

/// The key of the connector whose provider the sandbox simulates.
pub const SANDBOX_CONNECTOR: &str = "spotdraft";
/// The client ID that the sandbox accepts, in every region.
pub const SANDBOX_CLIENT_ID: &str = "sandbox-client-id";
/// The client secret of [`SANDBOX_CLIENT_ID`].
pub const SANDBOX_CLIENT_SECRET: &str = "sandbox-client-secret";

/// The credentials of one workspace.
#[derive(Clone)]
pub struct ClientCredentials {
    /// The workspace's region: `us`, `in`, `eu` or `me`.
    pub region: String,
    /// The client ID.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
}

/// The configuration of the simulator.
pub struct SimulatorConfig {
    /// The clock for records and for the rate limit.
    pub clock: Arc<dyn Clock>,
    /// The rate limit per workspace, in requests per second. `None` disables it, for benchmarks.
    pub rate_limit_per_second: Option<u32>,
    /// The accepted credentials.
    pub credentials: Vec<ClientCredentials>,
}

impl SimulatorConfig {
    /// Returns the configuration of the product's sandbox: the provider's rate limit, and the sandbox credentials in every region.
    pub fn sandbox(clock: Arc<dyn Clock>) -> Self {
        let credentials = spotdraft::REGIONS.map(|region| ClientCredentials {
            region: region.to_owned(),
            client_id: SANDBOX_CLIENT_ID.to_owned(),
            client_secret: SANDBOX_CLIENT_SECRET.to_owned(),
        });
        Self { clock, rate_limit_per_second: Some(10), credentials: credentials.to_vec() }
    }
}

/// The simulated providers. Cheap to clone.
#[derive(Clone)]
pub struct Simulator(Arc<SimulatorParts>);

struct SimulatorParts {
    spotdraft: Arc<SpotDraft>,
    faults: Arc<Faults>,
    recorder: Arc<Recorder>,
}

impl Simulator {
    /// Creates the providers with seeded workspaces.
    pub fn new(config: SimulatorConfig) -> Self {
        let (faults, recorder) = (Arc::new(Faults::default()), Arc::new(Recorder::default()));
        let spotdraft = Arc::new(SpotDraft::new(config, faults.clone(), recorder.clone()));
        Self(Arc::new(SimulatorParts { spotdraft, faults, recorder }))
    }

    /// Returns the router of all providers and of the control API.
    pub fn router(&self) -> Router {
        let control = control::router(self.0.faults.clone(), self.0.recorder.clone(), self.0.spotdraft.clone());
        Router::new().nest("/__simulator", control).nest("/spotdraft", spotdraft::router(self.0.spotdraft.clone()))
    }

    /// Serves on a listener until [`RunningSimulator::stop`].
    #[expect(clippy::unused_async, reason = "it spawns, so it must be called inside a runtime; the signature says so")]
    pub async fn start(self, listener: TcpListener) -> std::io::Result<RunningSimulator> {
        let address = listener.local_addr()?;
        self.0.spotdraft.set_address(address);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let router = self.router();
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).with_graceful_shutdown(stopped.cancelled_owned()).await;
        });
        Ok(RunningSimulator { address, stop, task, simulator: self })
    }

    /// Returns pairs of a provider's base URL and the path on the simulator that replaces it.
    pub fn upstreams(&self) -> Vec<(String, String)> {
        spotdraft::upstreams()
    }
}

/// A running simulator.
pub struct RunningSimulator {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
    simulator: Simulator,
}

impl RunningSimulator {
    /// Returns the address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until every pending webhook delivery has succeeded or failed.
    pub async fn webhooks_delivered(&self) {
        self.simulator.0.spotdraft.webhooks_delivered().await;
    }

    /// Stops at once, and closes open connections.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.abort();
        let _ = self.task.await;
    }
}

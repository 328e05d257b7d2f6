//! Simulated providers: real HTTP on a real port, with state, rules and faults on demand. The
//! sandbox of the product and the upstream of its tests.
//!
//! A provider is one folder. It never calls out: webhooks are delivered to loopback addresses alone.

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
    fault::{Fault, Matching, Planned},
    mcp::{McpEra, McpRules, McpServer, MetadataAt},
    oauth::{Approval, OAuthRules, OAuthServer, Shape},
    oauth1::{Denial, OAuth1Rules, OAuth1Server},
    soap::SoapServer,
};

/// The client id that the sandbox accepts, in every region.
pub const SANDBOX_CLIENT_ID: &str = "sandbox-client-id";
/// The client secret that goes with it.
pub const SANDBOX_CLIENT_SECRET: &str = "sandbox-client-secret";

/// A credential of one workspace.
#[derive(Clone)]
pub struct ClientCredentials {
    /// The workspace's region: `us`, `in`, `eu` or `me`.
    pub region: String,
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
}

/// How the providers behave.
pub struct SimulatorConfig {
    /// The time, for records and for the rate limit.
    pub clock: Arc<dyn Clock>,
    /// Requests a second and workspace; none switches the limit off, for benchmarks.
    pub rate_limit_per_second: Option<u32>,
    /// Who may call.
    pub credentials: Vec<ClientCredentials>,
}

impl SimulatorConfig {
    /// As the product's sandbox: the provider's own rate limit, the sandbox's credentials everywhere.
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
pub struct Simulator(Arc<Parts>);

struct Parts {
    spotdraft: Arc<SpotDraft>,
    faults: Arc<Faults>,
    recorder: Arc<Recorder>,
}

impl Simulator {
    /// Seeds every workspace.
    pub fn new(config: SimulatorConfig) -> Self {
        let (faults, recorder) = (Arc::new(Faults::default()), Arc::new(Recorder::default()));
        let spotdraft = Arc::new(SpotDraft::new(config, faults.clone(), recorder.clone()));
        Self(Arc::new(Parts { spotdraft, faults, recorder }))
    }

    /// All providers and the control API.
    pub fn router(&self) -> Router {
        let control = control::router(self.0.faults.clone(), self.0.recorder.clone(), self.0.spotdraft.clone());
        Router::new().nest("/__simulator", control).nest("/spotdraft", spotdraft::router(self.0.spotdraft.clone()))
    }

    /// Serves on a listener until it is stopped.
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

    /// Pairs of a provider's base URL and the path on the simulator that stands for it.
    pub fn upstreams(&self) -> Vec<(String, String)> {
        spotdraft::upstreams()
    }
}

/// A simulator that serves.
pub struct RunningSimulator {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
    simulator: Simulator,
}

impl RunningSimulator {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until every webhook that is due has been delivered or given up.
    pub async fn webhooks_delivered(&self) {
        self.simulator.0.spotdraft.webhooks_delivered().await;
    }

    /// Stops at once; connections that are open are cut.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.abort();
        let _ = self.task.await;
    }
}

//! The operator's settings of the engine.

use std::{sync::Arc, time::Duration};

use patchbay_egress::{EgressConfig, ProxyConfig};
use patchbay_logs::Retention;
use patchbay_runtime::RuntimeConfig;

use crate::{NoRoutes, PublicUrls};

/// How long the counts of calls are kept, in days.
const ROLLUP_DAYS: u32 = 400;

/// The operator's settings of the engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The URLs of the server's routes.
    pub urls: Arc<dyn PublicUrls>,
    /// Private networks that outbound requests may reach, also over plain http.
    pub egress_allow: Vec<ipnet::IpNet>,
    /// CA certificates in PEM that are trusted in addition to the public ones.
    pub egress_ca: Option<String>,
    /// The proxies through which requests leave the operator's network.
    pub egress_proxy: ProxyConfig,
    /// Pairs of base URLs: requests to the first go to the second (sandbox, staging). The egress policy allows exactly the
    /// host and port of the second.
    pub upstreams: Vec<(String, String)>,
    /// The time budget of a call, in milliseconds (60 000).
    pub call_budget_millis: u64,
    /// The maximum size of a provider's response, in bytes after decompression (32 MiB).
    pub max_response_bytes: usize,
    /// The retention of the call log, in days; 0 keeps records without limit.
    pub call_retention_days: u32,
    /// The size of the logs above which the oldest are dropped, in bytes (5 GiB); 0 sets no limit.
    pub log_max_bytes: u64,
    /// The requests that an API key may send in a minute (1000); 0 sets no limit.
    pub key_requests_per_minute: u32,
    /// How long what is kept in memory is used while a database that servers share is away, in seconds (60); 0 refuses at once.
    pub stale_seconds: u32,
    /// The address on which the server listens, for the list of the servers of a database.
    pub listen_address: String,
}

impl Default for EngineConfig {
    /// Returns the defaults of the configuration file, for a process without routes.
    fn default() -> Self {
        let RuntimeConfig { max_response_bytes, call_budget } = RuntimeConfig::default();
        Self {
            urls: Arc::new(NoRoutes),
            egress_allow: Vec::new(),
            egress_ca: None,
            egress_proxy: ProxyConfig::default(),
            upstreams: Vec::new(),
            call_budget_millis: u64::try_from(call_budget.as_millis()).unwrap_or(u64::MAX),
            max_response_bytes,
            call_retention_days: 90,
            log_max_bytes: 5 * 1024 * 1024 * 1024,
            key_requests_per_minute: 1_000,
            stale_seconds: 60,
            listen_address: String::new(),
        }
    }
}

impl EngineConfig {
    /// Returns the bounds of every run.
    pub fn runtime(&self) -> RuntimeConfig {
        RuntimeConfig {
            max_response_bytes: self.max_response_bytes,
            call_budget: Duration::from_millis(self.call_budget_millis),
        }
    }

    /// Returns what the logs keep.
    pub fn log_retention(&self) -> Retention {
        Retention { days: self.call_retention_days, max_bytes: self.log_max_bytes, rollup_days: ROLLUP_DAYS }
    }

    /// Returns the settings of outbound requests.
    pub fn egress(&self) -> EgressConfig {
        EgressConfig {
            allowed_networks: self.egress_allow.clone(),
            ca_pem: self.egress_ca.clone(),
            upstreams: self.upstreams.clone(),
            max_response_bytes: self.max_response_bytes,
            proxy: self.egress_proxy.clone(),
        }
    }
}

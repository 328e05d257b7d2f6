//! The state that all runs share: the HTTP client and the caches.

use std::sync::Arc;

use patchbay_egress::{ConfigError, EgressConfig, HttpClient, ResponseCache, Transport};
use patchbay_model::{Clock, Entropy};

use crate::protocols::mcp::server_cache::McpServerCache;

/// The state that all runs share: the HTTP client and the caches. A process has one.
pub struct Host {
    /// Sends requests to providers.
    pub http: HttpClient,
    /// The properties and sessions of MCP servers.
    pub mcp_cache: McpServerCache,
    /// The cached responses.
    pub response_cache: ResponseCache,
}

impl Host {
    /// Creates a host that uses the real network under the operator's egress rules.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] if a setting of the egress configuration is not valid.
    pub fn new(config: &EgressConfig, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, ConfigError> {
        let http = HttpClient::new(config, clock, entropy)?;
        Ok(Self { http, mcp_cache: McpServerCache::default(), response_cache: ResponseCache::default() })
    }

    /// Replaces the network by another transport.
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.http = self.http.with_transport(transport);
        self
    }

    /// Returns the clock.
    pub fn clock(&self) -> &dyn Clock {
        self.http.clock()
    }

    /// Returns the source of randomness.
    pub fn entropy(&self) -> &dyn Entropy {
        self.http.entropy()
    }
}

//! The state that all runs share: the HTTP client and the caches.

use std::sync::Arc;

use patchbay_egress::{ConfigError, EgressConfig, HttpClient, OutboundRequest, ResponseCache, Transport};
use patchbay_model::{AccountId, Clock, Entropy};

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

    /// Sends a request of an account. One that can change data at the provider makes the account's cached responses stale,
    /// even if its response is lost or nobody waits for it anymore.
    pub async fn send<T, F: Future<Output = T>>(
        &self,
        request: OutboundRequest,
        account: Option<&AccountId>,
        send: impl FnOnce(OutboundRequest) -> F,
    ) -> T {
        let changed_account = account.filter(|_| !request.method.is_safe());
        let _invalidation = changed_account.map(|account| Invalidation { cache: &self.response_cache, account });
        send(request).await
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

/// Invalidates an account's cached responses when it is dropped: after the response, and when the request is cancelled.
struct Invalidation<'a> {
    cache: &'a ResponseCache,
    account: &'a AccountId,
}

impl Drop for Invalidation<'_> {
    fn drop(&mut self) {
        self.cache.invalidate(self.account);
    }
}

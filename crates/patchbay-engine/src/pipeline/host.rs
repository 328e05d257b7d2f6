//! What runs share: the HTTP client and what is remembered between them.

use std::sync::Arc;

use patchbay_egress::{Answers, HttpClient, Transport};
use patchbay_model::{Clock, Entropy};

use crate::{EngineConfig, Error, mcp};

/// What runs share: the HTTP client and what is remembered between them. One for the whole engine.
pub(crate) struct Host {
    /// Sends requests to providers.
    pub(crate) http: HttpClient,
    /// What is known of MCP servers.
    pub(crate) mcp: mcp::Memory,
    /// The cached responses.
    pub(crate) answers: Answers,
}

impl Host {
    /// Returns a host for the real network under the operator's rules.
    pub(crate) fn new(config: &EngineConfig, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, Error> {
        let http = HttpClient::new(&config.egress(), clock, entropy)?;
        Ok(Self { http, mcp: mcp::Memory::default(), answers: Answers::default() })
    }

    /// Replaces the transport and keeps everything else.
    pub(crate) fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.http = self.http.with_transport(transport);
        self
    }
}

//! What is known of MCP servers, so that it is not asked again with every call.
//!
//! A session is its account's alone: it is kept under the account and a hash of what proves who asks, so that
//! nobody speaks in another's session, and so that new credentials open a new one.

use std::sync::Arc;

use super::param_headers::ParamHeader;
use crate::cache::Cache;

const MAX_SERVERS: usize = 4096;
const MAX_SESSIONS: usize = 16_384;
const MAX_TOOLS: usize = 16_384;

/// How a server is spoken with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    /// Without sessions.
    Modern,
    /// In sessions that `initialize` opens.
    Legacy,
}

/// An open session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct McpSession {
    /// Its id; a server without state gives none.
    pub(super) id: Option<http::HeaderValue>,
    /// The revision that was agreed on.
    pub(super) version: &'static str,
}

/// What is known of all servers. Bounded; what is forgotten is found out again.
pub struct McpServerCache {
    eras: Cache<String, Era>,
    sessions: Cache<String, McpSession>,
    tools: Cache<(String, String), Vec<ParamHeader>>,
}

impl Default for McpServerCache {
    fn default() -> Self {
        Self { eras: Cache::new(MAX_SERVERS), sessions: Cache::new(MAX_SESSIONS), tools: Cache::new(MAX_TOOLS) }
    }
}

impl McpServerCache {
    pub(super) fn era(&self, server: &str) -> Option<Era> {
        self.eras.get(server).map(|era| *era)
    }

    pub(super) fn set_era(&self, server: &str, era: Era) {
        self.eras.fill(self.eras.generation(), server.to_owned(), Arc::new(era));
    }

    pub(super) fn session(&self, key: &str) -> Option<Arc<McpSession>> {
        self.sessions.get(key)
    }

    pub(super) fn store_session(&self, key: String, session: Arc<McpSession>) {
        self.sessions.fill(self.sessions.generation(), key, session);
    }

    pub(super) fn forget_session(&self, key: &str) {
        self.sessions.evict(key);
    }

    pub(super) fn tool_headers(&self, server: &str, tool: &str) -> Option<Arc<Vec<ParamHeader>>> {
        self.tools.get(&(server.to_owned(), tool.to_owned()))
    }

    pub(super) fn set_tool_headers(&self, server: &str, tool: &str, headers: Vec<ParamHeader>) {
        self.tools.fill(self.tools.generation(), (server.to_owned(), tool.to_owned()), Arc::new(headers));
    }
}

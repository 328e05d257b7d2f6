//! Caches the era, the sessions and the tool headers of MCP servers, so that not every call requests them.
//!
//! A session belongs to one account: its key contains the account and a hash of the credentials, so that no account uses
//! another one's session, and new credentials open a new one.

use std::sync::Arc;

use patchbay_mcp::{param_headers::ParamHeader, version::Era};

use crate::cache::Cache;

const MAX_SERVERS: usize = 4096;
const MAX_SESSIONS: usize = 16_384;
const MAX_TOOLS: usize = 16_384;

/// An open session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct McpSession {
    /// The session id; `None` if the server is stateless.
    pub(super) id: Option<http::HeaderValue>,
    /// The negotiated revision.
    pub(super) version: &'static str,
}

/// The cache of all servers. Its size is limited; evicted entries are requested again.
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
    /// Returns the era of a server, if it is known.
    pub(super) fn era(&self, server: &str) -> Option<Era> {
        self.eras.get(server).map(|era| *era)
    }

    /// Stores the era of a server.
    pub(super) fn set_era(&self, server: &str, era: Era) {
        self.eras.insert(server.to_owned(), Arc::new(era));
    }

    /// Returns an open session.
    pub(super) fn session(&self, key: &str) -> Option<Arc<McpSession>> {
        self.sessions.get(key)
    }

    /// Stores an open session.
    pub(super) fn store_session(&self, key: String, session: Arc<McpSession>) {
        self.sessions.insert(key, session);
    }

    /// Evicts a session that the server lost.
    pub(super) fn evict_session(&self, key: &str) {
        self.sessions.evict(key);
    }

    /// Returns the parameters of a tool that headers repeat, if they are known.
    pub(super) fn tool_headers(&self, server: &str, tool: &str) -> Option<Arc<Vec<ParamHeader>>> {
        self.tools.get(&(server.to_owned(), tool.to_owned()))
    }

    /// Stores the parameters of a tool that headers repeat.
    pub(super) fn set_tool_headers(&self, server: &str, tool: &str, headers: Vec<ParamHeader>) {
        self.tools.insert((server.to_owned(), tool.to_owned()), Arc::new(headers));
    }
}

//! Pages of lists.

use std::sync::Arc;

use serde_json::Value;

/// Who may share a cached response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheScope {
    /// Everyone.
    Public,
    /// Only the caller.
    Private,
}

impl CacheScope {
    /// Returns the value of `cacheScope`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// A page of a list: of tools, prompts, resources or templates.
///
/// The items are serialized, and shared with the cache of the handler: the transport writes the request's id and what
/// belongs to the caller's era around them, and copies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// The items: the text of a JSON array.
    pub items: Arc<str>,
    /// Where the next page begins; `None` after the last one. The transport seals it for the caller and the method, so it is
    /// not secret, and cannot be forged. It should contain the version of the list, so that a handler can reject an old one
    /// ([`crate::RpcError::invalid_cursor`]).
    pub next: Option<String>,
    /// For how long a client may use the page, in milliseconds.
    pub ttl_ms: u64,
    /// Who may share it.
    pub scope: CacheScope,
}

impl ListPage {
    /// Creates the only page of a list that a client must not cache.
    pub fn only(items: Arc<str>) -> Self {
        Self { items, next: None, ttl_ms: 0, scope: CacheScope::Private }
    }

    /// Creates the only page of a list from values.
    pub fn of_values(items: &[Value]) -> Self {
        Self::only(serde_json::to_string(items).unwrap_or_else(|_| "[]".to_owned()).into())
    }
}

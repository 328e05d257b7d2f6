//! What handlers take from a request: who asks, the body, the query. Secrets become
//! [`patchbay_vault::Secret`] at once.

mod auth;
mod browser;
mod connector;
mod json;
mod patience;
mod query;

pub(crate) use auth::{AccountHeader, Authenticated, HubAuth, PerhapsAuthenticated};
pub(crate) use browser::{OwnPage, cookie_header, is_marked, session_token};
pub(crate) use connector::{ConnectorFiles, PushConnector};
pub(crate) use json::{ApiJson, HubJson, SMALL, SmallJson, collect};
pub(crate) use patience::Patience;
pub(crate) use query::QueryMap;

/// The moment, for an error's body alone: nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "an error is told when it happened; no state depends on it")]
pub(crate) fn now() -> String {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    patchbay_model::Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)).to_rfc3339()
}

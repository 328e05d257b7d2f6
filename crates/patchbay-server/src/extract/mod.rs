//! Extractors: what handlers take from a request (the caller, the body, the query).

mod auth;
mod browser;
mod connector;
mod json;
mod query;
mod rate_limit_wait;

pub(crate) use auth::{AccountHeader, Authenticated, HubAuth, OptionalAuth};
pub(crate) use browser::{SameOrigin, cookie_header, has_csrf_header, session_token};
pub(crate) use connector::ConnectorFiles;
pub(crate) use json::{ApiJson, HubJson, MAX_SMALL_BODY_BYTES, SmallJson, collect};
pub(crate) use query::{DEFAULT_PAGE_SIZE, QueryMap};
pub(crate) use rate_limit_wait::RateLimitWait;

/// Returns the current time (RFC 3339), only for the body of an error.
#[expect(clippy::disallowed_methods, reason = "an error shows when it happened; no state depends on it")]
pub(crate) fn now() -> String {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    patchbay_model::Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)).to_rfc3339()
}

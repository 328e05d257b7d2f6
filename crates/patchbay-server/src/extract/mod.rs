//! Extractors: what handlers take from a request (the caller, the body, the query).

mod auth;
mod browser;
mod client_address;
mod connector;
mod entity_tag;
pub(crate) mod ignored;
mod json;
mod lenient;
pub(crate) mod prefer;
mod query;
mod rate_limit_wait;
mod user_agent;

pub(crate) use auth::{AccountHeader, Authenticated, HubAuth, OptionalAuth};
pub(crate) use browser::{SameOrigin, cookie_header, has_csrf_header, login};
pub(crate) use connector::ConnectorFiles;
pub(crate) use entity_tag::EntityTag;
pub(crate) use json::{
    ApiJson, DataJson, HubJson, MAX_HUB_BODY_BYTES, MAX_SMALL_BODY_BYTES, SmallJson, WireJson, collect,
};
pub(crate) use query::{DEFAULT_PAGE_SIZE, QueryMap};
pub(crate) use rate_limit_wait::RateLimitWait;
pub(crate) use user_agent::UserAgent;

//! Extractors: what handlers take from a request (the caller, the body, the query).

mod auth;
mod browser;
mod client_address;
mod connector;
mod entity_tag;
pub(crate) mod ignored;
mod json;
mod lenient;
mod origin;
pub(crate) mod prefer;
mod query;
mod rate_limit_wait;
mod standing;
mod user_agent;

pub(crate) use auth::{AccountHeader, Authenticated, HubAuth, OptionalAuth, ascii};
pub(crate) use browser::{SameOrigin, cookie_header, has_csrf_header, login};
pub(crate) use connector::ConnectorFiles;
pub(crate) use entity_tag::{EntityTag, known_tags, unless_known};
pub(crate) use json::{
    ApiJson, ApiList, DataJson, HubJson, MAX_SMALL_BODY_BYTES, SmallJson, WireJson, claim, collect, hub_body_limit,
};
pub(crate) use origin::{LoggedCaller, RequestId, mcp_origin};
pub(crate) use query::{DEFAULT_PAGE_SIZE, QueryMap};
pub(crate) use rate_limit_wait::RateLimitWait;
pub(crate) use standing::{Standing, has_ended};
pub(crate) use user_agent::UserAgent;

//! Provider tokens: requested when an account is linked, refreshed before they expire, and never lost.
//!
//! One refresh at a time for an account: a single flight in the process ([`single_flight`]) and a lease with a fencing
//! number in storage ([`refresh`]). A refresh is recorded in storage before the provider is called, and the new token
//! is stored before anyone uses it. [`token_request`] sends token requests for a [`token_context`], [`token_response`] reads and classifies
//! their responses, [`account_token`] puts a token set into an account. [`refresh_worker`] refreshes in the background
//! by [`refresh_policy`]. [`revoke`] revokes tokens. [`expiry_notices`] warns of expiries that no refresh can move.

mod account_token;
mod cron;
mod discovered_server;
mod expiry_notices;
mod local_revoker;
mod refresh;
mod refresh_policy;
mod refresh_worker;
mod revoke;
mod single_flight;
mod token_context;
mod token_request;
mod token_response;

pub(crate) use account_token::apply_token_set;
pub(crate) use discovered_server::{DISCOVERED_SERVER_KEY, DiscoveredServer};
pub(crate) use expiry_notices::{certificate_expiry, expiry_message, send_expiry_notices};
pub use local_revoker::LocalRevoker;
pub(crate) use refresh::RefreshGoal;
pub(crate) use refresh_worker::{refresh_due_tokens, start as start_refresh_worker};
pub(crate) use revoke::{can_revoke, revoke};
pub(crate) use single_flight::SingleFlight;
pub(crate) use token_context::TokenContext;
pub(crate) use token_request::{
    Grant, TokenClient, TokenFailure, certificate, complete_authorization, gets_token_at_link, needs_authorization,
    report_client_outcome, request_token, uses_token,
};
pub(crate) use token_response::{
    ACCESS_TOKEN, REFRESH_TOKEN, TokenError, TokenSet, from_oauth1 as oauth1_token_set, parse_body as parse_token_body,
};

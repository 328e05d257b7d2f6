//! Tokens that providers mint: got when an account is linked, renewed before they end, never lost.
//!
//! One renewal at a time for an account: a single flight in the process ([`flights`]) and a lease with a
//! fencing number in storage ([`renew`]). Before the provider is called it is written down that it will be; the
//! new token is stored before anyone uses it. What a provider answers is read in [`answer`], asked for in
//! [`mint`], put among the account's secrets in [`apply`]; [`keeper`] renews what nobody uses; [`revoke`] takes them back. By which
//! app is for [`app`], and what no renewal can save is told by [`endings`].

mod account_token;
mod cron;
mod discovered_server;
mod expiry_notices;
mod local_revoker;
mod previous_clients;
mod refresh;
mod refresh_policy;
mod refresh_worker;
mod revoke;
mod single_flight;
mod token_request;
mod token_response;

pub(crate) use account_token::apply_token_set;
pub(crate) use discovered_server::{DISCOVERED_SERVER_KEY, DiscoveredServer};
pub(crate) use expiry_notices::{expiry_message, record_certificate_expiry, send_expiry_notices};
pub use local_revoker::LocalRevoker;
pub(crate) use previous_clients::{
    is_previous_client, previous_client, previous_client_id, profile_client_id, retain as retain_previous_clients,
};
pub(crate) use refresh::RefreshGoal;
pub(crate) use refresh_worker::{refresh_due_tokens, start as start_refresh_worker};
pub(crate) use revoke::{can_revoke, revoke};
pub(crate) use single_flight::SingleFlight;
pub(crate) use token_request::{
    Grant, TokenClient, TokenContext, TokenFailure, certificate, complete_authorization, gets_token_at_link,
    needs_authorization, report_client_outcome, request_token, run_ids, uses_token,
};
pub(crate) use token_response::{
    ACCESS_TOKEN, REFRESH_TOKEN, TokenError, TokenSet, from_oauth1 as oauth1_token_set, parse_body as parse_token_body,
};

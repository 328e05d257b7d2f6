//! Provider tokens: requested when an account is linked, refreshed before they expire, and never lost.
//!
//! One refresh at a time for an account: a single flight in the process ([`single_flight`]) and a lease with a fencing
//! number in storage ([`refresh`]). A refresh is recorded in storage before the provider is called, and the new token
//! is stored before anyone uses it. [`token_requests`] sends token requests for a [`token_context`], [`token_response`]
//! reads their responses and [`token_error`] classifies their errors, [`account_token`] puts a token set into an account.
//! [`refresh_worker`] refreshes in the background by [`refresh_policy`]. [`revoke`] revokes tokens. [`expiry_notices`] warns
//! of expiries that no refresh can move.

pub(crate) mod account_token;
mod cron;
pub(crate) mod discovered_server;
pub(crate) mod expiry_notices;
pub(crate) mod local_revoker;
pub(crate) mod refresh;
mod refresh_policy;
pub(crate) mod refresh_worker;
pub(crate) mod revoke;
pub(crate) mod single_flight;
pub(crate) mod token_context;
pub(crate) mod token_error;
pub(crate) mod token_request;
pub(crate) mod token_requests;
pub(crate) mod token_response;

//! Black-box tests: the real binary on a real port, a simulated provider in this process.
//!
//! Every answer that passes through [`support::Client`] is searched for the planted secrets, and
//! when a server stops, so are its log and the bytes of its database ([`support::canary`]).

mod accounts;
mod actions;
mod attempt_events;
mod authoring;
mod bad_input;
mod connect;
mod connectors;
mod docs;
mod downloads;
mod full_disk;
mod keyring;
mod lifecycle;
mod mcp_request;
mod mcp_sign_in;
mod oauth1_sign_in;
mod profiles;
mod provider_faults;
mod provider_sign_in;
mod proxy;
mod published;
mod quickstart;
mod revoke;
mod screens;
mod signin;
mod soap;
mod support;
mod tenants;

//! Black-box tests: the real binary on a real port, with a simulated provider in the test's process.
//!
//! [`support::Client`] searches every response for the planted secrets. When a server stops, its log and the files of
//! its data directory are searched too ([`support::canary`]).

mod accounts;
mod actions;
mod addresses;
mod attempt_events;
mod authoring;
mod bad_input;
mod budgets;
mod connect;
mod connectors;
mod database_writer;
mod docs;
mod downloads;
mod filters;
mod full_disk;
mod http;
mod http2;
mod hub_forms;
mod idempotency;
mod ignored_fields;
mod keyring;
mod lifecycle;
mod login;
mod mcp_oauth;
mod mcp_request;
mod memory;
mod oauth1;
mod oauth2;
mod profiles;
mod provider_faults;
mod proxy;
mod published;
mod quickstart;
mod rate_limit;
mod revoke;
mod screens;
mod sdk_clients;
mod sessions;
mod smuggling;
mod soap;
mod support;
mod tenants;

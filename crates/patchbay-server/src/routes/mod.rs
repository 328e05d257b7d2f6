//! The endpoints, a noun a file.

mod account_status;
pub(crate) mod accounts;
pub(crate) mod accounts_v2;
pub(crate) mod actions;
pub(crate) mod api_keys;
pub(crate) mod attempt_events;
pub(crate) mod auth;
pub(crate) mod auth_configs;
pub(crate) mod connect_sessions;
pub(crate) mod connector_versions;
pub(crate) mod connectors;
mod fields;
mod file;
pub(crate) mod health;
pub(crate) mod hub;
pub(crate) mod oauth;
pub(crate) mod proxy;
pub(crate) mod revocation;
mod wire;

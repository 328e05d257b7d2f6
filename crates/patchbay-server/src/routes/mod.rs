//! The endpoints, one noun per file.

mod account_filter;
pub(crate) mod accounts;
pub(crate) mod accounts_v2;
pub(crate) mod actions;
pub(crate) mod api_keys;
pub(crate) mod attempt_events;
pub(crate) mod connect_sessions;
pub(crate) mod connector_versions;
pub(crate) mod connectors;
mod file;
pub(crate) mod health;
pub(crate) mod hub;
pub(crate) mod login;
pub(crate) mod oauth;
pub(crate) mod profiles;
pub(crate) mod proxy;
pub(crate) mod revocation;

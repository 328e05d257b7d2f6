//! The endpoints, a noun a file.

pub(crate) mod accounts;
pub(crate) mod actions;
pub(crate) mod auth_configs;
pub(crate) mod connect_sessions;
pub(crate) mod connectors;
pub(crate) mod health;
pub(crate) mod hub;
pub(crate) mod proxy;
mod wire;

//! The services, one noun or verb per file.

pub mod accounts;
pub mod action_catalog;
pub mod actions;
mod call;
mod cursors;
pub(crate) mod error_hints;
pub mod files;
pub mod hub;
mod missing_scopes;
pub mod proxy;
mod resolve;
pub mod revocation;
pub mod sessions;

pub(crate) use resolve::{ResolvedAccount, credentials as credentials_of, own_credentials};

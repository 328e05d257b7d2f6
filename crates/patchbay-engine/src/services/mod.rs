//! The services, one noun or verb per file.

pub mod accounts;
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

pub(crate) use resolve::ResolvedAccount;

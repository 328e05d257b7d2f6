//! Linked accounts.

pub(crate) mod credentials;
pub(crate) mod store;

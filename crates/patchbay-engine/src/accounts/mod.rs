//! Linked accounts.

pub(crate) mod credentials;
pub(crate) mod resolver;
pub(crate) mod store;

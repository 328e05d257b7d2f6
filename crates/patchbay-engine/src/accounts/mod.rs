//! Linked accounts.

pub(crate) mod store;

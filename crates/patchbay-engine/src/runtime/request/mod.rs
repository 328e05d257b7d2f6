//! From a step's parameters to a request that is authenticated, signed and sent.

pub(crate) mod args;
pub(crate) mod auth;
pub(crate) mod builder;
pub(crate) mod certificates;
mod origin_policy;
pub(crate) mod response_cache;
pub(crate) mod send;
pub(crate) mod sign;
pub(crate) mod target;

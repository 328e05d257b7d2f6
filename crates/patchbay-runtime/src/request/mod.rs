//! From a step's parameters to a request that is authenticated, signed and sent.

pub mod args;
pub mod auth;
pub mod builder;
pub mod certificates;
mod origin_policy;
pub mod response_cache;
pub mod send;
pub mod sign;
pub mod target;

//! Builds, authenticates, signs and sends the requests of steps.

pub mod args;
pub mod auth;
pub mod builder;
pub mod certificates;
mod origin_policy;
pub mod response_cache;
pub mod send;
pub mod sign;
pub mod target;

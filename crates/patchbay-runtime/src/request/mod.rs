//! Builds, authenticates, signs and sends the requests of steps.

pub(crate) mod args;
pub(crate) mod auth;
pub(crate) mod builder;
pub(crate) mod certificates;
pub(crate) mod declared_body;
pub(crate) mod form;
pub(crate) mod multipart;
mod origin_policy;
pub(crate) mod response_cache;
pub(crate) mod send;
pub mod sign;
pub(crate) mod target;

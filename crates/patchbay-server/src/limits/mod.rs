//! Who sends requests, and how many of them are accepted.

mod client_address;

pub(crate) use client_address::ClientAddress;
pub use client_address::RemoteAddress;

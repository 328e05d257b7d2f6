//! The services, one noun or verb per file.

pub mod accounts;
pub mod hub;
pub mod revocation;

//! The functions of the fuzz targets, one module for each crate. Each must return for every input: no panic, no hang, no
//! stack overflow, and memory within the limits.

#[path = "../../crates/patchbay/src/serve/connections/connection/mod.rs"]
mod connection;
pub mod format;
pub mod http;
pub mod inbound;
pub mod mcp;
pub mod redaction;
pub mod sealed;

//! The Model Context Protocol (MCP) over Streamable HTTP.
//!
//! The protocol has two eras ([`version`]). Since revision 2026-07-28, each request is independent and contains the
//! client's revision and capabilities. Earlier revisions begin with a handshake, and can have sessions.
//!
//! This crate contains what the client of providers' servers and the own server share, and the transport of the own
//! server ([`server`]). It knows no accounts and no connectors: a handler ([`server::McpHandler`]) answers the requests.
//! It knows no web framework either: requests and responses are headers and bytes.
#![warn(clippy::missing_errors_doc)]

mod error;
pub mod headers;
pub mod message;
pub mod meta;
pub mod param_headers;
mod request_id;
pub mod server;
pub mod sse;
pub mod version;

pub use error::RpcError;
pub use request_id::RequestId;

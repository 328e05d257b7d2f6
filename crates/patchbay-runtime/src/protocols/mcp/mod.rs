//! Client of MCP servers (Model Context Protocol): lists and calls tools over the Streamable HTTP transport.
//!
//! The protocol has two eras. Since revision 2026-07-28, each request is independent and contains the client's name and
//! the revision; earlier revisions open a session with a handshake. The client sends a request of the modern era first
//! ([`client`]) and caches the server's era by its URL ([`server_cache`]). A response is a JSON object or a stream of
//! events ([`event_stream`]), which is read only until the response to the request.
//!
//! Servers are not trusted: the size, the events, the pages and the duration of responses are limited. Requests from the
//! server (sampling, elicitation, roots) are neither offered as a capability nor answered.

pub(crate) mod client;
pub(crate) mod errors;
mod event_stream;
pub(crate) mod probe;
pub(crate) mod server_cache;

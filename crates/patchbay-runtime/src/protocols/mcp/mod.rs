//! Speaking with MCP servers (Model Context Protocol): tools are listed and called over streamable HTTP.
//!
//! The protocol has two eras. Since its revision of 2026-07-28 each request stands by itself and says who asks and
//! in which version; before, a handshake opened a session. Which one a server speaks is found out by asking in the
//! newer way ([`client`]) and remembered for its address ([`server_cache`]). Answers come as one JSON object or as a
//! stream of events ([`event_stream`]), of which no more is read than holds the answer.
//!
//! A server is a stranger: what it says is bounded in size, in events, in pages and in time; what it asks of us
//! (sampling, elicitation, roots) is never offered and never answered.

pub mod client;
pub mod errors;
mod event_stream;
mod message;
mod param_headers;
pub mod probe;
pub mod server_cache;

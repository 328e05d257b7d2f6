//! One connection: its bytes, its requests, and its clocks. The fuzz target of HTTP compiles this folder on its own, so
//! it uses no other module of this crate.

mod activity;
mod backlog;
mod client;
pub(crate) mod client_stream;
mod clocks;
mod exchange;
mod refusals;
mod server;

pub(crate) use self::{client::Client, client_stream::ClientStream, clocks::Clocks, server::Server};

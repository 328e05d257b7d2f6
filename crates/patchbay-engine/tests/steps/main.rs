//! What steps do over time, through the whole engine: a provider on loopback, SQLite, vault, the guarded client.

mod beside;
mod events;
mod kept;
#[path = "../support/mod.rs"]
mod support;
mod world;

//! What steps do over time, through the whole engine: a provider on loopback, SQLite, vault, the guarded client.

// The futures of a call nest deeper than the compiler follows by itself.
#![recursion_limit = "256"]

mod beside;
mod bounds;
mod cursors;
mod events;
mod faults;
mod kept;
mod limits;
#[path = "../support/mod.rs"]
mod support;
mod traces;
mod world;

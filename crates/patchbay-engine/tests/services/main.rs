//! The services against SQLite, the vault and a provider on loopback: linking, editing, states,
//! tenants, caches, the first start, and where secrets may be found.

mod accounts;
mod connectors;
mod linking;
mod secrets;
mod sessions;
mod start;
mod tenants;
#[path = "../support/urls.rs"]
mod urls;
mod world;

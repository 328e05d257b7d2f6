//! The life of tokens, against a simulated authorization server: got, renewed once however many ask, kept through
//! failures and crashes, ended when the provider says so; and the ways in which a sign-in may be attacked.

mod authorization;
mod expiry_notices;
mod lifecycle;
mod linking;
mod previous_clients;
mod races;
mod revocation;
mod scopes;
#[path = "../support/urls.rs"]
mod urls;
mod world;

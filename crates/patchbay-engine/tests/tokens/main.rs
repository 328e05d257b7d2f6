//! The life of tokens, against a simulated authorization server: got, renewed once however many ask, kept through
//! failures and crashes, ended when the provider says so; and the ways in which a sign-in may be attacked.

mod apps;
mod endings;
mod lifecycle;
mod linking;
mod races;
mod revocation;
mod scopes;
mod sign_in;
mod world;

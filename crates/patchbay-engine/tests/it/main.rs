//! Tests of the engine: SQLite, the vault and the egress client against simulated providers. [`support::TestBed`] shows how
//! to write one.

mod oauth1;
mod oauth2;
mod support;

//! Tests of the engine: SQLite, the vault and the egress client against simulated providers. [`support::TestBed`] shows how
//! to write one.

// The futures of a call nest deeper than the compiler follows by itself.
#![recursion_limit = "256"]

mod action_search;
mod actions_and_proxy;
mod agents;
mod auth_error_messages;
mod example;
mod file_streams;
mod key_rotation;
mod mutual_tls;
mod oauth1;
mod oauth2;
mod recorded_tests;
mod sandbox;
mod services;
mod signed_assertions;
mod steps;
mod support;
mod webhooks;

//! Attacks and faults that take minutes, or that measure memory or time: the real binary on a loopback port, with a
//! simulated provider. `make faults` runs them one at a time; `make test` only compiles them.
//!
//! Each test is ignored with a reason, ends by itself, ends only its own processes, and prints what it measured.

mod bodies;
mod connections;
mod damage;
mod database;
mod docs_pages;
mod everything;
mod fairness;
mod fleet;
mod overload;
mod refresh_storm;
mod storage;
mod streams;
#[expect(dead_code, reason = "these tests use a part of what the tests in `it` share")]
#[path = "../it/support/mod.rs"]
mod support;
mod webhooks;

//! Signing in at a provider that speaks OAuth 1.0a, and every way in which someone may try to turn it into something
//! else.

mod attacks;
mod authorization;
mod refusals;
#[expect(dead_code, reason = "accounts are linked in other ways here")]
#[path = "../support/mod.rs"]
mod support;
mod world;

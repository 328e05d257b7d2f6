//! Webhooks: what happens to accounts, and what connectors emit, delivered to the operator's own software.
//!
//! - `outbox`, `connector_events`: which events there are; `payload`: their bodies
//! - `manage`, `deliveries`: the operator's view of webhooks and deliveries; `sealed`: their secrets
//! - `worker`: the task that delivers; `attempt`: one attempt; `signature`, `schedule`, `endpoints`: its rules

mod attempt;
pub(crate) mod connector_events;
pub(crate) mod deliveries;
mod endpoints;
pub(crate) mod manage;
pub(crate) mod outbox;
mod payload;
mod rules;
mod schedule;
mod sealed;
mod signature;
pub(crate) mod worker;

//! Tests of the runtime: actions of a connector with given credentials, against simulated providers.

mod async_steps;
mod inbound;
mod odd_responses;
mod provider_faults;
mod redaction;
mod resource_limits;
mod support;

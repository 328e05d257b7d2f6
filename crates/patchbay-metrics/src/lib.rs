//! Counts what the server does, and writes the counts in the format of OpenMetrics.
//!
//! - **Counting is cheap.** A count is an addition to an atomic. Labels are found in maps that readers share without a lock
//!   ([`Family`]); only the first count of a label takes one and allocates.
//! - **Labels are bounded.** They are names of routes, connectors, actions and outcomes, never of accounts, owners or projects. What
//!   comes after the limit of a family is counted under `other`.
//! - The counts are those of the process ([`metrics`]): several engines in one process share them.
//!
//! Names and units follow <https://prometheus.io/docs/practices/naming/> and, for HTTP and MCP, the semantic conventions of
//! OpenTelemetry (<https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>).
#![warn(clippy::missing_errors_doc)]

mod actions;
mod counter;
mod db;
mod family;
mod gauges;
mod histogram;
mod http;
mod label;
mod mcp;
mod open_metrics;
mod process;
mod refreshes;
mod set;

pub use actions::{ActionRuns, RunOutcome};
pub use counter::{Counter, Counters};
pub use db::{DbOperation, DbTimes};
pub use family::{Family, Places};
pub use gauges::Gauges;
pub use histogram::Histogram;
pub use http::{ClientOutcome, HttpMethod, ProviderRequests, RequestFailureKind, ServerRequests};
pub use label::Label;
pub use mcp::{McpMethod, McpTimes};
pub use open_metrics::{CONTENT_TYPE, open_metrics};
pub use refreshes::{RefreshOutcome, Refreshes};
pub use set::{CacheName, Delivery, EgressRefusal, LimitOf, Metrics, metrics};

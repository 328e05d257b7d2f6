//! The logs: one row for each run of an action or of the proxy, its steps, and the requests to the provider within each step.
//!
//! They have a database of their own, apart from the vault's, so that neither its size nor its damage concerns a call. Rows are
//! redacted before they come here: this crate stores what it gets, and decrypts nothing.
//!
//! A [`LogStore`] is a backend: `sqlite` keeps rows in segments, `postgres` in partitions of a day. Names that repeat (connectors, actions, accounts, sources) are
//! numbers, which a dictionary in the database explains.
#![warn(clippy::missing_errors_doc)]

mod aggregate;
mod buckets;
mod conditions;
#[cfg(test)]
mod conformance;
mod cursor;
mod dictionaries;
mod dimension;
mod filter;
mod generate;
mod insert;
mod logs;
mod postgres;
mod read;
mod row;
mod sql;
mod sqlite;
mod store;

pub use buckets::Histogram;
pub use cursor::Cursor;
pub use dimension::Dimension;
pub use filter::{LogFilter, MAX_ALL_VALUES, MAX_VALUES, Order, OrderBy};
pub use generate::Generator;
pub use logs::{DropReason, Logs};
pub use postgres::PostgresLogs;
pub use row::{AttemptRow, ListedStep, LogKind, Party, RunId, RunRow, Source, StepKind, StepRow, Target};
pub use sqlite::{SqliteLimits, SqliteLogs};
pub use store::{
    AggregateQuery, AggregateRow, Aggregates, DimensionValues, Interval, LogStatus, LogStore, MAX_EXACT_TOTAL,
    PageStart, Result, Retention, RunPage, RunQuery, StepPage, StepQuery,
};

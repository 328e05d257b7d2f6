//! JSON Schemas (2020-12) of an action's inputs and of the connector format.

mod events;
mod format;
mod inputs;
mod steps;

pub use format::format_schema;

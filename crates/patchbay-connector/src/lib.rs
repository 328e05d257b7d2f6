//! The connector file format: parse, check, compile, expressions, diagnostics, registry.
//!
//! Pure: no I/O, no async, no clock of its own, and no input makes it panic or hang. A connector is
//! read from texts ([`SourceFile`]) into a [`Connector`] with every expression compiled, together
//! with all of its problems at once ([`Diagnostic`]).

pub mod definition;
pub mod expr;

pub use definition::Connector;

//! The connector file format: parser, checks, expressions, diagnostics, registry.
//!
//! The crate is pure: it has no I/O, no async code and no clock, and no input makes it panic or hang. [`load`] reads a
//! connector's files ([`SourceFile`]) into a [`Connector`] with compiled expressions, and returns all of its errors and
//! warnings ([`Diagnostic`]) at once.

#![warn(clippy::missing_errors_doc)]

mod addresses;
mod authorization;
pub mod definition;
pub mod diagnostic;
pub mod editor;
pub mod evidence;
pub mod expr;
mod field_mapping;
mod http;
pub mod import;
mod input_type;
pub mod json_number;
mod json_schema;
pub mod json_tree;
mod lazy_connector;
mod load;
mod pattern;
mod registry;
mod schema;
mod step_functions;
mod suggest;
pub mod syntax;
mod version_pin;
mod yaml;

pub use definition::Connector;
pub use diagnostic::{Diagnostic, Severity, render, to_json, to_sarif};
pub use lazy_connector::LazyConnector;
pub use load::{ConnectorHeader, Loaded, load};
pub use registry::{Collision, Registry};
pub use schema::format_schema;
pub use suggest::nearest;
pub use version_pin::{VersionPin, VersionPinError};
pub use yaml::to_yaml;

/// A file of a connector.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path, as diagnostics show it. The suffix decides whether it is a main file or a partial.
    pub name: String,
    /// The content.
    pub text: String,
}

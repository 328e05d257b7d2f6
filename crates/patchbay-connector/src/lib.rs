//! The connector file format: parse, check, compile, expressions, diagnostics, registry.
//!
//! Pure: no I/O, no async, no clock of its own, and no input makes it panic or hang. A connector is
//! read from texts ([`SourceFile`]) into a [`Connector`] with every expression compiled, together
//! with all of its problems at once ([`Diagnostic`]).

pub mod definition;
pub mod diagnostic;
pub mod expr;
pub mod import;
mod lazy_connector;
mod load;
mod registry;
mod schema;
mod suggest;
pub mod syntax;
mod version_pin;
mod yaml;

pub use definition::Connector;
pub use diagnostic::{Diagnostic, Severity, render, to_json, to_sarif};
pub use lazy_connector::LazyConnector;
pub use load::{Loaded, load};
pub use registry::{Collision, Registry};
pub use schema::format_schema;
pub use suggest::nearest;
pub use version_pin::{VersionPin, VersionPinError};
pub use yaml::to_yaml;

/// A file of a connector.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path, as diagnostics show it. Its ending tells what it is.
    pub name: String,
    /// Its text.
    pub text: String,
}

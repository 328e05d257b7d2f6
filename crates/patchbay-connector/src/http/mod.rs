//! The parts of HTTP requests that step functions and authorizations share.

mod argument;
mod certificates;
mod method;

pub use argument::{Arg, ArgLocation, ArrayFormat};
pub use certificates::Certificates;
pub use method::HttpMethod;

pub(crate) use argument::{credential_argument, schema as argument_schema};
pub(crate) use certificates::schema as certificates_schema;

//! The protocols and formats of providers beyond HTTP and JSON.

pub(crate) mod jws;
pub(crate) mod mcp;
pub(crate) mod saml;
pub(crate) mod soap;
pub(crate) mod xml;

//! The protocols and formats of providers beyond HTTP and JSON.

pub mod jws;
pub mod mcp;
pub mod saml;
pub mod soap;
pub mod xml;

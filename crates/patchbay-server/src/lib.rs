//! Routes, extractors, wire DTOs, guides, OpenAPI.
//!
//! The server decides nothing about the product: it reads requests, calls the engine, and writes
//! answers in the names that existing clients speak. The whole of it is on one screen in [`router`].

mod error;
mod extract;
mod guides;
mod pages;
mod router;
mod routes;
mod state;

pub use error::provider_error;
pub use router::{openapi, router};
pub use routes::revocation::RevocationOut;
pub use state::{SandboxInfo, ServerConfig, WebAssets};

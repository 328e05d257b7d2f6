//! Routes, extractors, wire DTOs, guides, pages, OpenAPI.
//!
//! The server contains no rules of the product: it reads requests, calls the engine, and writes responses in the names
//! that existing clients use. [`router`] shows all routes.

mod compression;
mod config;
mod cookies;
mod docs_cache;
mod dto;
mod error;
mod every_request;
mod extract;
mod guides;
mod idempotency;
mod limits;
mod mcp;
mod openapi;
mod pages;
mod request_checks;
mod router;
mod routes;
mod state;
mod urls;

pub use config::{SandboxInfo, ServerConfig, SettingDoc, WebAssets};
pub use dto::{errors::ProviderErrorOut, problems::ProblemOut, revocation::RevocationReportOut};
pub use error::error_body;
pub use every_request::RequestHandler;
pub use limits::RemoteAddress;
pub use router::{openapi, router};
pub use urls::RouteUrls;

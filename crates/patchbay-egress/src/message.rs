//! The messages of an exchange: the request to send, and the response after it was read in full.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::certificate::ClientCertificate;

/// A request to send. Not `Debug`, because its headers contain credentials.
#[derive(Clone)]
pub struct OutboundRequest {
    /// The method.
    pub method: Method,
    /// The provider's URL, also if the request is sent to an upstream that replaces the provider.
    pub url: Url,
    /// The headers. Credentials are marked as sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether it is safe to send the request more than once.
    pub idempotent: bool,
    /// The client certificate. It is presented only to the origin of `url`.
    pub certificate: Option<Arc<ClientCertificate>>,
}

/// A response whose body was read in full and decompressed.
#[derive(Clone)]
pub struct InboundResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The provider's URL that the response came from, after redirects.
    pub url: Url,
}

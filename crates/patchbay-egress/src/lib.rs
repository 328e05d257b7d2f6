//! Outbound HTTP: every request that leaves the process is sent by the [`HttpClient`] of this crate.
//!
//! The egress policy (`egress_policy`) checks each URL and each address, also if requests leave through a proxy
//! (`outbound_proxy`). The request then goes to the provider or to
//! the upstream that replaces it (`upstreams`). Redirects are followed one by one (`redirect`), the response body is
//! read within a size limit (`body`), and a failed request is retried if that is safe (`retry`). A call ends at its
//! deadline. It also ends as soon as the caller drops its future, because all work runs inside that future.

#![warn(clippy::missing_errors_doc)]

mod attempts;
mod body;
mod body_observer;
mod certificate;
mod challenge;
mod client;
mod config;
mod config_error;
mod dialer;
mod egress_policy;
mod failure;
mod header_values;
mod message;
mod mtls_clients;
mod outbound_proxy;
mod query;
mod rate_limit;
mod redirect;
mod reserved_buffer;
mod resolver;
mod response_cache;
mod retry;
mod silence;
mod special_ranges;
mod streaming_response;
mod sync;
mod text;
mod tls;
mod transport;
mod upstreams;
mod worker_pool;

pub use attempts::{Attempt, Attempts};
pub use body_observer::{BodyObserver, ReadAll};
pub use certificate::{CertificateError, ClientCertificate, PemPair};
pub use challenge::{BearerChallenge, bearer_challenge, insufficient_scopes, parse_scope};
pub use client::HttpClient;
pub use config::EgressConfig;
pub use config_error::ConfigError;
pub use egress_policy::{Destination, EgressRefused};
pub use failure::{FailureCause, RequestFailure, display_url};
pub use header_values::{ContentType, Link, content_type, disposition_file_name, header_text, links};
pub use message::{InboundResponse, OutboundRequest};
pub use outbound_proxy::ProxyConfig;
pub use query::extend_query;
pub use rate_limit::{
    LEASE_TIMEOUT, LeaseAnswer, LeaseWish, LimitKind, LimitRules, RateLimitScope, RateLimited, Share, SharedLimits,
    SharedRules, Turn, longest_retry_delay, retry_delay,
};
pub use redirect::MAX_REDIRECTS;
pub use reserved_buffer::{ReservedBuffer, reserved};
pub use response_cache::{CacheLookup, FillPermit, Fingerprint, FingerprintHasher, ResponseCache};
pub use retry::is_idempotent;
pub use streaming_response::{BodyStream, ReceivedResponse, StreamingResponse};
pub use transport::{ResponseBody, Transport, TransportError};
pub use worker_pool::{set_worker_pool_index, worker_pool_index};

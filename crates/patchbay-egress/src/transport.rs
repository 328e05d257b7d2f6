//! The transport: sends one request and returns the head of the response while the body still streams in.
//!
//! [`HyperTransport`] is hyper's pooled client (HTTP/1.1, and HTTP/2 by ALPN) with rustls. The runner of recorded tests
//! has its own transport.
//!
//! It frames requests and reads heads as RFC 9110 and RFC 9112 ask of a client: POST, PUT and PATCH without a body have
//! `content-length: 0`, folded lines and spaces before a colon are read past, and a line that is not a header is ignored.
//!
//! Connections are pooled per [`Destination`], so that a connection that was opened under one rule is never used under
//! another; per worker thread ([`worker_pool`](crate::worker_pool)), so that no thread waits for another; and per
//! client certificate.

use std::{
    error::Error as StdError,
    future::poll_fn,
    io,
    num::NonZero,
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, header, uri::Scheme};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::Body as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::capture_connection},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::AlertDescription;
use tokio::time::Instant;

use crate::{
    certificate::ClientCertificate,
    dialer::{Dialer, TunnelError},
    egress_policy::{Destination, EgressPolicy, EgressRefused},
    mtls_clients::MtlsClients,
    outbound_proxy::OutboundProxies,
    resolver::{AddressLookup, PolicyResolver, SystemLookup},
    silence::{GuardedBody, SilenceGuard},
    tls::TrustedRoots,
    worker_pool::worker_pool_index,
};

/// A pooled connection that was not used for this long is closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// The maximum number of idle connections per host in one pool.
const MAX_IDLE_PER_HOST: usize = 128;
/// The interval of HTTP/2 PINGs on a connection while a request on it waits.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// A connection on which a PING has no response for this long is closed.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A response body while it streams in.
pub type ResponseBody = UnsyncBoxBody<Bytes, Box<dyn StdError + Send + Sync>>;

/// Why the transport received no response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// The egress policy refused an address. Nothing was sent.
    EgressRefused(EgressRefused),
    /// No connection could be made. Nothing was sent.
    Connect(String),
    /// The outbound proxy requires other credentials. Nothing was sent.
    ProxyCredentials(String),
    /// The connection was lost, possibly after the request was sent.
    ConnectionLost(String),
    /// The request was not processed: the server said so (RFC 9113 section 8.7), or it was never sent. Any request may be
    /// sent again.
    NotProcessed(String),
    /// The server rejected the client certificate, or requires one. It did not process the request.
    ClientCertificate(String),
}

/// Sends one request.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request and returns the head of the response, with the body still to be read. The certificate is
    /// presented if the server requests one.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] if no response head was received.
    async fn send(
        &self,
        destination: Destination,
        certificate: Option<&Arc<ClientCertificate>>,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<ResponseBody>, TransportError>;

    /// Evicts the TLS clients with a client certificate that were not used for a while.
    fn evict_idle(&self) {}
}

type HyperClient = Client<HttpsConnector<Dialer>, Full<Bytes>>;

/// The clients of one worker thread, one per [`Destination`].
type WorkerClients = [OnceLock<HyperClient>; 3];

/// The transport over the network. It sets up TLS with the first request, so that the process starts quickly.
pub(crate) struct HyperTransport {
    policy: Arc<EgressPolicy>,
    lookup: Arc<dyn AddressLookup>,
    roots: TrustedRoots,
    proxies: Option<Arc<OutboundProxies>>,
    workers: Box<[WorkerClients]>,
    mtls_clients: MtlsClients<(usize, Destination, [u8; 32]), HyperClient>,
}

impl HyperTransport {
    /// Returns a transport that follows the egress policy, trusts these authorities and uses these proxies.
    pub(crate) fn new(policy: Arc<EgressPolicy>, roots: TrustedRoots, proxies: Option<Arc<OutboundProxies>>) -> Self {
        // One for each worker thread, and one for all other threads.
        let count = 1 + std::thread::available_parallelism().map_or(1, NonZero::get);
        let workers = std::iter::repeat_with(WorkerClients::default).take(count).collect();
        let (lookup, mtls_clients) = (Arc::new(SystemLookup), MtlsClients::default());
        Self { policy, lookup, roots, proxies, workers, mtls_clients }
    }

    fn client(&self, destination: Destination, certificate: Option<&Arc<ClientCertificate>>) -> HyperClient {
        let worker = worker_pool_index() % self.workers.len();
        if let Some(certificate) = certificate {
            let key = (worker, destination, certificate.digest());
            let build = || self.build(destination, Some(certificate.clone()));
            return self.mtls_clients.get(&key, Instant::now(), build);
        }
        let index = match destination {
            Destination::Public => 0,
            Destination::AllowedNetworks => 1,
            Destination::Upstream => 2,
        };
        self.workers[worker][index].get_or_init(|| self.build(destination, None)).clone()
    }

    fn build(&self, destination: Destination, certificate: Option<Arc<ClientCertificate>>) -> HyperClient {
        let resolver = PolicyResolver { policy: self.policy.clone(), lookup: self.lookup.clone(), destination };
        // The operator named the host of an upstream, so that it is called directly.
        let proxies = self.proxies.clone().filter(|_| destination != Destination::Upstream);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.roots.client_config(certificate))
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Dialer::new(resolver, proxies, &self.roots));
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .build(connector)
    }
}

#[async_trait]
impl Transport for HyperTransport {
    async fn send(
        &self,
        destination: Destination,
        certificate: Option<&Arc<ClientCertificate>>,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let mut request = request;
        frame(&mut request);
        // Only TLS connections can be HTTP/2 ones.
        let guard = (request.uri().scheme() == Some(&Scheme::HTTPS))
            .then(|| SilenceGuard::new(capture_connection(&mut request)));
        let response = self.client(destination, certificate).request(request);
        let Some(mut guard) = guard else {
            let response = response.await.map_err(|error| classify(&error))?;
            return Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()));
        };
        let mut response = pin!(response);
        let outcome = poll_fn(|cx| {
            let outcome = response.as_mut().poll(cx);
            guard.note(&outcome);
            outcome
        })
        .await;
        match outcome {
            Ok(response) if guard.is_http2() => {
                Ok(response.map(|body| GuardedBody::new(body, guard).map_err(Into::into).boxed_unsync()))
            }
            Ok(response) => Ok(response.map(|body| body.map_err(Into::into).boxed_unsync())),
            Err(error) => {
                let error = classify(&error);
                if let TransportError::NotProcessed(_) = error {
                    // A connection that is going away may still be in the pool.
                    guard.discard_connection();
                }
                Err(error)
            }
        }
    }

    fn evict_idle(&self) {
        self.mtls_clients.evict_idle(Instant::now());
    }
}

/// Adds `content-length: 0` to a request without a body whose method expects one (RFC 9110 section 8.6). Servers respond
/// with 411 otherwise.
fn frame(request: &mut http::Request<Full<Bytes>>) {
    if request.body().is_end_stream() && matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}

/// Returns true if an error says that the request was not processed: the server refused its stream or went away before
/// it (RFC 9113 section 8.7), or it was never sent.
fn was_not_processed(cause: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        // A stream gets the GOAWAY as its error only if its number is above the last one that the server processes.
        return error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM));
    }
    cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
}

/// Maps an error of hyper's client to a [`TransportError`].
fn classify(error: &hyper_util::client::legacy::Error) -> TransportError {
    let (mut causes, mut not_processed) = (Vec::new(), false);
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<EgressRefused>() {
            return TransportError::EgressRefused(refused.clone());
        }
        if let Some(tunnel) = cause.downcast_ref::<TunnelError>().filter(|tunnel| tunnel.is_about_credentials) {
            return TransportError::ProxyCredentials(tunnel.to_string());
        }
        // `source` of an I/O error skips the error that it wraps.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(rustls::Error::AlertReceived(alert)) = wrapped.and_then(|error| error.downcast_ref())
            && is_about_client_certificate(*alert)
        {
            return TransportError::ClientCertificate(format!("TLS alert {alert:?}"));
        }
        not_processed |= was_not_processed(cause);
        let text = cause.to_string();
        if !causes.contains(&text) {
            causes.push(text);
        }
        source = cause.source();
    }
    let reason = if causes.is_empty() { error.to_string() } else { causes.join(": ") };
    if error.is_connect() {
        TransportError::Connect(reason)
    } else if not_processed {
        TransportError::NotProcessed(reason)
    } else {
        TransportError::ConnectionLost(reason)
    }
}

/// Returns true if a server sends this alert because of the client's certificate (RFC 8446 section 6.2).
fn is_about_client_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
    )
}

#[cfg(test)]
mod proxy_tests;

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    /// Resolves every name to this address.
    pub(super) struct FixedAddress(pub(super) &'static str);

    #[async_trait]
    impl AddressLookup for FixedAddress {
        async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(vec![self.0.parse().unwrap()])
        }
    }

    async fn call(
        destination: Destination,
        policy: EgressPolicy,
        address: &'static str,
        url: &str,
    ) -> Result<Bytes, TransportError> {
        let mut transport = HyperTransport::new(Arc::new(policy), TrustedRoots::new(None).unwrap(), None);
        transport.lookup = Arc::new(FixedAddress(address));
        let request = http::Request::get(url).body(Full::default()).unwrap();
        let response = transport.send(destination, None, request).await?;
        Ok(response.into_body().collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn a_name_with_a_private_address_is_refused_before_it_is_dialed() {
        for (address, destination) in [
            ("127.0.0.1", Destination::Public),
            ("10.0.0.1", Destination::Public),
            ("::ffff:169.254.169.254", Destination::Public),
            ("93.184.216.34", Destination::AllowedNetworks),
        ] {
            let url =
                if destination == Destination::Public { "https://rebind.example/" } else { "http://rebind.example/" };
            let error = call(destination, EgressPolicy::default(), address, url).await.unwrap_err();
            let TransportError::EgressRefused(refused) = error else { panic!("{address}: {error:?}") };
            assert!(refused.message.contains("`rebind.example`"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_name_with_an_allowed_address_is_called() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = axum::Router::new().fallback(|| async { "inside" });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let policy = EgressPolicy::new(vec!["127.0.0.0/8".parse().unwrap()], Vec::new());
        let url = format!("http://internal.example:{port}/");
        assert_eq!(call(Destination::AllowedNetworks, policy, "127.0.0.1", &url).await.unwrap(), "inside");
    }
}

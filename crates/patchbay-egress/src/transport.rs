//! The transport: sends one request and returns the head of the response while the body still streams in.
//!
//! [`HyperTransport`] is hyper's pooled client (HTTP/1.1, and HTTP/2 by ALPN) with rustls. The runner of recorded tests
//! has its own transport. No proxy environment variable is read.
//!
//! Connections are pooled per [`Destination`], so that a connection that was opened under one rule is never used under
//! another; per worker thread ([`worker_pool`](crate::worker_pool)), so that no thread waits for another; and per
//! client certificate.

use std::{
    error::Error as StdError,
    io,
    num::NonZero,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::AlertDescription;
use tokio::time::Instant;

use crate::{
    certificate::ClientCertificate,
    egress_policy::{Destination, EgressPolicy, EgressRefused},
    mtls_clients::MtlsClients,
    resolver::{AddressLookup, PolicyResolver, SystemLookup},
    tls::TrustedRoots,
    worker_pool::worker_pool_index,
};

/// The maximum duration of one connection attempt. The deadline of the call also limits it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The interval of TCP keep-alive probes.
const TCP_KEEPALIVE_INTERVAL: Duration = Duration::from_mins(1);
/// A pooled connection that was not used for this long is closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// The maximum number of idle connections per host in one pool.
const MAX_IDLE_PER_HOST: usize = 128;

/// A response body while it streams in.
pub type ResponseBody = UnsyncBoxBody<Bytes, Box<dyn StdError + Send + Sync>>;

/// Why the transport received no response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// The egress policy refused an address. Nothing was sent.
    EgressRefused(EgressRefused),
    /// No connection could be made. Nothing was sent.
    Connect(String),
    /// The connection was lost, possibly after the request was sent.
    ConnectionLost(String),
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

type HyperClient = Client<HttpsConnector<HttpConnector<PolicyResolver>>, Full<Bytes>>;

/// The clients of one worker thread, one per [`Destination`].
type WorkerClients = [OnceLock<HyperClient>; 3];

/// The transport over the network. It sets up TLS with the first request, so that the process starts quickly.
pub(crate) struct HyperTransport {
    policy: Arc<EgressPolicy>,
    lookup: Arc<dyn AddressLookup>,
    roots: TrustedRoots,
    workers: Box<[WorkerClients]>,
    mtls_clients: MtlsClients<(usize, Destination, [u8; 32]), HyperClient>,
}

impl HyperTransport {
    /// Returns a transport that follows the egress policy and trusts these authorities.
    pub(crate) fn new(policy: Arc<EgressPolicy>, roots: TrustedRoots) -> Self {
        // One for each worker thread, and one for all other threads.
        let count = 1 + std::thread::available_parallelism().map_or(1, NonZero::get);
        let workers = std::iter::repeat_with(WorkerClients::default).take(count).collect();
        Self { policy, lookup: Arc::new(SystemLookup), roots, workers, mtls_clients: MtlsClients::default() }
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
        let mut connector = HttpConnector::new_with_resolver(resolver);
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_keepalive(Some(TCP_KEEPALIVE_INTERVAL));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.roots.client_config(certificate))
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(connector);
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
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
        match self.client(destination, certificate).request(request).await {
            Ok(response) => Ok(response.map(|body| body.map_err(Into::into).boxed_unsync())),
            Err(error) => Err(classify(&error)),
        }
    }

    fn evict_idle(&self) {
        self.mtls_clients.evict_idle(Instant::now());
    }
}

/// Maps an error of hyper's client to a [`TransportError`].
fn classify(error: &hyper_util::client::legacy::Error) -> TransportError {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<EgressRefused>() {
            return TransportError::EgressRefused(refused.clone());
        }
        // `source` of an I/O error skips the error that it wraps.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(rustls::Error::AlertReceived(alert)) = wrapped.and_then(|error| error.downcast_ref())
            && is_about_client_certificate(*alert)
        {
            return TransportError::ClientCertificate(format!("TLS alert {alert:?}"));
        }
        let text = cause.to_string();
        if !causes.contains(&text) {
            causes.push(text);
        }
        source = cause.source();
    }
    let reason = if causes.is_empty() { error.to_string() } else { causes.join(": ") };
    if error.is_connect() { TransportError::Connect(reason) } else { TransportError::ConnectionLost(reason) }
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
mod tests {
    use std::net::IpAddr;

    use super::*;

    /// Resolves every name to this address.
    struct FixedAddress(&'static str);

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
        let mut transport = HyperTransport::new(Arc::new(policy), TrustedRoots::new(None).unwrap());
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

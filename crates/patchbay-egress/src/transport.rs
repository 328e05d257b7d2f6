//! The lowest seam: one request out, one response head back. On the wire it is hyper's pooled client
//! (HTTP/1.1 and, by ALPN, HTTP/2; rustls); the replayer of recorded cases puts its own in.
//!
//! No proxy environment variable is read. Connections are pooled per reach, so a connection that was
//! made under one rule is never used under another, per [`lane`], so that no thread waits for another, and per client
//! certificate where there is one.

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
    clients::Clients,
    guard::{EgressRefused, Guard, Reach},
    lane,
    resolver::{GuardedResolver, Lookup, SystemLookup},
    tls::Roots,
};

/// How long one connection attempt may take; the call's own budget bounds it too.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A response's body as it streams in.
pub type IncomingBody = UnsyncBoxBody<Bytes, Box<dyn StdError + Send + Sync>>;

/// Why no response head came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// The guard refused an address.
    Refused(EgressRefused),
    /// No connection: nothing was sent.
    Connect(String),
    /// The connection broke after the request was (perhaps) sent.
    Broken(String),
    /// The server does not take our certificate, or misses one: nothing was taken in.
    Certificate(String),
}

/// Sends one request.
#[async_trait]
pub trait Transport: Send + Sync {
    /// The response's head, its body still streaming. The certificate is shown to a server that asks for one.
    async fn exchange(
        &self,
        reach: Reach,
        certificate: Option<&Arc<ClientCertificate>>,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<IncomingBody>, TransportError>;

    /// Lets go of the clients of certificates that nobody used for a while.
    fn forget_idle(&self) {}
}

type HyperClient = Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<Bytes>>;

/// The clients of one lane, one for each reach.
type Lane = [OnceLock<HyperClient>; 3];

/// The real network. TLS is set up with the first request, so that the start stays quick.
pub(crate) struct Wire {
    guard: Arc<Guard>,
    lookup: Arc<dyn Lookup>,
    roots: Roots,
    lanes: Box<[Lane]>,
    certified: Clients<(usize, Reach, [u8; 32]), HyperClient>,
}

impl Wire {
    /// Under these rules.
    pub(crate) fn new(guard: Arc<Guard>, roots: Roots) -> Self {
        // One for each thread that answers requests, and one for all else.
        let lanes = 1 + std::thread::available_parallelism().map_or(1, NonZero::get);
        let lanes = std::iter::repeat_with(Lane::default).take(lanes).collect();
        Self { guard, lookup: Arc::new(SystemLookup), roots, lanes, certified: Clients::default() }
    }

    fn client(&self, reach: Reach, certificate: Option<&Arc<ClientCertificate>>) -> HyperClient {
        let lane = lane::current() % self.lanes.len();
        if let Some(certificate) = certificate {
            let key = (lane, reach, certificate.digest());
            return self.certified.get(&key, Instant::now(), || self.build(reach, Some(certificate.clone())));
        }
        let place = match reach {
            Reach::Public => 0,
            Reach::AllowedOnly => 1,
            Reach::Trusted => 2,
        };
        self.lanes[lane][place].get_or_init(|| self.build(reach, None)).clone()
    }

    fn build(&self, reach: Reach, certificate: Option<Arc<ClientCertificate>>) -> HyperClient {
        let resolver = GuardedResolver { guard: self.guard.clone(), lookup: self.lookup.clone(), reach };
        let mut connector = HttpConnector::new_with_resolver(resolver);
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_keepalive(Some(Duration::from_mins(1)));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.roots.client_config(certificate))
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(connector);
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_mins(1))
            .pool_max_idle_per_host(128)
            .build(connector)
    }
}

#[async_trait]
impl Transport for Wire {
    async fn exchange(
        &self,
        reach: Reach,
        certificate: Option<&Arc<ClientCertificate>>,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<IncomingBody>, TransportError> {
        match self.client(reach, certificate).request(request).await {
            Ok(response) => Ok(response.map(|body| body.map_err(Into::into).boxed_unsync())),
            Err(error) => Err(classify(&error)),
        }
    }

    fn forget_idle(&self) {
        self.certified.forget_idle(Instant::now());
    }
}

fn classify(error: &hyper_util::client::legacy::Error) -> TransportError {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(one) = cause {
        if let Some(refused) = one.downcast_ref::<EgressRefused>() {
            return TransportError::Refused(refused.clone());
        }
        // An I/O error hides what it wraps from `source`.
        let wrapped = one.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(rustls::Error::AlertReceived(alert)) = wrapped.and_then(|error| error.downcast_ref())
            && is_about_our_certificate(*alert)
        {
            return TransportError::Certificate(format!("TLS alert {alert:?}"));
        }
        let text = one.to_string();
        if !causes.contains(&text) {
            causes.push(text);
        }
        cause = one.source();
    }
    let why = if causes.is_empty() { error.to_string() } else { causes.join(": ") };
    if error.is_connect() { TransportError::Connect(why) } else { TransportError::Broken(why) }
}

/// What a server says of a client's certificate (RFC 8446, section 6.2).
fn is_about_our_certificate(alert: AlertDescription) -> bool {
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

    /// Every name leads to this address.
    struct Points(&'static str);

    #[async_trait]
    impl Lookup for Points {
        async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(vec![self.0.parse().unwrap()])
        }
    }

    async fn call(reach: Reach, guard: Guard, address: &'static str, url: &str) -> Result<Bytes, TransportError> {
        let mut wire = Wire::new(Arc::new(guard), Roots::new(None).unwrap());
        wire.lookup = Arc::new(Points(address));
        let request = http::Request::get(url).body(Full::default()).unwrap();
        let response = wire.exchange(reach, None, request).await?;
        Ok(response.into_body().collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_before_it_is_dialled() {
        for (address, reach) in [
            ("127.0.0.1", Reach::Public),
            ("10.0.0.1", Reach::Public),
            ("::ffff:169.254.169.254", Reach::Public),
            ("93.184.216.34", Reach::AllowedOnly),
        ] {
            let url = if reach == Reach::Public { "https://rebind.example/" } else { "http://rebind.example/" };
            let error = call(reach, Guard::default(), address, url).await.unwrap_err();
            let TransportError::Refused(refused) = error else { panic!("{address}: {error:?}") };
            assert!(refused.message.contains("`rebind.example`"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_into_the_allow_list_is_called() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = axum::Router::new().fallback(|| async { "inside" });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()], Vec::new());
        let url = format!("http://internal.example:{port}/");
        assert_eq!(call(Reach::AllowedOnly, guard, "127.0.0.1", &url).await.unwrap(), "inside");
    }
}

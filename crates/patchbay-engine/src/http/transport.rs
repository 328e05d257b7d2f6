//! The lowest seam: one request out, one response head back. On the wire it is hyper's pooled client
//! (HTTP/1.1 and, by ALPN, HTTP/2; rustls); the replayer of recorded cases puts its own in.
//!
//! No proxy environment variable is read. Connections are pooled per reach, so a connection that was
//! made under one rule is never used under another, and per [`lane`], so that no thread waits for another.

use std::{
    error::Error as StdError,
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

use super::{
    guard::{EgressRefused, Guard, Reach},
    lane,
    resolver::{GuardedResolver, Lookup, SystemLookup},
};

/// How long one connection attempt may take; the call's own budget bounds it too.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A response's body as it streams in.
pub(crate) type IncomingBody = UnsyncBoxBody<Bytes, Box<dyn StdError + Send + Sync>>;

/// Why no response head came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TransportError {
    /// The guard refused an address.
    Refused(EgressRefused),
    /// No connection: nothing was sent.
    Connect(String),
    /// The connection broke after the request was (perhaps) sent.
    Broken(String),
}

/// Sends one request.
#[async_trait]
pub(crate) trait Transport: Send + Sync {
    /// The response's head, its body still streaming.
    async fn exchange(
        &self,
        reach: Reach,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<IncomingBody>, TransportError>;
}

type HyperClient = Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<Bytes>>;

/// The clients of one lane, one for each reach.
type Lane = [OnceLock<HyperClient>; 3];

/// The real network. TLS is set up with the first request, so that the start stays quick.
pub(crate) struct Wire {
    guard: Arc<Guard>,
    lookup: Arc<dyn Lookup>,
    lanes: Box<[Lane]>,
}

impl Wire {
    /// Under these rules.
    pub(crate) fn new(guard: Arc<Guard>) -> Self {
        // One for each thread that answers requests, and one for all else.
        let lanes = 1 + std::thread::available_parallelism().map_or(1, NonZero::get);
        let lanes = std::iter::repeat_with(Lane::default).take(lanes).collect();
        Self { guard, lookup: Arc::new(SystemLookup), lanes }
    }

    fn client(&self, reach: Reach) -> &HyperClient {
        let place = match reach {
            Reach::Public => 0,
            Reach::AllowedOnly => 1,
            Reach::Trusted => 2,
        };
        let lane = lane::current() % self.lanes.len();
        self.lanes[lane][place].get_or_init(|| self.build(reach))
    }

    fn build(&self, reach: Reach) -> HyperClient {
        let resolver = GuardedResolver { guard: self.guard.clone(), lookup: self.lookup.clone(), reach };
        let mut connector = HttpConnector::new_with_resolver(resolver);
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_keepalive(Some(Duration::from_mins(1)));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)
            .expect("the provider speaks TLS 1.2 and 1.3")
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
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<IncomingBody>, TransportError> {
        match self.client(reach).request(request).await {
            Ok(response) => Ok(response.map(|body| body.map_err(Into::into).boxed_unsync())),
            Err(error) => Err(classify(&error)),
        }
    }
}

fn classify(error: &hyper_util::client::legacy::Error) -> TransportError {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(one) = cause {
        if let Some(refused) = one.downcast_ref::<EgressRefused>() {
            return TransportError::Refused(refused.clone());
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

#[cfg(test)]
mod tests {
    use std::{io, net::IpAddr};

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
        let mut wire = Wire::new(Arc::new(guard));
        wire.lookup = Arc::new(Points(address));
        let request = http::Request::get(url).body(Full::default()).unwrap();
        let response = wire.exchange(reach, request).await?;
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

//! Opens the connections to providers: directly, or through a tunnel of an outbound proxy.

use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{HttpConnector, proxy::Tunnel},
    rt::TokioIo,
};
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;

use crate::{
    outbound_proxy::{OutboundProxies, OutboundProxy},
    resolver::PolicyResolver,
    silence::CountedStream,
    tls::TrustedRoots,
};

/// The maximum duration of one connection attempt, and of opening a tunnel. The deadline of the call also limits it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The interval of TCP keep-alive probes.
const TCP_KEEPALIVE_INTERVAL: Duration = Duration::from_mins(1);

type BoxError = Box<dyn StdError + Send + Sync>;

/// Opens a connection to the host of a URL, at an address that the egress policy allows.
#[derive(Clone)]
pub(crate) struct Dialer {
    resolver: PolicyResolver,
    direct: HttpConnector<PolicyResolver>,
    tunnels: Option<Tunnels>,
}

/// The outbound proxies, and the connector that reaches them.
#[derive(Clone)]
struct Tunnels {
    proxies: Arc<OutboundProxies>,
    to_proxy: HttpsConnector<HttpConnector>,
}

/// A tunnel that a proxy did not open. It names no host, because customers read it.
#[derive(Debug)]
pub(crate) struct TunnelError {
    reason: &'static str,
    /// Whether the proxy requires other credentials than the operator configured.
    pub(crate) is_about_credentials: bool,
}

impl TunnelError {
    /// Returns the error of a tunnel, whose type is not public, from its text.
    fn of(error: &str) -> Self {
        let (reason, is_about_credentials) = match error.trim_start_matches("tunnel error: ") {
            "proxy authorization required" => ("requires other credentials (407)", true),
            "failed to create underlying connection" => ("cannot be reached", false),
            "unsuccessful" => ("refused to open a tunnel", false),
            _ => ("ended the connection", false),
        };
        Self { reason, is_about_credentials }
    }
}

impl StdError for TunnelError {}

impl fmt::Display for TunnelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the outbound proxy {}", self.reason)
    }
}

impl Dialer {
    /// Returns a dialer that resolves names with this resolver, and uses these proxies, whose certificates are verified
    /// against `roots`.
    pub(crate) fn new(resolver: PolicyResolver, proxies: Option<Arc<OutboundProxies>>, roots: &TrustedRoots) -> Self {
        let direct = configured(HttpConnector::new_with_resolver(resolver.clone()));
        let tunnels = proxies.map(|proxies| {
            // The operator chose the proxy, so that its address is not checked.
            let tcp = configured(HttpConnector::new());
            let to_proxy = HttpsConnectorBuilder::new()
                .with_tls_config(roots.client_config(None))
                .https_or_http()
                .enable_http1()
                .wrap_connector(tcp);
            Tunnels { proxies, to_proxy }
        });
        Self { resolver, direct, tunnels }
    }
}

/// Returns a connector with the settings of every connection.
fn configured<R>(mut connector: HttpConnector<R>) -> HttpConnector<R> {
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_keepalive(Some(TCP_KEEPALIVE_INTERVAL));
    connector
}

impl Service<Uri> for Dialer {
    type Response = CountedStream<MaybeHttpsStream<TokioIo<TcpStream>>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.direct.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        if let Some(tunnels) = &self.tunnels
            && let Some(proxy) = tunnels.proxies.of(&target)
        {
            let (resolver, resolves_names) = (self.resolver.clone(), tunnels.proxies.resolves_names);
            let to_proxy = tunnels.to_proxy.clone();
            return Box::pin(async move {
                resolver.check_for_proxy(target.host().unwrap_or_default(), resolves_names).await?;
                Ok(CountedStream::new(open_tunnel(proxy, to_proxy, &target).await?))
            });
        }
        let connecting = self.direct.call(target);
        Box::pin(async move { Ok(CountedStream::new(MaybeHttpsStream::Http(connecting.await?))) })
    }
}

/// Opens a tunnel to the host and port of a URL.
async fn open_tunnel(
    proxy: OutboundProxy,
    to_proxy: HttpsConnector<HttpConnector>,
    target: &Uri,
) -> Result<MaybeHttpsStream<TokioIo<TcpStream>>, BoxError> {
    let mut tunnel = Tunnel::new(proxy.uri, to_proxy);
    if let Some(authorization) = proxy.authorization {
        tunnel = tunnel.with_auth(authorization);
    }
    let default_port = if target.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
    let (host, port) = (target.host().unwrap_or_default(), target.port_u16().unwrap_or(default_port));
    let destination = format!("https://{host}:{port}/").parse::<Uri>()?;
    match timeout(CONNECT_TIMEOUT, tunnel.call(destination)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(TunnelError::of(&error.to_string()).into()),
        Err(_) => Err(TunnelError { reason: "did not open a tunnel in time", is_about_credentials: false }.into()),
    }
}

//! Tests requests through an outbound proxy on the loopback interface.

use std::{net::SocketAddr, sync::Mutex};

use axum::Router;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use super::{tests::FixedAddress, *};
use crate::outbound_proxy::ProxyConfig;

/// A proxy that opens tunnels to one address, whatever the client asks for.
struct TestProxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl TestProxy {
    /// Starts a proxy that responds with `response`, and opens the tunnel if that is a 200.
    async fn start(response: &'static str, target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, heads) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let seen = heads.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let seen = seen.clone();
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = client.read_u8().await else { return };
                        head.push(byte);
                    }
                    seen.lock().unwrap().push(String::from_utf8(head).unwrap());
                    let _ = client.write_all(response.as_bytes()).await;
                    if response.starts_with("HTTP/1.1 200") {
                        let mut server = TcpStream::connect(target).await.unwrap();
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Serves the names of the headers of each request.
async fn provider() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(|request: axum::extract::Request| async move {
        let names = request.headers().keys().map(http::HeaderName::as_str).collect::<Vec<_>>();
        format!("{} {}", request.uri(), names.join(" "))
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// A resolver that knows no name.
struct NoName;

#[async_trait]
impl AddressLookup for NoName {
    async fn lookup(&self, _: &str) -> io::Result<Vec<std::net::IpAddr>> {
        Err(io::Error::other("no such name"))
    }
}

/// A resolver that knows one local name, as a hosts file does.
struct LocalName;

#[async_trait]
impl AddressLookup for LocalName {
    async fn lookup(&self, host: &str) -> io::Result<Vec<std::net::IpAddr>> {
        if host == "vm" { Ok(vec!["10.0.0.1".parse().unwrap()]) } else { Err(io::Error::other("no such name")) }
    }
}

fn transport(proxy: &str, lookup: impl AddressLookup + 'static, resolves_names: bool) -> HyperTransport {
    let url = Some(proxy.to_owned());
    let config = ProxyConfig::new(url.clone(), url, "direct.example".to_owned(), resolves_names);
    let policy = EgressPolicy::new(vec!["127.0.0.0/8".parse().unwrap()], Vec::new());
    let proxies = OutboundProxies::new(&config).unwrap();
    let mut transport = HyperTransport::new(Arc::new(policy), TrustedRoots::new(None).unwrap(), proxies);
    transport.lookup = Arc::new(lookup);
    transport
}

async fn get(transport: &HyperTransport, destination: Destination, url: &str) -> Result<String, TransportError> {
    let request = http::Request::get(url).body(Full::default()).unwrap();
    let response = transport.send(destination, None, request).await?;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_request_goes_through_a_tunnel_and_the_provider_sees_no_credential_of_the_proxy() {
    let provider = provider().await;
    let proxy = TestProxy::start("HTTP/1.1 200 Connection established\r\n\r\n", provider).await;
    let transport = transport(&format!("http://user:hunter22@{}", proxy.address), FixedAddress("127.0.0.9"), false);
    for _ in 0..2 {
        let seen = get(&transport, Destination::AllowedNetworks, "http://internal.example/a?b=c").await.unwrap();
        assert_eq!(seen, "/a?b=c host");
    }
    let heads = proxy.heads();
    assert_eq!(heads.len(), 1, "the tunnel is used again");
    assert!(heads[0].starts_with("CONNECT internal.example:80 HTTP/1.1\r\n"), "{heads:?}");
    assert!(heads[0].contains("Proxy-Authorization: Basic dXNlcjpodW50ZXIyMg==\r\n"), "{heads:?}");
}

#[tokio::test]
async fn hosts_without_a_proxy_and_upstreams_are_called_directly() {
    let provider = provider().await;
    let proxy = TestProxy::start("HTTP/1.1 403 Forbidden\r\n\r\n", provider).await;
    let transport = transport(&proxy.address.to_string(), FixedAddress("127.0.0.1"), false);
    let url = |host: &str| format!("http://{host}:{}/", provider.port());
    get(&transport, Destination::AllowedNetworks, &url("direct.example")).await.unwrap();
    get(&transport, Destination::Upstream, &url("upstream.example")).await.unwrap();
    assert!(proxy.heads().is_empty());
}

#[tokio::test]
async fn a_proxy_does_not_weaken_the_egress_policy() {
    let provider = provider().await;
    let proxy = TestProxy::start("HTTP/1.1 200 OK\r\n\r\n", provider).await;
    let address = proxy.address.to_string();
    for (transport, url) in [
        (transport(&address, FixedAddress("10.0.0.1"), false), "https://rebind.example/"),
        (transport(&address, FixedAddress("169.254.169.254"), true), "https://rebind.example/"),
        (transport(&address, NoName, false), "https://unknown.example/"),
        (transport(&address, NoName, true), "https://10.0.0.1/"),
        (transport(&address, LocalName, true), "https://vm/"),
        (transport(&address, LocalName, true), "https://vm./"),
        (transport(&address, NoName, true), "https://[::ffff:10.0.0.1]/"),
    ] {
        let error = get(&transport, Destination::Public, url).await.unwrap_err();
        assert!(matches!(error, TransportError::EgressRefused(_)), "{url}: {error:?}");
    }
    let plain = transport(&address, NoName, true);
    let error = get(&plain, Destination::AllowedNetworks, "http://unknown.example/").await.unwrap_err();
    assert!(matches!(error, TransportError::EgressRefused(_)), "plain http: {error:?}");
    assert!(proxy.heads().is_empty(), "nothing was sent");
    // The operator leaves the check of names to the proxy.
    let left_to_proxy = transport(&address, NoName, true);
    let error = get(&left_to_proxy, Destination::Public, "https://unknown.example/").await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "no TLS behind the tunnel: {error:?}");
    assert!(proxy.heads()[0].starts_with("CONNECT unknown.example:443 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_proxy_that_opens_no_tunnel_is_named_without_its_host() {
    let provider = provider().await;
    for (response, reason) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n",
            "requires other credentials (407)",
        ),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "refused to open a tunnel"),
        ("", "ended the connection"),
    ] {
        let proxy = TestProxy::start(response, provider).await;
        let transport = transport(&format!("http://user:hunter22@{}", proxy.address), FixedAddress("127.0.0.1"), false);
        let error = get(&transport, Destination::AllowedNetworks, "http://internal.example/").await.unwrap_err();
        let shown = match error {
            TransportError::ProxyCredentials(shown) if response.contains(" 407 ") => shown,
            TransportError::Connect(shown) if !response.contains(" 407 ") => shown,
            _ => panic!("{error:?}"),
        };
        assert!(shown.contains(&format!("the outbound proxy {reason}")), "{shown}");
        assert!(!shown.contains("hunter22") && !shown.contains(&proxy.address.to_string()), "{shown}");
    }
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let transport = transport(&unused.to_string(), FixedAddress("127.0.0.1"), false);
    let error = get(&transport, Destination::AllowedNetworks, "http://internal.example/").await.unwrap_err();
    assert!(
        matches!(&error, TransportError::Connect(shown) if shown.contains("the outbound proxy cannot be reached")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_proxy_that_does_not_respond_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let transport = transport(&address, FixedAddress("127.0.0.1"), false);
    let call = get(&transport, Destination::AllowedNetworks, "http://internal.example/");
    let (accepted, error) = tokio::join!(
        async {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::time::pause();
            stream
        },
        call
    );
    drop(accepted);
    assert_eq!(error, Err(TransportError::Connect("the outbound proxy did not open a tunnel in time".to_owned())));
}

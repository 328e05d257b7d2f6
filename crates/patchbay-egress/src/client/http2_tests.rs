//! Tests HTTP/2 connections against a provider on the loopback interface that writes raw frames (RFC 9113 section 4.1).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rustls::pki_types::PrivateKeyDer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::*;
use crate::client::tests::{request, soon};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;

/// What the provider does with a request.
#[derive(Clone, Copy)]
enum Reply {
    /// Responds with 200.
    Ok,
    /// Resets the stream with this error code.
    Reset(u32),
    /// Goes away with this error code, and says that it does not process the request.
    GoAwayBefore(u32),
    /// Goes away, says that it processes the request, and closes the connection.
    GoAwayAfter,
    /// Sends nothing further on this connection.
    Silence,
    /// Sends no response, but other frames.
    Busy,
    /// Responds with a head and a part of the body, and then with nothing.
    HalfBody,
}

/// The provider. `script` decides what it does with the request of a number, from 0.
struct Provider {
    url: String,
    client: HttpClient,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    /// Notified when a request without a response was received, and what the provider sent was acknowledged.
    stalled: Arc<Notify>,
}

type Script = Arc<dyn Fn(usize) -> Reply + Send + Sync>;

impl Provider {
    async fn start(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let mut tls =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certified.cert.der().clone()], key)
                .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://127.0.0.1:{}/x", listener.local_addr().unwrap().port());
        let (connections, requests, stalled) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<Notify>)>::default();
        let script: Script = Arc::new(script);
        let shared = (connections.clone(), requests.clone(), stalled.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.0.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(acceptor.clone(), stream, script.clone(), shared.1.clone(), shared.2.clone()));
            }
        });
        let config = EgressConfig {
            allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
            ca_pem: Some(certified.cert.pem()),
            ..EgressConfig::default()
        };
        let clock = Arc::new(patchbay_model::testing::ManualClock::at("2026-01-01T00:00:00Z"));
        let entropy = Arc::new(patchbay_model::testing::SeededEntropy::new(1));
        let client = HttpClient::new(&config, clock, entropy).unwrap();
        Self { url, client, connections, requests, stalled }
    }

    async fn send(&self, method: Method) -> Result<InboundResponse, RequestFailure> {
        self.client.send(request(method, &self.url), soon()).await
    }

    /// Sends a request and drops it as soon as the provider has stalled it.
    async fn send_until_stalled(&self) {
        let stalled = self.stalled.clone();
        tokio::select! {
            outcome = self.send(Method::POST) => panic!("the request has a response: {:?}", outcome.map(|one| one.status)),
            () = stalled.notified() => {}
        }
    }

    fn counts(&self) -> (usize, usize) {
        (self.connections.load(Ordering::SeqCst), self.requests.load(Ordering::SeqCst))
    }
}

async fn write(stream: &mut TlsStream<TcpStream>, kind: u8, flags: u8, id: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(id.to_be_bytes());
    frame.extend(payload);
    // The client may have closed the connection.
    let _ = stream.write_all(&frame).await;
    let _ = stream.flush().await;
}

async fn serve(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    script: Script,
    requests: Arc<AtomicUsize>,
    stalled: Arc<Notify>,
) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut preface = [0; 24];
    if stream.read_exact(&mut preface).await.is_err() {
        return;
    }
    write(&mut stream, SETTINGS, 0, 0, &[]).await;
    let mut is_silent = false;
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return;
        }
        let mut payload = vec![0; (usize::from(head[1]) << 8) | usize::from(head[2])];
        if stream.read_exact(&mut payload).await.is_err() {
            return;
        }
        let (kind, flags, id) = (head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
        match (kind, flags & ACK) {
            _ if is_silent => {}
            (SETTINGS, 0) => write(&mut stream, SETTINGS, ACK, 0, &[]).await,
            (PING, 0) => write(&mut stream, PING, ACK, 0, &payload).await,
            // The client has received what this provider sent before.
            (PING, ACK) => stalled.notify_one(),
            (HEADERS | DATA, END_STREAM) => match script(requests.fetch_add(1, Ordering::SeqCst)) {
                Reply::Ok => {
                    // `:status: 200` in the static table of HPACK.
                    write(&mut stream, HEADERS, END_HEADERS, id, &[0x88]).await;
                    write(&mut stream, DATA, END_STREAM, id, b"ok").await;
                }
                Reply::Reset(code) => write(&mut stream, RST_STREAM, 0, id, &code.to_be_bytes()).await,
                Reply::GoAwayBefore(code) => {
                    write(&mut stream, GOAWAY, 0, 0, &[(id - 2).to_be_bytes(), code.to_be_bytes()].concat()).await;
                    return;
                }
                Reply::GoAwayAfter => {
                    write(&mut stream, GOAWAY, 0, 0, &[id.to_be_bytes(), [0; 4]].concat()).await;
                    return;
                }
                Reply::Silence => {
                    is_silent = true;
                    stalled.notify_one();
                }
                Reply::Busy => write(&mut stream, PING, 0, 0, &[1; 8]).await,
                Reply::HalfBody => {
                    write(&mut stream, HEADERS, END_HEADERS, id, &[0x88]).await;
                    write(&mut stream, DATA, 0, id, b"half").await;
                    is_silent = true;
                }
            },
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_request_that_was_not_processed_is_sent_once_more_whatever_its_method() {
    for reply in [Reply::Reset(REFUSED_STREAM), Reply::GoAwayBefore(0), Reply::GoAwayBefore(INTERNAL_ERROR)] {
        for method in [Method::POST, Method::GET, Method::PATCH] {
            let provider = Provider::start(move |number| if number == 1 { reply } else { Reply::Ok }).await;
            provider.send(Method::POST).await.unwrap();
            assert_eq!(&provider.send(method).await.unwrap().body[..], b"ok");
            assert_eq!(provider.counts().1, 3);
        }
    }
    let provider = Provider::start(|_| Reply::Reset(REFUSED_STREAM)).await;
    let Err(failure) = provider.send(Method::POST).await else { panic!("a refused request has a response") };
    assert!(
        matches!(&failure.cause, FailureCause::ConnectionLost(reason) if reason.contains("refused")),
        "{failure:?}"
    );
    assert_eq!(provider.counts().1, 2, "once");
}

#[tokio::test]
async fn a_post_that_may_have_been_processed_is_not_sent_again() {
    for reply in [Reply::Reset(INTERNAL_ERROR), Reply::GoAwayAfter] {
        let provider = Provider::start(move |number| if number == 1 { reply } else { Reply::Ok }).await;
        provider.send(Method::POST).await.unwrap();
        let Err(failure) = provider.send(Method::POST).await else { panic!("the POST was sent again") };
        assert!(matches!(failure.cause, FailureCause::ConnectionLost(_)), "{failure:?}");
        assert_eq!(provider.counts().1, 2);
    }
}

#[tokio::test]
async fn a_connection_that_was_silent_during_a_call_serves_no_further_call() {
    let provider = Provider::start(|number| if number == 1 { Reply::Silence } else { Reply::Ok }).await;
    provider.send(Method::POST).await.unwrap();
    provider.send_until_stalled().await;
    for _ in 0..3 {
        provider.send(Method::POST).await.unwrap();
    }
    assert_eq!(provider.counts(), (2, 5));
}

#[tokio::test]
async fn a_connection_of_a_slow_provider_is_kept() {
    let provider = Provider::start(|number| if number == 1 { Reply::Busy } else { Reply::Ok }).await;
    provider.send(Method::POST).await.unwrap();
    provider.send_until_stalled().await;
    provider.send(Method::POST).await.unwrap();
    assert_eq!(provider.counts(), (1, 3));
}

#[tokio::test]
async fn a_connection_that_falls_silent_within_a_body_serves_no_further_call() {
    let provider = Provider::start(|number| if number == 1 { Reply::HalfBody } else { Reply::Ok }).await;
    provider.send(Method::POST).await.unwrap();
    let stalled = provider.stalled.clone();
    let mut observer = Noticing(stalled.clone());
    tokio::select! {
        biased;
        _ = provider.client.send_observed(request(Method::POST, &provider.url), None, soon(), &mut observer) => {
            panic!("half a body is a response")
        }
        () = stalled.notified() => {}
    }
    provider.send(Method::POST).await.unwrap();
    assert_eq!(provider.counts(), (2, 3));
}

/// Notifies of each chunk of a body.
struct Noticing(Arc<Notify>);

impl BodyObserver for Noticing {
    fn start(&mut self, _: StatusCode, _: &http::HeaderMap) {}

    fn observe(&mut self, _: &[u8]) -> Result<std::ops::ControlFlow<()>, FailureCause> {
        self.0.notify_one();
        Ok(std::ops::ControlFlow::Continue(()))
    }
}

#[tokio::test]
async fn a_connection_without_a_response_to_a_ping_is_closed() {
    let provider = Provider::start(|number| if number == 1 { Reply::Silence } else { Reply::Ok }).await;
    provider.send(Method::POST).await.unwrap();
    tokio::time::pause();
    let deadline = Instant::now() + std::time::Duration::from_hours(24);
    let Err(failure) = provider.client.send(request(Method::POST, &provider.url), deadline).await else {
        panic!("a dead connection has a response")
    };
    assert!(matches!(failure.cause, FailureCause::ConnectionLost(_)), "before the deadline: {failure:?}");
    tokio::time::resume();
    provider.send(Method::POST).await.unwrap();
    assert_eq!(provider.counts(), (2, 3));
}

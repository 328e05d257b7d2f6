//! The target of HTTP: the bytes of one connection, served by the connection's own code and the router of all routes.
//! Whatever arrives, in whatever pieces, the connection ends when its client has nothing more to send, and no answer says
//! that the server failed.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use patchbay_connector::Registry;
use patchbay_engine::{Engine, EngineConfig, EngineParts, Logs};
use patchbay_model::{
    Clock, Entropy,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_server::{RouteUrls, ServerConfig, WebAssets};
use patchbay_storage::{Storage, sqlite::SqliteStorage};
use patchbay_vault::{KeyRing, Secret, Vault};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::Runtime,
};

use super::connection::{Client, ClientStream, Clocks, Server, client_stream::ClientSocket};

/// The API key of the server; the seeds contain it.
pub const KEY: &str = "v1.local.q7XpZ2mK9tR4wB6nL1cV";
/// The longest time of a connection. Nothing that these bytes can ask for waits.
const MAX_TIME: Duration = Duration::from_mins(1);

/// Serves the bytes on a connection. The first byte is the size of the pieces in which the others arrive; 0 sends all at
/// once.
pub fn http(data: &[u8]) {
    thread_local! {
        static BED: Bed = Bed::new();
    }
    BED.with(|bed| bed.serve(data));
}

/// A server without connectors, in a folder of its own.
struct Bed {
    server: Server,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

/// The assets of a build without screens.
struct NoAssets;

impl WebAssets for NoAssets {
    fn get(&self, _: &str) -> Option<std::borrow::Cow<'static, [u8]>> {
        None
    }
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let server = runtime.block_on(async {
            let storage = SqliteStorage::open(&folder.path().join("fuzz.db")).await.expect("a database");
            let storage: Arc<dyn Storage> = Arc::new(storage);
            let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
            let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
            let urls = Arc::new(RouteUrls::new("http://localhost"));
            let engine = Engine::open(EngineParts {
                logs: Arc::new(Logs::none()),
                storage,
                vault: Arc::new(Vault::new(KeyRing::generate(&*entropy, clock.now()), entropy.clone())),
                registry: Registry::new(),
                source: None,
                clock,
                entropy,
                // The clock stands still, so a limit would be used up.
                config: EngineConfig { urls: urls.clone(), key_requests_per_minute: 0, ..EngineConfig::default() },
            });
            let engine = engine.await.expect("an engine");
            engine.setup.first_start(Some(Secret::new(KEY))).await.expect("a first start");
            let config = ServerConfig {
                urls,
                version: "0.0.0",
                body_limit_bytes: 64 * 1024,
                assets: Arc::new(NoAssets),
                hub_allowed_origins: Vec::new(),
                is_local: false,
                trusted_proxies: Vec::new(),
                sandbox: None,
                settings: Vec::new(),
                stopping: tokio_util::sync::CancellationToken::new(),
                stop: tokio_util::sync::CancellationToken::new(),
            };
            Server::new(patchbay_server::router(engine, config), Clocks::DOCUMENTED)
        });
        Self { server, runtime, _folder: folder }
    }

    fn serve(&self, data: &[u8]) {
        let (piece, bytes) = data.split_first().map_or((0, data), |(piece, bytes)| (usize::from(*piece), bytes));
        let socket = Socket::new(bytes, piece);
        self.runtime.block_on(async {
            let peer = IpAddr::from(Ipv4Addr::LOCALHOST);
            let client = Arc::new(Client::new(peer));
            let served = self.server.serve(ClientStream::new(socket.clone(), client.clone()), client.clone());
            let has_nothing_more = async {
                loop {
                    // The server has read everything, and waits for more.
                    if client.activity.waits_since().is_some() {
                        socket.end_if_read();
                    }
                    tokio::task::yield_now().await;
                }
            };
            let ends = async {
                tokio::select! {
                    () = served => {}
                    () = has_nothing_more => {}
                }
            };
            tokio::time::timeout(MAX_TIME, ends).await.expect("the connection ends");
        });
        check(bytes, &socket.lock().written);
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.server.stop();
    }
}

/// Checks the answers of an HTTP/1.1 connection, as far as one can see where each of them ends.
fn check(sent: &[u8], received: &[u8]) {
    if sent.starts_with(b"PRI * HTTP/2.0") || received.is_empty() {
        return;
    }
    // The answer to HEAD announces a body that does not come.
    let mut rest =
        if sent.windows(4).any(|word| word == b"HEAD") { &received[..received.len().min(12)] } else { received };
    while !rest.is_empty() {
        let text = String::from_utf8_lossy(rest);
        let status = text.strip_prefix("HTTP/1.1 ").or_else(|| text.strip_prefix("HTTP/1.0 "));
        let status = status.and_then(|text| text.get(..3)).and_then(|text| text.parse::<u16>().ok());
        let status = status.unwrap_or_else(|| panic!("not an answer: {text:?}"));
        assert!((100..600).contains(&status) && status != 500, "{text}");
        let Some(end) = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return };
        let head = String::from_utf8_lossy(&rest[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        // A streamed answer has no length.
        let Some(length) = length.or((status < 200 || status == 204 || status == 304).then_some(0)) else { return };
        let body = &rest[end + 4..];
        assert!(body.len() >= length, "{text}");
        if head.contains("content-type: application/json") {
            assert!(serde_json::from_slice::<serde_json::Value>(&body[..length]).is_ok(), "{text}");
        } else {
            assert!(status < 400, "an error in words: {text}");
        }
        rest = &body[length..];
    }
}

/// A client that sends bytes and reads every answer.
#[derive(Clone)]
struct Socket(Arc<Mutex<Exchange>>);

struct Exchange {
    sent: Vec<u8>,
    /// The number of bytes that the server has read.
    read: usize,
    piece: usize,
    written: Vec<u8>,
    has_ended: bool,
    /// Wakes the server, which wants to read more than there is.
    reader: Option<Waker>,
}

impl Socket {
    fn new(bytes: &[u8], piece: usize) -> Self {
        Self(Arc::new(Mutex::new(Exchange {
            sent: bytes.to_vec(),
            read: 0,
            piece: if piece == 0 { usize::MAX } else { piece },
            written: Vec::new(),
            has_ended: false,
            reader: None,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the client's side if the server wants to read more.
    fn end_if_read(&self) {
        let mut exchange = self.lock();
        if let Some(reader) = exchange.reader.take() {
            exchange.has_ended = true;
            reader.wake();
        }
    }
}

impl ClientSocket for Socket {
    fn discard_unsent(&self) {}
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut exchange = self.lock();
        let length = (exchange.sent.len() - exchange.read).min(exchange.piece).min(buffer.remaining());
        if length == 0 && !exchange.has_ended {
            exchange.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let start = exchange.read;
        buffer.put_slice(&exchange.sent[start..start + length]);
        exchange.read += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.lock().written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

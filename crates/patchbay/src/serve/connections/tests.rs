//! Connections over real sockets, with clocks of milliseconds. A test waits for the server to act, never for a time.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    thread::JoinHandle,
};

use axum::{Router, routing::get};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::*;
use crate::runtime::{Threads, build_runtime};

const SHORT: Clocks = Clocks {
    head: Duration::from_millis(300),
    write: Duration::from_millis(300),
    idle: Duration::from_millis(300),
    leave: Duration::from_millis(100),
};
/// A time that no test reaches.
const NEVER: Duration = Duration::from_mins(10);
const CLOCKS: Clocks = Clocks { head: NEVER, write: NEVER, idle: NEVER, leave: Duration::from_millis(100) };
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
/// A preface, SETTINGS with a window (`SETTINGS_INITIAL_WINDOW_SIZE` is 4), and 100 requests for a path of eight bytes.
fn requests_with_window(window: u32, path: &str) -> Vec<u8> {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let head = [0, 0, u8::try_from(payload.len()).unwrap(), kind, flags, 0, 0, 0, stream];
        [&head[..], payload].concat()
    };
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[&[0, 4], &window.to_be_bytes()[..]].concat()));
    let head = [b"\x82\x86\x04\x08", path.as_bytes(), b"\x01\x01a"].concat();
    (0..100).for_each(|stream| bytes.extend(frame(1, 5, 1 + 2 * stream, &head)));
    bytes
}
const PREFACE_AND_SETTINGS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Returns the handler of a router.
pub(in crate::serve) fn handler(router: Router) -> RequestHandler {
    let service = TowerToHyperService::new(router);
    Arc::new(move |request| {
        let response = service.call(request);
        Box::pin(async { response.await.unwrap_or_else(|never| match never {}) })
    })
}

async fn without_length(response: axum::response::Response) -> axum::response::Response {
    response.map(|body| axum::body::Body::from_stream(body.into_data_stream()))
}

/// A server whose `/large` has more bytes than a socket holds, whose `/never` never answers, and whose `/counted` with
/// 200 KB, `/smaller` with 15 KB and `/streams` with 15 KB of an unknown length count their requests.
struct Bed {
    address: SocketAddr,
    counted: Arc<AtomicUsize>,
    stopping: CancellationToken,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Bed {
    fn start(clocks: Clocks, limit: usize) -> Self {
        let counted = Arc::<AtomicUsize>::default();
        let count = |bytes: usize| {
            let counted = counted.clone();
            get(move || async move {
                counted.fetch_add(1, Ordering::Relaxed);
                vec![b'x'; bytes]
            })
        };
        let router = Router::new()
            .route("/counted", count(200 * 1024))
            .route("/smaller", count(15 * 1024))
            .route("/streams", count(15 * 1024).layer(axum::middleware::map_response(without_length)))
            .route("/", get(|| async { "hello" }))
            .route("/large", get(|| async { vec![b'x'; 64 * 1024 * 1024] }))
            .route("/never", get(std::future::pending::<()>));
        let (stopping, stop) = (CancellationToken::new(), CancellationToken::new());
        let (announced, stopped) = (stopping.clone(), stop.clone());
        let (report, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = build_runtime(Threads::Single).unwrap();
            let drained = runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                report.send(listener.local_addr().unwrap()).unwrap();
                let workers = Workers::start(&handler(router), Duration::ZERO, clocks, &announced).unwrap();
                serve(listener, workers, Places::new(limit), stopped).await
            });
            drained.join();
        });
        Self { address: address.recv().unwrap(), counted, stopping, stop, thread: Some(thread) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        // A test that would wait forever fails.
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream
    }

    fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        stream
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || std::thread::panicking());
        }
    }
}

/// Reads until the server closes the connection, or resets it.
fn until_closed(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => received.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("not closed: {error}"),
        }
    }
    String::from_utf8_lossy(&received).into_owned()
}

/// Reads one response to [`REQUEST`], and returns it.
fn hello(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    let mut byte = [0];
    while !received.ends_with(b"hello") {
        stream.read_exact(&mut byte).unwrap();
        received.push(byte[0]);
    }
    String::from_utf8(received).unwrap()
}

#[test]
fn a_connection_without_a_whole_head_is_closed() {
    let bed = Bed::start(SHORT, 100);
    for silent in [&b""[..], PREFACE_AND_SETTINGS] {
        let answer = until_closed(&mut bed.send(silent));
        assert!(!answer.contains("HTTP/1.1"), "{answer:?}");
    }
    let parts = [&b"P"[..], b"PRI", b"PRI * HTTP/2.0\r\n\r\nSM", b"G", b"GET / HTTP/1.1\r\nhost: a\r\n", b"\r\n"];
    for part in parts {
        let answer = until_closed(&mut bed.send(part));
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{part:?}: {answer:?}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["statusCode"], &body["errorCode"]), (&408.into(), &"RequestTimeoutError".into()));
    }
    // The head of the second request.
    let mut stream = bed.send(REQUEST);
    hello(&mut stream);
    stream.write_all(b"GET /").unwrap();
    assert!(until_closed(&mut stream).starts_with("HTTP/1.1 408 "));
}

#[test]
fn an_idle_connection_is_closed() {
    let bed = Bed::start(Clocks { idle: SHORT.idle, ..CLOCKS }, 100);
    let mut stream = bed.send(REQUEST);
    hello(&mut stream);
    assert_eq!(until_closed(&mut stream), "");
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let bed = Bed::start(Clocks { write: SHORT.write, ..CLOCKS }, 100);
    let mut stream = bed.send(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n");
    // The client notices when it writes: the connection was reset.
    stream.set_write_timeout(Some(Duration::from_mins(1))).unwrap();
    let outcome = std::iter::repeat_with(|| stream.write(REQUEST)).find_map(Result::err).unwrap();
    assert!(
        matches!(outcome.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe),
        "{outcome:?}"
    );
}

/// The window is shut from the beginning, so that no part of a response ever leaves, or shuts before the end of a response:
/// the last part of a response holds the memory of all of it.
#[test]
fn an_http2_client_without_a_window_is_cut_off_and_begins_few_requests() {
    // So many that together they are larger than what may wait.
    for (path, size, begun) in [("/counted", 200 * 1024, 2), ("/smaller", 15 * 1024, 14), ("/streams", 15 * 1024, 14)] {
        for window in [0, 1, size / 2, size - 1] {
            if path == "/streams" && window == 0 {
                // Nothing of it is produced without a window.
                continue;
            }
            let bed = Bed::start(Clocks { write: SHORT.write, ..CLOCKS }, 100);
            let mut bytes = requests_with_window(window, path);
            // 32 MiB more for the connection, so that the windows of the streams decide.
            bytes.extend(b"\0\0\x04\x08\0\0\0\0\0\x02\0\0\0");
            until_closed(&mut bed.send(&bytes));
            let counted = bed.counted.load(Ordering::Relaxed);
            assert_eq!(counted, begun, "{path}, {window}: the others wait for the client");
        }
    }
}

#[test]
fn an_http2_client_that_reads_again_gets_every_response() {
    let bed = Bed::start(CLOCKS, 100);
    let mut stream = bed.send(&requests_with_window(0, "/counted"));
    // Room for everything: SETTINGS with a window of 1 MiB, and 32 MiB more for the connection.
    stream.write_all(b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\x10\0\0\0\0\x04\x08\0\0\0\0\0\x02\0\0\0").unwrap();
    let (mut ended, mut received) = (0, 0);
    while ended < 100 {
        let mut head = [0; 9];
        stream.read_exact(&mut head).unwrap();
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut payload).unwrap();
        // DATA, and its flag END_STREAM.
        if head[3] == 0 {
            received += payload.len();
            ended += usize::from(head[4] & 1);
        }
    }
    assert_eq!((received, bed.counted.load(Ordering::Relaxed)), (100 * 200 * 1024, 100));
}

#[test]
fn a_new_connection_takes_the_place_of_the_longest_silent_one() {
    let bed = Bed::start(CLOCKS, 2);
    let mut silent = bed.connect();
    // Answered, so that it was accepted after the silent one.
    let mut used = bed.send(REQUEST);
    hello(&mut used);
    let mut new = bed.send(REQUEST);
    hello(&mut new);
    assert_eq!(until_closed(&mut silent), "");
    used.write_all(REQUEST).unwrap();
    hello(&mut used);
}

#[test]
fn every_response_is_sent_at_once() {
    let bed = Bed::start(CLOCKS, 100);
    for behind in [&b""[..], b"\r\n", b"G", b"GET / HTTP/1.1\r\nhost"] {
        let mut stream = bed.send(&[REQUEST, behind].concat());
        hello(&mut stream);
    }
    let mut stream = bed.send(&REQUEST.repeat(100));
    for _ in 0..100 {
        hello(&mut stream);
    }
}

#[test]
fn requests_that_hyper_refuses_get_an_error_in_words() {
    let bed = Bed::start(CLOCKS, 100);
    let long_path = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(1_000_000));
    let many_headers = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x-a: b\r\n".repeat(101));
    let large_head = format!("GET / HTTP/1.1\r\nhost: a\r\nx-a: {}\r\n\r\n", "b".repeat(1_000_000));
    for (bytes, status, code) in [
        ("GET\r\n\r\n", 400, "MalformedRequestError"),
        ("GET / HTTP/9.9\r\n\r\n", 400, "MalformedRequestError"),
        ("GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400, "MalformedRequestError"),
        ("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 400, "MalformedRequestError"),
        (&long_path, 414, "UriTooLongError"),
        (&many_headers, 431, "HeadersTooLargeError"),
        (&large_head, 431, "HeadersTooLargeError"),
    ] {
        // Also behind a request that is answered.
        for is_first in [true, false] {
            let mut stream = bed.connect();
            if !is_first {
                stream.write_all(REQUEST).unwrap();
                hello(&mut stream);
            }
            stream.write_all(bytes.as_bytes()).unwrap();
            let answer = until_closed(&mut stream);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer:?}");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains("content-type: application/json") && head.contains("connection: close"), "{head}");
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!((&body["statusCode"], &body["errorCode"]), (&status.into(), &code.into()));
        }
    }
}

/// The largest future of a connection that has said nothing, in bytes. What a connection needs later is on the heap, and is
/// made when its first bytes have come.
const MAX_SILENT_BYTES: usize = 1_024;

#[tokio::test]
async fn a_silent_connection_is_small() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, address) = listener.accept().await.unwrap();
    let client = Places::new(1).take(address.ip()).unwrap().occupant().client.clone();
    let server = Server::new(handler(Router::new()), CLOCKS);
    let served = server.serve(ClientStream::new(stream, client.clone()), client);
    assert!(size_of_val(&served) <= MAX_SILENT_BYTES, "{} bytes", size_of_val(&served));
}

/// A load balancer must not find a kept connection closed at the moment when it sends a request on it. So a server that will stop says
/// in each response that the connection ends, and closes no connection by itself.
#[test]
fn a_server_that_will_stop_ends_connections_with_their_responses() {
    let bed = Bed::start(CLOCKS, 100);
    let mut kept = bed.send(REQUEST);
    assert!(!hello(&mut kept).contains("connection:"));
    let mut in_pieces = bed.send(&REQUEST[..10]);
    let mut http2 = bed.send(PREFACE_AND_SETTINGS);
    bed.stopping.cancel();
    // HTTP/2 says it at once: GOAWAY is frame 7.
    let mut frame = [0; 9];
    while frame[3] != 7 {
        http2.read_exact(&mut frame).unwrap();
        let length = usize::from(u16::from_be_bytes([frame[1], frame[2]]));
        http2.read_exact(&mut vec![0; length]).unwrap();
    }
    kept.write_all(REQUEST).unwrap();
    in_pieces.write_all(&REQUEST[10..]).unwrap();
    // New connections are accepted until the stop.
    for stream in [&mut kept, &mut in_pieces, &mut bed.send(REQUEST), &mut bed.send(REQUEST)] {
        assert!(hello(stream).contains("connection: close"));
        assert_eq!(until_closed(stream), "");
    }
}

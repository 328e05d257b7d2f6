//! Connections over real sockets, with clocks of milliseconds. A test waits for the server to act, never for a time.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread::JoinHandle,
};

use axum::routing::get;

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
const PREFACE_AND_SETTINGS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A server whose `/large` has more bytes than a socket holds, and whose `/never` never answers.
struct Bed {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Bed {
    fn start(clocks: Clocks, limit: usize) -> Self {
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/large", get(|| async { vec![b'x'; 64 * 1024 * 1024] }))
            .route("/never", get(std::future::pending::<()>));
        let stop = CancellationToken::new();
        let (stopped, (report, address)) = (stop.clone(), std::sync::mpsc::channel());
        let thread = std::thread::spawn(move || {
            let runtime = build_runtime(Threads::Single).unwrap();
            let drained = runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                report.send(listener.local_addr().unwrap()).unwrap();
                let workers = Workers::start(&router, Duration::ZERO, clocks).unwrap();
                serve(listener, workers, Places::new(limit), stopped).await
            });
            drained.join();
        });
        Self { address: address.recv().unwrap(), stop, thread: Some(thread) }
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

/// Reads one response to [`REQUEST`].
fn hello(stream: &mut TcpStream) {
    let mut received = Vec::new();
    let mut byte = [0];
    while !received.ends_with(b"hello") {
        stream.read_exact(&mut byte).unwrap();
        received.push(byte[0]);
    }
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
    (0..100).for_each(|_| hello(&mut stream));
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

//! A client that asks for a large file and does not read it: the file stays at its provider.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Response, header},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::stream;
use serde_json::json;

use crate::support::{FixtureProvider, canary};

const MIB: usize = 1024 * 1024;
const FILE_BYTES: usize = 1024 * MIB;
const CHUNK_BYTES: usize = 64 * 1024;
/// The number of clients that do not read.
const READERS: usize = 20;
/// What the provider may send ahead of each reader: the buffers of the sockets on the way and a piece of ours.
const MAX_AHEAD_BYTES: usize = 16 * MIB;
/// The largest growth of the server's memory, in KiB.
const MAX_GROWTH_KIB: u64 = 64 * 1024;

fn router(taken: Arc<AtomicUsize>) -> Router {
    let file = move || {
        let taken = taken.clone();
        async move {
            let piece = Bytes::from(vec![7; CHUNK_BYTES]);
            let pieces = (0..FILE_BYTES / CHUNK_BYTES).map(move |_| {
                taken.fetch_add(CHUNK_BYTES, Ordering::Relaxed);
                Ok::<_, std::io::Error>(piece.clone())
            });
            let body = Body::from_stream(stream::iter(pieces));
            Response::builder().header(header::CONTENT_LENGTH, FILE_BYTES).body(body).unwrap()
        }
    };
    Router::new().route("/files/{name}", get(file))
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn a_streamed_file_waits_for_a_client_that_does_not_read() {
    let taken = Arc::new(AtomicUsize::new(0));
    let fixture = FixtureProvider::start("files", router(taken.clone()));
    let server = fixture.server(&[("https://files.example.com", "")], &[]);
    let profile = json!({ "connector_key": "files", "authentication_config_key": "key", "default": true });
    let profile = server.api().post("/auth_configs", &profile).text("/id");
    let token = server.session(json!({ "provider": "files" }));
    let link = json!({ "integration_id": profile, "credentials": { "key": canary::CLIENT_SECRET } });
    let account = server.hub(&token).post("/hub/accounts", &link).text("/id");
    let memory = || server.memory_kib("VmRSS");
    let before = memory();
    let body = json!({ "action": "files_stream_plain", "path": { "name": "large" } }).to_string();
    let key = STANDARD.encode(format!("{}:", canary::API_KEY));
    let head = format!(
        "POST /actions/rpc HTTP/1.1\r\nhost: a\r\nauthorization: Basic {key}\r\nx-account-id: {account}\r\naccept: \
         application/octet-stream\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut readers = (0..READERS)
        .map(|_| {
            let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
            stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
            let mut start = [0; 12];
            stream.read_exact(&mut start).unwrap();
            assert_eq!(&start, b"HTTP/1.1 200");
            stream
        })
        .collect::<Vec<_>>();
    // Until the provider has sent nothing for two seconds.
    let (mut last, mut since) = (0, Instant::now());
    while since.elapsed() < Duration::from_secs(2) {
        let now = taken.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let grown = memory().saturating_sub(before);
    eprintln!("{READERS} readers who do not read: {} KiB taken from the provider, +{grown} KiB", last / 1024);
    assert!(last <= READERS * MAX_AHEAD_BYTES, "{last} bytes were taken");
    assert!(grown < MAX_GROWTH_KIB, "+{grown} KiB");
    assert_eq!(server.anonymous().get("/healthz").status, 200);
    // One reads on, before the clock of writes has run out: it gets its file.
    let mut reading = readers.pop().unwrap();
    let (mut buffer, mut read) = (vec![0; MIB], 0);
    while read < 64 * MIB {
        let length = reading.read(&mut buffer).unwrap();
        assert!(length > 0, "the connection closed after {read} bytes");
        read += length;
    }
    drop(reading);
    // The others are cut off.
    let began = Instant::now();
    for mut stream in readers {
        let end = loop {
            match stream.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(_) => assert!(began.elapsed() < Duration::from_mins(2), "it is still served"),
                Err(error) => break Err(error.kind()),
            }
        };
        assert_ne!(end, Err(std::io::ErrorKind::WouldBlock), "the connection stays open");
    }
    assert!(memory().saturating_sub(before) < MAX_GROWTH_KIB);
}

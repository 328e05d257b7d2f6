//! File downloads through the real server: buffered, streamed, in JSON, redirected, truncated, compressed.

use std::{
    io::{Read as _, Write as _},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, Response, header},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::support::{ApiResponse, FixtureProvider, Server, canary};

const MIB: usize = 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;
/// The largest allowed growth of the server's memory, in KiB, for a file of any size.
const MAX_GROWTH_KIB: u64 = 40 * 1024;

/// The received requests: the path, and whether it had the key.
type SeenRequests = Arc<Mutex<Vec<(String, bool)>>>;

/// A provider and a server with a linked account. Its response limit is 1 MiB.
struct FileBed {
    seen: SeenRequests,
    server: Server,
    account: String,
    _provider: FixtureProvider,
}

impl FileBed {
    fn start() -> Self {
        let seen = SeenRequests::default();
        let fixture = FixtureProvider::start("files", router(seen.clone()));
        let upstreams = [("https://files.example.com", "/api"), ("https://cdn.example.net", "/cdn")];
        let server = fixture.server(&upstreams, &["--response-limit-mib", "1"]);
        let profile = json!({ "connector_key": "files", "authentication_config_key": "key", "default": true });
        let profile = server.api().post("/auth_configs", &profile).text("/id");
        let token = server.session(json!({ "provider": "files" }));
        let link = json!({ "integration_id": profile, "credentials": { "key": canary::CLIENT_SECRET } });
        let answer = server.hub(&token).post("/hub/accounts", &link);
        assert_eq!(answer.status, 200, "{answer}");
        let account = answer.text("/id");
        seen.lock().unwrap().clear();
        Self { seen, server, account, _provider: fixture }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a test writes the value where it calls")]
    fn run(&self, action: &str, inputs: Value) -> ApiResponse {
        self.server.api().header("x-account-id", &self.account).post("/actions/rpc", &body(action, &inputs))
    }

    fn get(&self, action: &str, name: &str) -> ApiResponse {
        self.run(action, json!({ "path": { "name": name } }))
    }

    /// Downloads the file. Returns its headers and how much of it was received before the connection closed.
    fn bytes(
        &self,
        action: &str,
        name: &str,
        mut take: impl FnMut(&[u8]),
    ) -> (ureq::http::HeaderMap, Result<(), String>) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let key = STANDARD.encode(format!("{}:", canary::API_KEY));
        let request = ureq::http::Request::post(format!("{}/actions/rpc", self.server.base))
            .header("authorization", format!("Basic {key}"))
            .header("x-account-id", &self.account)
            .header("accept", "application/octet-stream")
            .header("content-type", "application/json");
        let request = request.body(body(action, &json!({ "path": { "name": name } })).to_string()).unwrap();
        let mut response = agent.run(request).unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        let mut reader = response.body_mut().as_reader();
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return (headers, Ok(())),
                Ok(length) => take(&buffer[..length]),
                Err(error) => return (headers, Err(error.to_string())),
            }
        }
    }

    /// Returns the server's peak memory so far, in KiB.
    fn peak(&self) -> u64 {
        self.server.memory_kib("VmHWM")
    }
}

fn body(action: &str, inputs: &Value) -> Value {
    let mut body = inputs.clone();
    body["action"] = json!(format!("files_{action}"));
    body
}

/// Returns the file's byte at an offset.
fn byte(place: usize) -> u8 {
    ((place * 31) ^ (place >> 8) ^ (place >> 16)).to_le_bytes()[0]
}

fn large(length: usize) -> Body {
    let pieces = (0..length).step_by(CHUNK_BYTES).map(move |start| {
        let piece = (start..length.min(start + CHUNK_BYTES)).map(byte).collect::<Vec<_>>();
        Ok::<_, std::io::Error>(Bytes::from(piece))
    });
    Body::from_stream(stream::iter(pieces))
}

/// Returns spellings of the secret with their names.
fn echoes() -> [(&'static str, String); 5] {
    let each = |escape: fn(u8) -> String| canary::CLIENT_SECRET.bytes().map(escape).collect::<String>();
    [
        ("key", canary::CLIENT_SECRET.to_owned()),
        ("json", each(|byte| format!("\\u{byte:04X}"))),
        ("percent", each(|byte| format!("%25{byte:02x}"))),
        ("html", each(|byte| format!("&#{byte};"))),
        ("hex", each(|byte| format!("{byte:02X}"))),
    ]
}

fn router(seen: SeenRequests) -> Router {
    Router::new().route("/api/{*path}", get(api)).route("/cdn/{*path}", get(api)).with_state(seen)
}

async fn api(State(seen): State<SeenRequests>, Path(path): Path<String>, headers: HeaderMap) -> Response<Body> {
    seen.lock().unwrap().push((path.clone(), headers.contains_key("x-key")));
    let builder = Response::builder();
    let json = |value: Value| {
        Response::builder().header(header::CONTENT_TYPE, "application/json").body(Body::from(value.to_string()))
    };
    let response = match path.as_str() {
        "files/small" => builder
            .header(header::CONTENT_TYPE, "text/html")
            .header(header::CONTENT_DISPOSITION, "attachment; filename*=UTF-8''%C3%BCber.html")
            .header(header::ETAG, "\"e1\"")
            .body(Body::from("<script>alert(1)</script>")),
        "files/json" => json(json!({ "a": [1, 2] })),
        "files/text" => {
            let pieces = ["\"€".as_bytes(), &[0xe2], &[0x82, 0xac, b'\n'], &[0xff], "ü".as_bytes()];
            let pieces = pieces.map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
            builder.body(Body::from_stream(stream::iter(pieces)))
        }
        "files/echo" => {
            // Pieces divide each spelling.
            let text = echoes().map(|(name, spelling)| format!("{name}={spelling};")).concat();
            let pieces = text.as_bytes().chunks(11).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
            let pieces = pieces.collect::<Vec<_>>();
            builder.body(Body::from_stream(stream::iter(pieces)))
        }
        "files/packed" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&(0..3 * MIB).map(byte).collect::<Vec<_>>()).unwrap();
            builder.header(header::CONTENT_ENCODING, "gzip").body(Body::from(encoder.finish().unwrap()))
        }
        "files/cut" => {
            // Lets the server send what it has received.
            let part = stream::iter(0..8).then(|_| async {
                tokio::task::yield_now().await;
                Ok(Bytes::from_static(&[1; 1024]))
            });
            let cut = stream::once(async {
                tokio::task::yield_now().await;
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
            });
            builder.header(header::CONTENT_LENGTH, 1_000_000).body(Body::from_stream(part.chain(cut)))
        }
        "links/elsewhere" => json(
            json!({ "file": { "url": "https://cdn.example.net/there?sig=1", "name": "../a.txt", "type": "text/x" } }),
        ),
        "links/here" => json(json!({ "file": { "url": "/files/small" } })),
        "links/inside" => json(json!({ "file": { "url": "http://169.254.169.254/latest/meta-data" } })),
        "links/nowhere" => json(json!({ "file": {} })),
        "there" => builder.body(Body::from("from there")),
        "inline" => json(json!({ "file": { "content": STANDARD.encode("hello"), "name": "hello.txt" } })),
        "moved" => builder.status(302).header(header::LOCATION, "https://cdn.example.net/there").body(Body::empty()),
        path => match path.strip_prefix("files/").and_then(|name| name.parse::<usize>().ok()) {
            Some(mib) => builder.header(header::CONTENT_LENGTH, mib * MIB).body(large(mib * MIB)),
            None => builder.status(404).body(Body::from("no such file")),
        },
    };
    response.unwrap()
}

#[test]
fn a_large_file_is_streamed_in_bounded_memory() {
    const LENGTH_BYTES: usize = 160 * MIB;
    let bed = FileBed::start();
    bed.bytes("stream_file", "2", |_| {}).1.unwrap();
    let before = bed.peak();
    let (mut place, mut is_right) = (0, true);
    let (headers, outcome) = bed.bytes("stream_file", "160", |piece| {
        is_right &= piece.iter().enumerate().all(|(at, found)| *found == byte(place + at));
        place += piece.len();
    });
    outcome.unwrap();
    assert_eq!((place, is_right), (LENGTH_BYTES, true));
    assert_eq!(headers["content-length"], LENGTH_BYTES.to_string().as_str());
    let grown = bed.peak() - before;
    assert!(grown < MAX_GROWTH_KIB, "{grown} KiB more for a file of {LENGTH_BYTES} bytes");
}

#[test]
fn a_client_that_accepts_json_gets_the_file_in_json() {
    let bed = FileBed::start();
    let answer = bed.get("stream_file", "3");
    assert_eq!(answer.status, 200);
    let content = STANDARD.decode(answer.text("/data/content")).unwrap();
    assert!(content.len() == 3 * MIB && content.iter().enumerate().all(|(place, found)| *found == byte(place)));
    assert_eq!(answer.json()["data"]["length"], json!(3 * MIB));
    // The buffered file exceeds the limit; the message says what to do.
    let held = bed.get("hold_file", "3");
    assert_eq!((held.status, held.code().as_str()), (502, "ProviderResponseTooLargeError"), "{held}");
    assert!(held.text("/message").contains("`responseMode: stream`"), "{held}");
    assert_eq!(bed.get("hold_file", "small").text("/data"), STANDARD.encode("<script>alert(1)</script>"));
    assert_eq!(bed.run("hold_json", json!({})).json()["data"], json!({ "a": [1, 2] }));
    assert_eq!(bed.get("stream_text", "text").text("/data"), "\"€€\n\u{fffd}ü");
    assert_eq!(bed.get("stream_without_use", "small").text("/data"), "\"e1\"");
}

#[test]
fn a_file_cannot_act_as_a_page_of_the_server() {
    let bed = FileBed::start();
    let mut found = Vec::new();
    let (headers, outcome) = bed.bytes("stream_file", "small", |piece| found.extend_from_slice(piece));
    outcome.unwrap();
    assert_eq!(found, b"<script>alert(1)</script>");
    assert_eq!(headers["content-type"], "text/html");
    assert_eq!(headers["content-disposition"], "attachment; filename=\"_ber.html\"; filename*=UTF-8''%C3%BCber.html");
    assert_eq!(headers["content-security-policy"], "default-src 'none'; sandbox");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["etag"], "\"e1\"");
}

#[test]
fn a_compressed_file_is_decompressed_and_redacted() {
    let bed = FileBed::start();
    let mut place = 0;
    let (headers, outcome) = bed.bytes("stream_file", "packed", |piece| {
        assert!(piece.iter().enumerate().all(|(at, found)| *found == byte(place + at)));
        place += piece.len();
    });
    outcome.unwrap();
    assert_eq!(place, 3 * MIB);
    assert!(!headers.contains_key("content-encoding") && !headers.contains_key("content-length"));
    let mut found = Vec::new();
    bed.bytes("stream_file", "echo", |piece| found.extend_from_slice(piece)).1.unwrap();
    let masked = echoes().map(|(name, spelling)| format!("{name}={};", "*".repeat(spelling.len()))).concat();
    assert_eq!(String::from_utf8(found).unwrap(), masked);
}

#[test]
fn a_truncated_file_is_not_reported_as_complete() {
    let bed = FileBed::start();
    let mut length = 0;
    let (_, outcome) = bed.bytes("stream_file", "cut", |piece| length += piece.len());
    assert!(outcome.is_err() && length <= 8 * 1024, "{length} {outcome:?}");
    // Before the first byte, a failure is a normal error response.
    let missing = bed.get("stream_file", "nothing");
    assert_eq!((missing.status, missing.code().as_str()), (404, "ProviderError"), "{missing}");
}

#[test]
fn a_download_link_is_followed_without_the_key() {
    let bed = FileBed::start();
    let elsewhere = bed.get("get_linked", "elsewhere").json();
    assert_eq!(
        elsewhere["data"],
        json!({ "content": STANDARD.encode("from there"), "name": "a.txt", "type": "text/x" })
    );
    let here = bed.get("get_linked", "here");
    assert_eq!(here.text("/data/name"), "über.html");
    let seen = std::mem::take(&mut *bed.seen.lock().unwrap());
    let seen = seen.iter().map(|(path, key)| (path.as_str(), *key)).collect::<Vec<_>>();
    assert_eq!(seen, [("links/elsewhere", true), ("there", false), ("links/here", true), ("files/small", true)]);
    let inside = bed.get("get_linked", "inside");
    assert_eq!((inside.status, inside.code().as_str()), (502, "EgressRefusedError"), "{inside}");
    let nowhere = bed.get("get_linked", "nowhere");
    assert_eq!((nowhere.status, nowhere.code().as_str()), (502, "ProviderInvalidResponseError"), "{nowhere}");
    let inline = bed.run("get_inline", json!({})).json();
    assert_eq!(inline["data"]["content"], "hello");
    assert_eq!(inline["data"]["meta"]["fileName"], "hello.txt");
    assert_eq!(inline["data"]["meta"]["contentType"], "text/plain");
}

#[test]
fn redirects_are_followed_without_the_key_or_not_at_all() {
    let bed = FileBed::start();
    let followed = bed.run("get_moved", json!({ "query": { "follow": true } }));
    assert_eq!(followed.text("/data"), "from there");
    assert_eq!(bed.seen.lock().unwrap().last().unwrap(), &("there".to_owned(), false));
    let stayed = bed.run("get_moved", json!({ "query": { "follow": false } }));
    assert_eq!((stayed.status, stayed.code().as_str()), (502, "ProviderRedirectError"), "{stayed}");
    assert!(stayed.body.contains("follows no redirect"), "{stayed}");
}

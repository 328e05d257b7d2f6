//! Files through the real server: held or handed on piece by piece, described in JSON, moved, cut, packed.

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

use crate::support::{Answer, Server, Stand, canary};

const MIB: usize = 1024 * 1024;
const PIECE: usize = 64 * 1024;
/// What the server's memory may grow by, however large the file.
const GROWTH: u64 = 40 * 1024;

/// Requests that arrived: the path, and whether the key came along.
type Seen = Arc<Mutex<Vec<(String, bool)>>>;

/// The provider, and a server with an account of it. Answers may hold one MiB.
struct Depot {
    seen: Seen,
    server: Server,
    account: String,
    _stand: Stand,
}

impl Depot {
    fn start() -> Self {
        let seen = Seen::default();
        let stand = Stand::start("depot", router(seen.clone()));
        let upstreams = [("https://depot.example.com", "/api"), ("https://cdn.example.net", "/cdn")];
        let server = stand.server(&upstreams, &["--response-limit-mib", "1"]);
        let profile = json!({ "connector_key": "depot", "authentication_config_key": "key", "default": true });
        let profile = server.api().post("/auth_configs", &profile).text("/id");
        let token = server.session(json!({ "provider": "depot" }));
        let link = json!({ "integration_id": profile, "credentials": { "key": canary::CLIENT_SECRET } });
        let answer = server.hub(&token).post("/hub/accounts", &link);
        assert_eq!(answer.status, 200, "{answer}");
        let account = answer.text("/id");
        seen.lock().unwrap().clear();
        Self { seen, server, account, _stand: stand }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a test writes the value where it calls")]
    fn run(&self, action: &str, inputs: Value) -> Answer {
        self.server.api().header("x-account-id", &self.account).post("/actions/rpc", &body(action, &inputs))
    }

    fn get(&self, action: &str, name: &str) -> Answer {
        self.run(action, json!({ "path": { "name": name } }))
    }

    /// The file itself, its headers and how much of it came before it broke off.
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
        let mut buffer = vec![0; PIECE];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return (headers, Ok(())),
                Ok(length) => take(&buffer[..length]),
                Err(error) => return (headers, Err(error.to_string())),
            }
        }
    }

    /// The most memory that the server has held so far, in KiB.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_ascii_whitespace().next().unwrap().parse().unwrap()
    }
}

fn body(action: &str, inputs: &Value) -> Value {
    let mut body = inputs.clone();
    body["action"] = json!(format!("depot_{action}"));
    body
}

/// The file's byte at a place.
fn byte(place: usize) -> u8 {
    ((place * 31) ^ (place >> 8) ^ (place >> 16)).to_le_bytes()[0]
}

fn large(length: usize) -> Body {
    let pieces = (0..length).step_by(PIECE).map(move |start| {
        let piece = (start..length.min(start + PIECE)).map(byte).collect::<Vec<_>>();
        Ok::<_, std::io::Error>(Bytes::from(piece))
    });
    Body::from_stream(stream::iter(pieces))
}

fn router(seen: Seen) -> Router {
    Router::new().route("/api/{*path}", get(api)).route("/cdn/{*path}", get(api)).with_state(seen)
}

async fn api(State(seen): State<Seen>, Path(path): Path<String>, headers: HeaderMap) -> Response<Body> {
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
            let (first, second) = canary::CLIENT_SECRET.split_at(9);
            let pieces = [format!("key={first}"), format!("{second};")];
            let pieces = pieces.map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
            builder.body(Body::from_stream(stream::iter(pieces)))
        }
        "files/packed" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&(0..3 * MIB).map(byte).collect::<Vec<_>>()).unwrap();
            builder.header(header::CONTENT_ENCODING, "gzip").body(Body::from(encoder.finish().unwrap()))
        }
        "files/cut" => {
            // Time for what is there to be sent.
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
fn a_large_file_goes_through_in_bounded_memory() {
    const LENGTH: usize = 160 * MIB;
    let depot = Depot::start();
    depot.bytes("stream_file", "2", |_| {}).1.unwrap();
    let before = depot.peak();
    let (mut place, mut is_right) = (0, true);
    let (headers, outcome) = depot.bytes("stream_file", "160", |piece| {
        is_right &= piece.iter().enumerate().all(|(at, found)| *found == byte(place + at));
        place += piece.len();
    });
    outcome.unwrap();
    assert_eq!((place, is_right), (LENGTH, true));
    assert_eq!(headers["content-length"], LENGTH.to_string().as_str());
    let grown = depot.peak() - before;
    assert!(grown < GROWTH, "{grown} KiB more for a file of {LENGTH} bytes");
}

#[test]
fn who_takes_json_gets_the_file_within_it() {
    let depot = Depot::start();
    let answer = depot.get("stream_file", "3");
    assert_eq!(answer.status, 200);
    let content = STANDARD.decode(answer.text("/data/content")).unwrap();
    assert!(content.len() == 3 * MIB && content.iter().enumerate().all(|(place, found)| *found == byte(place)));
    assert_eq!(answer.json()["data"]["length"], json!(3 * MIB));
    // Held, it would be too much; what helps is said.
    let held = depot.get("hold_file", "3");
    assert_eq!((held.status, held.code().as_str()), (502, "ProviderResponseTooLargeError"), "{held}");
    assert!(held.text("/message").contains("`responseMode: stream`"), "{held}");
    assert_eq!(depot.get("hold_file", "small").text("/data"), STANDARD.encode("<script>alert(1)</script>"));
    assert_eq!(depot.run("hold_json", json!({})).json()["data"], json!({ "a": [1, 2] }));
    assert_eq!(depot.get("stream_text", "text").text("/data"), "\"€€\n\u{fffd}ü");
    assert_eq!(depot.get("stream_without_use", "small").text("/data"), "\"e1\"");
}

#[test]
fn a_file_is_no_page_of_ours() {
    let depot = Depot::start();
    let mut found = Vec::new();
    let (headers, outcome) = depot.bytes("stream_file", "small", |piece| found.extend_from_slice(piece));
    outcome.unwrap();
    assert_eq!(found, b"<script>alert(1)</script>");
    assert_eq!(headers["content-type"], "text/html");
    assert_eq!(headers["content-disposition"], "attachment; filename=\"_ber.html\"; filename*=UTF-8''%C3%BCber.html");
    assert_eq!(headers["content-security-policy"], "default-src 'none'; sandbox");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["etag"], "\"e1\"");
}

#[test]
fn a_packed_file_is_unpacked_and_a_secret_in_it_masked() {
    let depot = Depot::start();
    let mut place = 0;
    let (headers, outcome) = depot.bytes("stream_file", "packed", |piece| {
        assert!(piece.iter().enumerate().all(|(at, found)| *found == byte(place + at)));
        place += piece.len();
    });
    outcome.unwrap();
    assert_eq!(place, 3 * MIB);
    assert!(!headers.contains_key("content-encoding") && !headers.contains_key("content-length"));
    let mut found = Vec::new();
    depot.bytes("stream_file", "echo", |piece| found.extend_from_slice(piece)).1.unwrap();
    assert_eq!(found, format!("key={};", "*".repeat(canary::CLIENT_SECRET.len())).as_bytes());
}

#[test]
fn half_a_file_does_not_look_whole() {
    let depot = Depot::start();
    let mut length = 0;
    let (_, outcome) = depot.bytes("stream_file", "cut", |piece| length += piece.len());
    assert!(outcome.is_err() && length <= 8 * 1024, "{length} {outcome:?}");
    // Before the first byte a failure is an error like any other.
    let missing = depot.get("stream_file", "nothing");
    assert_eq!((missing.status, missing.code().as_str()), (404, "ProviderError"), "{missing}");
}

#[test]
fn a_link_is_followed_and_the_key_stays_with_its_host() {
    let depot = Depot::start();
    let elsewhere = depot.get("get_linked", "elsewhere").json();
    assert_eq!(
        elsewhere["data"],
        json!({ "content": STANDARD.encode("from there"), "name": "a.txt", "type": "text/x" })
    );
    let here = depot.get("get_linked", "here");
    assert_eq!(here.text("/data/name"), "über.html");
    let seen = std::mem::take(&mut *depot.seen.lock().unwrap());
    let seen = seen.iter().map(|(path, key)| (path.as_str(), *key)).collect::<Vec<_>>();
    assert_eq!(seen, [("links/elsewhere", true), ("there", false), ("links/here", true), ("files/small", true)]);
    let inside = depot.get("get_linked", "inside");
    assert_eq!((inside.status, inside.code().as_str()), (502, "EgressRefusedError"), "{inside}");
    let nowhere = depot.get("get_linked", "nowhere");
    assert_eq!((nowhere.status, nowhere.code().as_str()), (502, "ProviderInvalidResponseError"), "{nowhere}");
    let inline = depot.run("get_inline", json!({})).json();
    assert_eq!(inline["data"]["content"], "hello");
    assert_eq!(inline["data"]["meta"]["fileName"], "hello.txt");
    assert_eq!(inline["data"]["meta"]["contentType"], "text/plain");
}

#[test]
fn redirects_are_followed_without_the_key_or_not_at_all() {
    let depot = Depot::start();
    let followed = depot.run("get_moved", json!({ "query": { "follow": true } }));
    assert_eq!(followed.text("/data"), "from there");
    assert_eq!(depot.seen.lock().unwrap().last().unwrap(), &("there".to_owned(), false));
    let stayed = depot.run("get_moved", json!({ "query": { "follow": false } }));
    assert_eq!((stayed.status, stayed.code().as_str()), (502, "ProviderRedirectError"), "{stayed}");
    assert!(stayed.body.contains("follows no redirect"), "{stayed}");
}

//! HTTP/2 with the frames that a client writes (RFC 9113), where a client library would not send them.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use super::support::{Provider, Server};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// The largest frame that a server must accept.
const MAX_FRAME_BYTES: usize = 16 * 1024;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Returns a text in HPACK (RFC 7541, section 5.2), without Huffman coding.
fn text(text: &str) -> Vec<u8> {
    let length = text.len();
    let mut encoded = Vec::new();
    if length < 127 {
        encoded.push(u8::try_from(length).unwrap());
    } else {
        encoded.push(127);
        let mut rest = length - 127;
        while rest >= 128 {
            encoded.push(u8::try_from(rest % 128).unwrap() | 128);
            rest /= 128;
        }
        encoded.push(u8::try_from(rest).unwrap());
    }
    encoded.extend_from_slice(text.as_bytes());
    encoded
}

/// Sends `GET path` with a header, and returns the body of the response.
fn get(server: &Server, path: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // GET and http from the static table; the path and the authority by their indexed names; then the header.
    let mut block = b"\x82\x86\x04".to_vec();
    block.extend([text(path), b"\x01".to_vec(), text("a")].concat());
    block.extend([b"\x00".to_vec(), text("x-large"), text(header)].concat());
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    let parts = block.chunks(MAX_FRAME_BYTES).collect::<Vec<_>>();
    for (number, part) in parts.iter().enumerate() {
        let (kind, first) = if number == 0 { (HEADERS, END_STREAM) } else { (CONTINUATION, 0) };
        let last = if number + 1 == parts.len() { END_HEADERS } else { 0 };
        stream.write_all(&frame(kind, first | last, 1, part)).unwrap();
    }
    let mut body = Vec::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).unwrap();
        let (kind, flags, of_stream) = (head[3], head[4], head[8] == 1);
        if of_stream && kind == DATA {
            body.extend(payload);
        }
        if of_stream && matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            return String::from_utf8(body).unwrap();
        }
    }
}

#[test]
fn a_too_large_head_of_http2_is_refused_in_words() {
    let server = Server::start(&Provider::start(), &[]);
    assert_eq!(get(&server, "/healthz", "small"), "{\"status\":\"ok\"}");
    assert_eq!(get(&server, "/healthz", &"b".repeat(15_000)), "{\"status\":\"ok\"}");
    for (path, header, code, status) in [
        ("/healthz", 17_000, "HeadersTooLargeError", 431),
        ("/healthz", 60_000, "HeadersTooLargeError", 431),
        (&*format!("/{}", "a".repeat(20_000)), 1, "UriTooLongError", 414),
    ] {
        let body = get(&server, path, &"b".repeat(header));
        let body: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body:?}"));
        assert_eq!((&body["errorCode"], &body["statusCode"]), (&code.into(), &status.into()), "{body}");
    }
    // h2 refuses still larger heads itself, with only a status.
    assert_eq!(get(&server, "/healthz", &"b".repeat(100_000)), "");
    assert_eq!(server.anonymous().get("/healthz").status, 200);
}

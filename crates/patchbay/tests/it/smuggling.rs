//! Request smuggling: bodies whose length two servers could read differently (RFC 9112, sections 6.1 and 6.3; RFC 9110,
//! section 5.6). The bytes that a front server could take for the body must never be answered as a request of their own.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use super::support::{Provider, Server};

/// The request that must not be seen. Its route does not exist, so an answer to it is a 404.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

/// The last request of each connection, after which the server closes it.
const LAST: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

/// Sends bytes and [`LAST`], and returns the statuses of all responses until the server closes the connection.
fn statuses(server: &Server, bytes: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    // Without an answer the test fails, instead of waiting forever.
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // The server may close the connection before it has read everything.
    let _ = stream.write_all(bytes).and_then(|()| stream.write_all(LAST.as_bytes()));
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    assert!(!end.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "not closed after {text:?}");
    text.split("HTTP/1.1 ").skip(1).filter_map(|response| response.get(..3)?.parse().ok()).collect()
}

fn request(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /hub/accounts HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{headers}\r\n\r\n{body}")
        .into_bytes()
}

#[test]
fn a_request_that_two_servers_could_divide_differently_is_one_request() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let both = format!("0\r\n\r\n{SMUGGLED}");
    let sized = format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len());
    let length = both.len();
    let forms = [
        // Both lengths, in both orders: the body is everything or the connection ends.
        (format!("content-length: {length}\r\ntransfer-encoding: chunked"), both.as_str()),
        (format!("transfer-encoding: chunked\r\ncontent-length: {length}"), &both),
        ("content-length: 0\r\ntransfer-encoding: chunked".to_owned(), &sized),
        // A coding that is not understood, or is spelled so that only one server understands it.
        (format!("content-length: {length}\r\ntransfer-encoding: xchunked"), &both),
        (format!("content-length: {length}\r\ntransfer-encoding : chunked"), &both),
        (format!("content-length: {length}\r\n transfer-encoding: chunked"), &both),
        (format!("content-length: {length}\r\ntransfer-encoding:\u{b}chunked"), &both),
        (format!("content-length: {length}\r\ntransfer-encoding: chunked, identity"), &both),
        (format!("content-length: {length}\r\ntransfer-encoding: identity\r\ntransfer-encoding: chunked"), &both),
        ("transfer-encoding: chunked\r\ntransfer-encoding: identity".to_owned(), &both),
        ("transfer-encoding: chunked, chunked".to_owned(), &both),
        ("transfer-encoding: gzip".to_owned(), SMUGGLED),
        // Lengths that differ, or are not a number.
        (format!("content-length: {length}\r\ncontent-length: 0"), &both),
        (format!("content-length: 0\r\ncontent-length: {}", SMUGGLED.len()), SMUGGLED),
        (format!("content-length: 0, {}", SMUGGLED.len()), SMUGGLED),
        ("content-length: +0".to_owned(), SMUGGLED),
        ("content-length: -1".to_owned(), SMUGGLED),
        ("content-length: 0x0".to_owned(), SMUGGLED),
        ("content-length: 18446744073709551616".to_owned(), SMUGGLED),
        // Line ends that only one server takes for the end of a header.
        (format!("x-a: b\rcontent-length: 0\r\ncontent-length: {}", SMUGGLED.len()), SMUGGLED),
        (format!("x-a: b\u{0}\r\ncontent-length: {}", SMUGGLED.len()), SMUGGLED),
        // Chunk sizes that overflow, have a sign, or end in another way.
        ("transfer-encoding: chunked".to_owned(), "10000000000000000\r\n"),
        ("transfer-encoding: chunked".to_owned(), "-1\r\n"),
        ("transfer-encoding: chunked".to_owned(), "0x0\r\n\r\n"),
    ];
    for (headers, body) in forms {
        let mut bytes = request(&headers, body);
        if !body.contains("/smuggled") {
            bytes.extend_from_slice(SMUGGLED.as_bytes());
        }
        let found = statuses(&server, &bytes);
        // Either the request is rejected and the connection ends, or all of its bytes belong to it.
        let expected = matches!(found.as_slice(), [] | [400 | 401 | 413 | 501] | [400 | 401, 200]);
        assert!(expected, "{headers:?} with {body:?} got {found:?}");
    }
    assert_eq!(server.anonymous().get("/healthz").status, 200);
}

#[test]
fn two_requests_on_one_connection_are_two_requests() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let mut bytes = request("content-length: 2", "{}");
    bytes.extend_from_slice(SMUGGLED.as_bytes());
    assert_eq!(statuses(&server, &bytes), [401, 404, 200], "otherwise the other test could not see a smuggled request");
    let mut bytes = request("transfer-encoding: chunked", "2;a=b\r\n{}\r\n0\r\nx-trailer: 1\r\n\r\n");
    bytes.extend_from_slice(SMUGGLED.as_bytes());
    assert_eq!(statuses(&server, &bytes), [401, 404, 200]);
}

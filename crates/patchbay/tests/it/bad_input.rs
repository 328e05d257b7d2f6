//! Invalid input gets a clear 4xx, never a 500, and has no effect.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::json;

use crate::support::{LinkedServer, Provider, Server};

#[test]
fn malformed_bodies_are_explained() {
    let provider = Provider::start();
    let server = Server::start(&provider, &["--body-limit-mib", "1"]);
    let post = |body: &str| server.api().send("POST", "/connect_sessions", Some(body.to_owned()));
    for (name, body) in [
        ("cut", "{\"origin_owner_id\": "),
        ("not_json", "hello"),
        ("wrong_type", "{\"origin_owner_id\": 5, \"origin_owner_name\": \"Acme\"}"),
        ("a_list", "[]"),
        ("missing", "{}"),
        ("unknown_field", "{\"origin_owner_id\": \"a\", \"origin_owner_name\": \"b\", \"origin_ownr\": 1}"),
    ] {
        let answer = post(body);
        assert_eq!(answer.status, 400, "{name}: {answer}");
        insta::assert_json_snapshot!(format!("malformed_{name}"), answer.snapshot());
    }
    let large = post(&format!("{{\"origin_owner_id\": \"{}\"}}", "a".repeat(2_000_000)));
    assert_eq!(large.status, 413, "{large}");
    assert!(large.body.contains("1 MiB") || large.body.contains("1048576"), "{large}");
    let text =
        server.api().header("content-type", "text/plain").send("POST", "/connect_sessions", Some("{}".to_owned()));
    assert_eq!(text.status, 415, "{text}");
    let deep = post(&"[".repeat(100_000));
    assert_eq!(deep.status, 400, "{deep}");
}

#[test]
fn errors_of_unknown_routes_and_methods_are_json() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let missing = server.api().get("/nothing");
    assert_eq!((missing.status, missing.json()["statusCode"].clone()), (404, json!(404)));
    let wrong = server.api().send("PUT", "/accounts", Some("{}".to_owned()));
    assert_eq!(wrong.status, 405, "{wrong}");
}

#[test]
fn a_posted_callback_of_an_unknown_connector_stays_at_its_own_path() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let form = server.anonymous().header("content-type", "application/x-www-form-urlencoded");
    for (connector, sent) in [
        ("spotdraft", "spotdraft"),
        ("a%0d%0aset-cookie:%20b", "a%0D%0Aset-cookie%3A+b"),
        ("%c3%bc", "%C3%BC"),
        ("..%2f..%2fembedded", "..%2F..%2Fembedded"),
        ("a%3fb%23c", "a%3Fb%23c"),
    ] {
        let path = format!("/connect/oauth2/{connector}/callback");
        let answer = form.send("POST", &path, Some("state=unknown".to_owned()));
        assert_eq!(answer.status, 303, "{path}: {answer}");
        let expected = format!("/connect/oauth2/{sent}/callback?state=unknown");
        let location = answer.header("location").unwrap();
        assert!(location.ends_with(&expected), "{path}: {location}");
        assert!(answer.header("set-cookie").is_none(), "{path}");
    }
}

#[test]
fn sessions_for_unknown_ids_are_rejected() {
    let linked = LinkedServer::new();
    let post = |changes: serde_json::Value| {
        let mut body = json!({ "origin_owner_id": "a", "origin_owner_name": "b" });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        linked.server.api().post("/connect_sessions", &body)
    };
    for (changes, status) in [
        (json!({ "provider": "spotdraf" }), 400),
        (json!({ "integration_id": "00000000-0000-4000-8000-000000000000" }), 404),
        (json!({ "account_id": "stranger" }), 404),
        (json!({ "expires_in": 0 }), 400),
        (json!({ "expires_in": -5 }), 400),
        (json!({ "origin_owner_id": " " }), 400),
        (json!({ "type": "imaginary" }), 400),
    ] {
        let answer = post(changes.clone());
        assert_eq!(answer.status, status, "{changes}: {answer}");
    }
}

#[test]
fn invalid_bytes_on_the_socket_are_harmless() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let address = server.base.trim_start_matches("http://").to_owned();
    for nonsense in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /accounts HTTP/1.1\r\nhost: a\r\nauthorization: Basic \xff\xfe\r\n\r\n",
        b"POST /hub/accounts HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(nonsense).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!String::from_utf8_lossy(&answer).contains(" 500 "));
    }
    let long_path = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(70_000));
    let many_headers = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x-a: b\r\n".repeat(200));
    for (unparsable, status) in [("GET\r\n\r\n", "400"), (&long_path, "414"), (&many_headers, "431")] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(unparsable.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
        assert!(line.contains(status), "expected {status}, got `{line}`");
    }
    let answer = server.anonymous().get("/accounts/%ff");
    assert_eq!((answer.status, answer.text("/errorCode").as_str()), (404, "RouteNotFoundError"), "{answer}");
    assert_eq!(server.anonymous().get("/healthz").status, 200);
}

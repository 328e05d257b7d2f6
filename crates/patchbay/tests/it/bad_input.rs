//! Invalid input gets a clear 4xx, never a 500, and has no effect.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::support::{ApiResponse, LinkedServer, Provider, Server};

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
        let strict = server.api().header("prefer", "handling=strict");
        let answer = strict.send("POST", "/connect_sessions", Some(body.to_owned()));
        assert_eq!(answer.status, 400, "{name}: {answer}");
        insta::assert_snapshot!(format!("malformed_{name}"), answer.snapshot());
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
fn bodies_of_the_hub_and_of_the_configuration_are_small() {
    let linked = LinkedServer::new();
    let server = &linked.server;
    let token = server.session(json!({}));
    let integration = server.integration(&token);
    let fields = |count: usize| {
        let fields = (0..count).map(|number| (format!("field{number}"), json!("x"))).collect::<serde_json::Map<_, _>>();
        json!({ "integration_id": integration, "credentials": fields })
    };
    let large = fields(100_000);
    for (method, path) in [
        ("POST", "/hub/accounts".to_owned()),
        ("PATCH", format!("/hub/accounts/{}", linked.account)),
        ("POST", "/hub/connection_attempts".to_owned()),
    ] {
        let answer = server.hub(&token).send(method, &path, Some(large.to_string()));
        assert_eq!(answer.status, 413, "{path}: {answer}");
        assert!(answer.body.contains("1 MiB"), "{path}: {answer}");
    }
    for (method, path) in [("POST", "/connect_sessions"), ("POST", "/auth_configs"), ("POST", "/accounts/revoke")] {
        let answer = server.api().send(method, path, Some(large.to_string()));
        assert_eq!((answer.status, answer.code().as_str()), (413, "PayloadTooLargeError"), "{path}: {answer}");
    }
    let many = server.hub(&token).post("/hub/accounts", &fields(20_000));
    assert_eq!(many.status, 400, "{many}");
    assert!(many.body.contains("(and more)"), "{}", &many.body[..500]);
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
        (json!({ "categories": ["bogus"] }), 400),
        (json!({ "categories": ["hris", "Documents"] }), 400),
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

/// Texts that are stored and shown: too long, with control characters, or with characters that change the direction of text.
fn bad_texts(max_chars: usize) -> Vec<(String, &'static str)> {
    let mut texts = vec![("x".repeat(max_chars + 1), "length"), ("\u{1f600}".repeat(500 * 1024 / 4), "length")];
    for c in ['\0', '\n', '\u{1b}', '\u{85}', '\u{200f}', '\u{2028}', '\u{202e}', '\u{2067}'] {
        texts.push((format!("Acme{c}Ltd"), "control_character"));
    }
    texts
}

#[test]
fn stored_texts_are_bounded_and_have_no_control_characters() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    let key = api.post("/api_keys", &json!({ "name": "ci" })).text("/id");
    let account = format!("/accounts/{}", linked.account);
    let session = |field: &str, value: Value| {
        let mut body = json!({ "origin_owner_id": "a", "origin_owner_name": "A" });
        body[field] = value;
        api.post("/connect_sessions", &body)
    };
    let refused = |answer: &ApiResponse, path: &str, code: &str| {
        assert_eq!((answer.status, answer.code()), (400, "ValidationError".to_owned()), "{path}: {answer}");
        assert_eq!(
            (answer.text("/problems/0/path"), answer.text("/problems/0/code")),
            (path.to_owned(), code.to_owned())
        );
        assert!(answer.body.len() < 1_000, "the text is not repeated");
    };
    let texts = [("origin_owner_id", 512), ("origin_owner_name", 255), ("origin_username", 512), ("label", 255)];
    for (field, max_chars) in texts {
        for (text, code) in bad_texts(max_chars) {
            refused(&session(field, json!(text)), field, code);
            refused(&api.patch(&account, &json!({ (field): text })), field, code);
        }
        let full = "\u{6f22}".repeat(max_chars);
        assert_eq!(session(field, json!(full)).status, 201, "{field}");
        assert_eq!(api.patch(&account, &json!({ (field): full })).status, 200, "{field}");
    }
    for (text, code) in bad_texts(100) {
        refused(&api.post("/api_keys", &json!({ "name": text })), "name", code);
        refused(&api.patch(&format!("/api_keys/{key}"), &json!({ "name": text })), "name", code);
    }
    for (text, code) in bad_texts(200) {
        refused(&api.post("/auth_configs", &json!({ "connector_key": "spotdraft", "name": text })), "name", code);
        refused(&api.patch(&format!("/auth_configs/{}", linked.integration), &json!({ "name": text })), "name", code);
    }
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    for (metadata, code) in [
        (json!({ "a": "x".repeat(16 * 1024) }), "length"),
        (json!({ "a": vec![json!({}); 100_000] }), "length"),
        (json!({ "a": deep }), "depth"),
        (json!({ "a": ["\0"] }), "control_character"),
        (json!({ "a\0": 1 }), "control_character"),
    ] {
        refused(&session("metadata", metadata.clone()), "metadata", code);
        refused(&api.patch(&account, &json!({ "metadata": metadata })), "metadata", code);
    }
    refused(&session("categories", json!(vec!["hris"; 51])), "categories", "length");
    refused(&session("categories", json!(["hris", "a\u{202e}b"])), "categories[1]", "control_character");
    refused(&session("allowed_origins", json!(vec!["https://a.example"; 10_000])), "allowed_origins", "length");
    for url in ["https://a.example/\n", "https://a.example/ x", "https://a.example/\u{202e}"] {
        refused(&session("confirm_url", json!(url)), "confirm_url", "url");
    }
    assert_eq!(session("confirm_url", json!("https://b\u{fc}cher.example/\u{e9}")).status, 201);
    let answer = api.get(&account);
    assert_eq!(answer.text("/label").chars().count(), 255, "{answer}");
}

/// Not every database can store or look for the character NUL. So no request gets that far with it.
#[test]
fn nothing_is_looked_for_by_a_text_with_nul() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    for path in
        ["/accounts/%00", "/accounts/a%00b/meta", "/auth_configs/%00", "/connectors/%00", "/connectors/spotdraft%00"]
    {
        let answer = api.get(path);
        assert_eq!((answer.status, answer.code()), (404, "RouteNotFoundError".to_owned()), "{path}: {answer}");
    }
    assert_eq!(api.delete("/api_keys/%00").status, 404);
    for filter in [
        "account_ids=%00",
        "owner_id=a%00",
        "provider=%00,spotdraft%00",
        "integration_id=%00",
        "account_ids=[%22%5Cu0000%22]",
    ] {
        let answer = api.get(&format!("/accounts?{filter}"));
        assert_eq!(answer.status, 200, "{filter}: {answer}");
        assert!(!answer.body.contains(&linked.account), "it matches nothing: {answer}");
    }
    let answer = api.get("/accounts?search=a%00");
    assert_eq!((answer.status, answer.text("/problems/0/code")), (400, "control_character".to_owned()), "{answer}");
    let answer = api.get("/auth_configs?connector_key=%00");
    assert!(answer.status < 500 && answer.status != 409, "{answer}");
    // The record of a call repeats the name of its action.
    let answer = linked.run("x\0y", json!({}));
    assert_eq!(answer.status, 404, "{answer}");
    for (field, value) in [("account_id", "a\0"), ("provider", "spotdraft\0"), ("integration_id", "\0")] {
        let mut body = json!({ "origin_owner_id": "a", "origin_owner_name": "A" });
        body[field] = json!(value);
        let answer = api.post("/connect_sessions", &body);
        assert!((400..500).contains(&answer.status) && answer.status != 409, "{field}: {answer}");
    }
}

#[test]
fn unknown_actions_of_a_profile_are_reported_a_hundred_times_at_most() {
    let linked = LinkedServer::new();
    let actions = (0..20_000).map(|number| format!("spotdraft_nothing_{number}")).collect::<Vec<_>>();
    let path = format!("/auth_configs/{}", linked.integration);
    let answer = linked.server.api().patch(&path, &json!({ "enabled_actions": actions }));
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["problems"].as_array().unwrap().len(), 100);
    let answer = linked.server.api().patch(&path, &json!({ "enabled_actions": ["x".repeat(512 * 1024)] }));
    assert!(answer.status == 400 && answer.body.len() < 2_000, "a long name is shortened");
}

#[test]
fn a_request_needs_one_clear_host() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let address = server.base.trim_start_matches("http://").to_owned();
    for (version, headers, status) in [
        ("1.1", "host: a\r\n", 200),
        ("1.1", "host: [::1]:8080\r\n", 200),
        ("1.0", "", 200),
        ("1.1", "", 400),
        ("1.1", "host:\r\n", 400),
        ("1.1", "host: a\r\nhost: a\r\n", 400),
        ("1.0", "host: a\r\nhost: b\r\n", 400),
        ("1.1", "host: a, b\r\n", 400),
        ("1.1", "host: user@a\r\n", 400),
        ("1.1", "host: a/b\r\n", 400),
        ("1.1", "host: a b\r\n", 400),
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        let request = format!("GET /healthz HTTP/{version}\r\n{headers}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let line = answer.lines().next().unwrap_or_default();
        assert!(line.contains(&format!(" {status} ")), "{version} {headers:?}: {answer}");
        assert!(status == 200 || answer.contains("\"errorCode\":\"MalformedRequestError\""), "{answer}");
    }
}

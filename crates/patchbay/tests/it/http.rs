//! HTTP as clients, browsers and caches expect it: compression, entity tags, redirects of slashes, CORS, request ids.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{Read, Write},
    net::TcpStream,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::support::{
    LinkedServer, Provider, Server, canary,
    pushing::{PushingServer, push, small_connector},
};

/// A response with its bytes as they were sent.
struct RawResponse {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl RawResponse {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

/// Sends a request with the planted API key on its own connection.
fn raw(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> RawResponse {
    let address = server.base.trim_start_matches("http://");
    let key = STANDARD.encode(format!("{}:", canary::API_KEY));
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Basic {key}\r\nconnection: close\r\n\
         content-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    RawResponse { status, head, body: answer[end + 4..].to_vec() }
}

const GZIP: (&str, &str) = ("accept-encoding", "gzip");

#[test]
fn what_the_api_reads_is_compressed() {
    let linked = LinkedServer::new();
    let server = &linked.server;
    for path in ["/actions?include=action_details", "/connectors/meta", "/connectors", "/openapi.json", "/accounts?x"] {
        let plain = raw(server, "GET", path, &[], "");
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{path}: {}", plain.head);
        for (accepted, coding) in
            [("gzip", "gzip"), ("br", "br"), ("gzip, deflate, br", "br"), ("gzip;q=1, br;q=0", "gzip")]
        {
            let packed = raw(server, "GET", path, &[("accept-encoding", accepted)], "");
            if plain.body.len() < 1_024 {
                assert_eq!(packed.header("content-encoding"), None, "a small response is not compressed: {path}");
                continue;
            }
            assert_eq!(packed.header("content-encoding"), Some(coding), "{path} {accepted}: {}", packed.head);
            assert!(packed.header("vary").unwrap().contains("accept-encoding"), "{}", packed.head);
            assert!(packed.body.len() * 2 < plain.body.len(), "{path} {accepted}: {}", packed.body.len());
        }
        let refused = raw(server, "GET", path, &[("accept-encoding", "identity")], "");
        assert_eq!(refused.header("content-encoding"), None, "{path}");
    }
}

#[test]
fn responses_with_secrets_or_data_of_a_provider_are_not_compressed() {
    let linked = LinkedServer::new();
    let server = &linked.server;
    let json = ("content-type", "application/json");
    let session = json!({
        "origin_owner_id": "a", "origin_owner_name": "A", "metadata": { "text": "x".repeat(8_000) },
    });
    let created = raw(server, "POST", "/connect_sessions", &[GZIP, json], &session.to_string());
    assert_eq!((created.status, created.header("content-encoding")), (201, None), "{}", created.head);
    assert!(created.body.len() > 8_000);
    let account = ("x-account-id", linked.account.as_str());
    let run = json!({ "action": "spotdraft_list_contracts", "query": { "limit": 20 } });
    let run = raw(server, "POST", "/actions/rpc", &[GZIP, json, account], &run.to_string());
    assert_eq!((run.status, run.header("content-encoding")), (200, None), "{}", run.head);
    let token = server.session(json!({}));
    let path = format!("/hub/connectors/{}", linked.integration);
    let form = raw(server, "GET", &path, &[GZIP, ("x-hub-session-token", &token)], "");
    assert_eq!((form.status, form.header("content-encoding")), (200, None), "{}", form.head);
    assert!(form.body.len() > 1_024);
}

#[test]
fn the_catalog_has_tags_that_change_with_it() {
    let linked = LinkedServer::new();
    let server = &linked.server;
    let tag = |path: &str| {
        let found = raw(server, "GET", path, &[], "");
        assert_eq!(found.status, 200, "{path}: {}", found.head);
        found.header("etag").unwrap_or_else(|| panic!("{path}: {}", found.head)).to_owned()
    };
    let status = |path: &str, tag: &str| {
        let found = raw(server, "GET", path, &[("if-none-match", tag)], "");
        assert!(found.status == 200 || found.body.is_empty(), "{path}");
        found.status
    };
    let account = format!("/actions?filter[account_ids]={}", linked.account);
    let paths = [
        "/actions",
        "/actions?include=action_details",
        "/actions?page_size=1&next=c1",
        &account,
        "/connectors/meta",
        "/connectors/meta/spotdraft",
        "/connectors",
        "/connectors/spotdraft",
        "/openapi.json",
    ];
    let mut distinct = BTreeSet::new();
    for path in paths {
        let current = tag(path);
        assert!(distinct.insert(current.clone()), "{path} has the tag of another response");
        assert_eq!(tag(path), current, "{path}");
        assert_eq!(status(path, &current), 304, "{path}");
        assert_eq!(status(path, &format!("\"other\", {current}")), 304, "{path}");
        assert_eq!(status(path, "\"other\""), 200, "{path}");
        let packed = raw(server, "GET", path, &[GZIP, ("if-none-match", &current)], "");
        assert_eq!(packed.status, 304, "{path}");
        let cache = raw(server, "GET", path, &[], "").header("cache-control").unwrap().to_owned();
        let expected = if path == "/openapi.json" { "public, no-cache" } else { "private, no-cache" };
        assert_eq!(cache, expected, "{path}");
    }
    // A profile decides which actions there are.
    let before = [tag("/actions"), tag(&account), tag("/connectors/meta")];
    let path = format!("/auth_configs/{}", linked.integration);
    let patch = |body: serde_json::Value| assert_eq!(server.api().patch(&path, &body).status, 200);
    patch(json!({ "enabled_actions": ["spotdraft_list_contracts"] }));
    assert_eq!((status("/actions", &before[0]), status(&account, &before[1])), (200, 200));
    patch(json!({ "active": false }));
    assert_eq!(status("/connectors/meta", &before[2]), 200);
    patch(json!({ "active": true }));
    assert_eq!(status("/connectors/meta", &before[2]), 304, "it is as before");
    // Nobody gets 304 without authentication.
    assert_eq!(server.anonymous().header("if-none-match", "*").get("/actions").status, 401);
}

#[test]
fn a_pushed_connector_changes_the_tags_of_the_catalog() {
    let bed = PushingServer::start();
    let api = &bed.api;
    let paths = ["/actions", "/connectors/meta", "/connectors", "/connectors/spotdraft"];
    let tags = paths.map(|path| api.get(path).header("etag").unwrap().to_owned());
    let statuses = || {
        let known = paths.iter().zip(&tags);
        known.map(|(path, tag)| api.clone().header("if-none-match", tag).get(path).status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(), [304; 4]);
    let pushed = push(api, small_connector("acme", "1.0.0", "Acme"));
    assert_eq!(pushed.status, 201, "{pushed}");
    assert_eq!(statuses(), [200; 4]);
}

#[test]
fn compressed_bodies_are_refused_by_name() {
    let linked = LinkedServer::new();
    let json = ("content-type", "application/json");
    for coding in ["gzip", "br", "GZIP", "identity, gzip", "deflate", "x-unknown"] {
        for path in ["/connect_sessions", "/actions/rpc", "/hub/accounts", "/connectors", "/auth/login"] {
            let answer = raw(&linked.server, "POST", path, &[json, ("content-encoding", coding)], "\u{1f}\u{8b}");
            assert_eq!(answer.status, 415, "{path} {coding}: {}", answer.head);
            assert_eq!(answer.header("accept-encoding"), Some("identity"), "{path}");
            let body = String::from_utf8(answer.body).unwrap();
            assert!(body.contains("content-encoding") && body.contains("UnsupportedMediaTypeError"), "{body}");
        }
    }
    let plain = json!({ "origin_owner_id": "a", "origin_owner_name": "A" }).to_string();
    let answer = raw(&linked.server, "POST", "/connect_sessions", &[json, ("content-encoding", "identity")], &plain);
    assert_eq!(answer.status, 201, "{}", answer.head);
}

#[test]
fn a_slash_at_the_end_is_redirected() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    for (method, path, location) in [
        ("GET", "/accounts/", "/accounts"),
        ("GET", "/accounts/?page_size=2", "/accounts?page_size=2"),
        ("POST", "/actions/rpc/", "/actions/rpc"),
        ("PATCH", "/accounts/x/", "/accounts/x"),
        ("DELETE", "/hub/connection_attempts/x//", "/hub/connection_attempts/x"),
        ("GET", "/docs/", "/docs"),
    ] {
        let answer = server.api().send(method, path, None);
        assert_eq!((answer.status, answer.header("location")), (308, Some(location)), "{method} {path}: {answer}");
    }
    for path in ["//evil.example/", "//evil.example//", "/%2f/evil.example"] {
        let answer = raw(&server, "GET", path, &[], "");
        assert_eq!((answer.status, answer.header("location")), (404, None), "{path}: {}", answer.head);
    }
    assert_eq!(server.api().get("/dashboard/").status, 200);
}

#[test]
fn browsers_may_read_every_response_of_the_hub_api() {
    let linked = LinkedServer::new();
    let server = &linked.server;
    let origin = ("origin", "https://app.example.com");
    for (method, path, status) in [
        ("GET", "/hub/settings", 401),
        ("GET", "/hub/nothing", 404),
        ("GET", "/hub", 404),
        ("GET", "/hub/", 308),
        ("PUT", "/hub/settings", 405),
        ("POST", "/hub/connectors", 405),
        ("GET", "/hub/settings/", 308),
        ("GET", "/hub/%ff", 404),
        ("POST", "/hub/accounts", 401),
    ] {
        let answer = raw(server, method, path, &[origin], "");
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.head);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{method} {path}: {}", answer.head);
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("x-ignored-fields") && exposed.contains("retry-after"), "{exposed}");
    }
    let packed = raw(server, "POST", "/hub/accounts", &[origin, ("content-encoding", "gzip")], "x");
    assert_eq!((packed.status, packed.header("access-control-allow-origin")), (415, Some("*")));
    for path in ["/connect_sessions", "/accounts", "/hubs", "/openapi.json"] {
        let answer = raw(server, "GET", path, &[origin], "");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}

#[test]
fn request_ids_cannot_be_guessed() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let ids = (0..20).map(|_| server.anonymous().get("/healthz").header("x-request-id").unwrap().to_owned());
    let ids = ids.collect::<BTreeSet<_>>();
    assert_eq!(ids.len(), 20);
    assert!(ids.iter().all(|id| id.len() >= 22), "{ids:?}");
    let own = server.anonymous().header("x-request-id", "mine-1").get("/healthz");
    assert_eq!(own.header("x-request-id"), Some("mine-1"));
}

#[test]
fn a_request_that_rules_out_every_coding_is_answered_as_it_is() {
    let linked = LinkedServer::new();
    let body = json!({ "origin_owner_id": "x", "origin_owner_name": "X" }).to_string();
    for refused in ["*;q=0", "identity;q=0", "gzip;q=0, identity; q=0.0", "br;q=0,*;Q=0"] {
        let headers = [("accept-encoding", refused), ("content-type", "application/json")];
        let made = raw(&linked.server, "POST", "/connect_sessions", &headers, &body);
        assert_eq!(made.status, 201, "{refused}");
        assert_eq!(raw(&linked.server, "GET", "/actions", &headers[..1], "").status, 200, "{refused}");
    }
}

#[test]
fn a_header_that_says_who_calls_is_there_once() {
    let linked = LinkedServer::new();
    let send = |headers: &[(&str, &str)]| raw(&linked.server, "GET", "/accounts", headers, "").status;
    assert_eq!(send(&[("x-account-id", "a"), ("x-account-id", "a")]), 200);
    assert_eq!(send(&[("x-account-id", "a"), ("X-Account-Id", "b")]), 400);
    assert_eq!(send(&[("authorization", "Bearer another")]), 400, "the key of the test is there, too");
    assert_eq!(send(&[("x-hub-session-token", "a"), ("x-hub-session-token", "")]), 400);
}

#[test]
fn a_url_of_a_provider_that_is_too_long_is_the_callers_mistake() {
    let linked = LinkedServer::new();
    for length in [65_600, 1_000_000] {
        let request = json!({ "path": format!("/{}", "a".repeat(length)), "method": "get" });
        let refused = linked.api().post("/unified/proxy", &request);
        assert_eq!((refused.status, refused.code()), (400, "ValidationError".to_owned()), "{}", refused.body.len());
        assert!(refused.body.len() < 2_000, "{}", refused.body.len());
        assert!(refused.body.contains("65534 bytes"), "{refused}");
    }
}

//! The web pages and their files: embedding, content security policy, caching.

use std::fs;

use serde_json::json;

use crate::support::{ApiResponse, Provider, Server};

/// Starts a server with minimal web pages.
fn server() -> (Server, tempfile::TempDir, Provider) {
    server_with(&[])
}

fn server_with(arguments: &[&str]) -> (Server, tempfile::TempDir, Provider) {
    let web = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("hub/index.html", "<!doctype html><title>hub</title>"),
        ("hub/app-1.js", "console.log('x');"),
        ("dashboard/index.html", "<!doctype html><meta name=csp-nonce content=__CSP_NONCE__>"),
        ("demo/index.html", "<!doctype html><title>demo</title>"),
        ("embed/patchbay-hub.js", "customElements"),
    ] {
        let path = web.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let provider = Provider::start();
    let mut all = vec!["--web-dir", web.path().to_str().unwrap()];
    all.extend(arguments);
    let server = Server::start(&provider, &all);
    (server, web, provider)
}

fn header<'a>(answer: &'a ApiResponse, name: &str) -> &'a str {
    answer.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

#[test]
fn only_the_sessions_origins_can_frame_the_hub() {
    let (server, _web, _provider) = server();
    let made = server.api().post(
        "/connect_sessions",
        &json!({ "origin_owner_id": "a", "origin_owner_name": "A", "allowed_origins": ["https://App.example.com/", "http://localhost:3000"] }),
    );
    assert_eq!(made.json()["allowed_origins"], json!(["https://app.example.com", "http://localhost:3000"]));
    let hub = server.anonymous().get(&format!("/embedded/integrations?token={}", made.text("/token")));
    assert!(hub.body.contains("<title>hub"), "{hub}");
    let policy = header(&hub, "content-security-policy");
    assert!(policy.ends_with("frame-ancestors 'self' https://app.example.com http://localhost:3000"), "{policy}");
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(header(&hub, "x-frame-options"), "");
    for stranger in ["/embedded/integrations", "/embedded/integrations?token=nothing", "/embedded/accounts/callback"] {
        let policy = server.anonymous().get(stranger);
        assert!(header(&policy, "content-security-policy").ends_with("frame-ancestors 'self'"), "{policy}");
    }
    for origin in ["*", "https://a.example/path", "javascript:1", "https://a.example; script-src *", ""] {
        let body = json!({ "origin_owner_id": "a", "origin_owner_name": "A", "allowed_origins": [origin] });
        let refused = server.api().post("/connect_sessions", &body);
        assert_eq!(refused.status, 400, "{origin}");
        assert_eq!(refused.text("/problems/0/path"), "allowed_origins[0]");
    }
}

#[test]
fn every_page_has_the_headers_that_isolate_it() {
    // Path, whether pages of other origins may load it, and whether it keeps its opener.
    const PAGES: [(&str, bool, bool); 23] = [
        ("/", false, false),
        ("/docs", false, false),
        ("/openapi.json", false, false),
        ("/llms.txt", false, false),
        ("/guides", false, false),
        ("/guides/spotdraft/custom", false, false),
        ("/docs/connectors/spotdraft/guides/custom", false, false),
        ("/docs/connectors/spotdraft/guides/custom.md", false, false),
        ("/docs/nothing/here", false, false),
        ("/dashboard", false, false),
        ("/dashboard/", false, false),
        ("/dashboard/accounts/x", false, false),
        ("/demo", false, false),
        ("/assets/hub/app-1.js", false, false),
        ("/assets/nothing", false, false),
        ("/healthz", false, false),
        ("/accounts", false, false),
        ("/hub/settings", false, false),
        ("/nothing", false, false),
        ("/embed/patchbay-hub.js", true, false),
        ("/embedded/integrations?token=x", true, true),
        ("/embedded/accounts/callback", true, true),
        ("/connect/oauth2/spotdraft/callback?state=x", false, true),
    ];
    for (url, is_https) in [("https://pb.example", true), ("http://pb.example", false)] {
        let (server, _web, _provider) = server_with(&["--public-url", url]);
        for (path, is_shared, keeps_opener) in PAGES {
            let page = server.anonymous().get(path);
            let transport = if is_https { "max-age=31536000" } else { "" };
            assert_eq!(header(&page, "strict-transport-security"), transport, "{path}");
            let resource = if is_shared { "cross-origin" } else { "same-origin" };
            assert_eq!(header(&page, "cross-origin-resource-policy"), resource, "{path}");
            let opener = if keeps_opener { "" } else { "same-origin-allow-popups" };
            assert_eq!(header(&page, "cross-origin-opener-policy"), opener, "{path}");
            for feature in ["camera=()", "microphone=()", "geolocation=()", "payment=()", "usb=()"] {
                assert!(header(&page, "permissions-policy").contains(feature), "{path}");
            }
            assert_eq!(header(&page, "x-content-type-options"), "nosniff", "{path}");
            assert_eq!(header(&page, "referrer-policy"), "no-referrer", "{path}");
            let policy = header(&page, "content-security-policy");
            assert!(
                policy.contains("default-src 'none'") && policy.contains("img-src 'self' data:;"),
                "{path}: {policy}"
            );
            assert_eq!(header(&page, "x-frame-options") == "DENY", !path.starts_with("/embedded/"), "{path}");
        }
        let preflight = server.anonymous().header("origin", "https://a.example");
        let preflight =
            preflight.header("access-control-request-method", "POST").send("OPTIONS", "/hub/accounts", None);
        assert_eq!(header(&preflight, "cross-origin-resource-policy"), "same-origin");
    }
}

#[test]
fn every_response_of_the_dashboard_has_a_new_nonce() {
    let (server, _web, _provider) = server();
    let nonce = |path: &str| {
        let page = server.anonymous().get(path);
        let policy = header(&page, "content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(page.body.contains(&format!("content={nonce}")), "{page}");
        assert!(policy.contains("frame-ancestors 'none'") && header(&page, "x-frame-options") == "DENY", "{policy}");
        assert_eq!(header(&page, "cache-control"), "no-store");
        nonce
    };
    assert_ne!(nonce("/dashboard"), nonce("/dashboard/accounts/x"));
    let demo = server.anonymous().get("/demo");
    assert!(header(&demo, "content-security-policy").contains("frame-src 'self'"), "{demo}");
}

#[test]
fn assets_are_immutable_and_other_files_are_not_served() {
    let (server, _web, _provider) = server();
    let script = server.anonymous().get("/assets/hub/app-1.js");
    assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
    assert!(header(&script, "cache-control").contains("immutable"));
    for missing in [
        "/assets/hub/index.html",
        "/assets/hub/nothing.js",
        "/assets/hub/..%2fembed%2fpatchbay-hub.js",
        "/assets/embed/patchbay-hub.js",
        "/assets/..%2f/x",
    ] {
        assert_eq!(server.anonymous().get(missing).status, 404, "{missing}");
    }
    let element = server.anonymous().get("/embed/patchbay-hub.js");
    assert_eq!(header(&element, "access-control-allow-origin"), "*");
    let tag = header(&element, "etag").to_owned();
    assert_eq!(server.anonymous().header("if-none-match", &tag).get("/embed/patchbay-hub.js").status, 304);
}

#[test]
fn missing_screens_are_explained_by_a_page() {
    let provider = Provider::start();
    let empty = tempfile::tempdir().unwrap();
    let server = Server::start(&provider, &["--web-dir", empty.path().to_str().unwrap()]);
    for path in ["/embedded/integrations?token=t0ken", "/dashboard", "/dashboard/accounts", "/demo"] {
        let page = server.anonymous().get(path);
        assert!(page.status == 200 && page.body.contains("make run") && !page.body.contains("t0ken"), "{page}");
    }
}

#[test]
fn the_committed_openapi_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = fs::read_to_string(path).unwrap();
    let made = crate::support::binary().arg("openapi").output().unwrap();
    assert!(committed == String::from_utf8(made.stdout).unwrap(), "docs/openapi.json is stale: run `make api`");
}

//! Pages and headers, without a port. The API's responses are tested with the whole binary.

mod support;

use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use support::{Server, connector, send};

/// A connector whose guide has parts for some scopes only, and texts with scripts.
const GUIDED: &str = r#"
Patchbay: 1.0.0
info: {title: Demo, key: demo, version: 1.0.0, description: A provider for tests.}
baseUrl: https://demo.example.com/api
scopeDefinitions:
  "things:read": {description: Read things}
  "things:write": {description: Change things, includes: "things:read"}
authentication:
  - key:
      type: custom
      label: API Key
      authorization: {type: bearer, token: $.credentials.key}
      configFields:
        - {key: key, label: Key, type: password, required: true, secret: true, description: The key.}
        - key: place
          label: Place
          type: select
          required: true
          secret: false
          value: eu
          options: [{value: us, label: America}, {value: eu, label: Europe}]
        - {key: note, label: Note, type: text, required: false, secret: false}
      environments: [{key: production, name: Production}]
      support:
        link: /guides/demo/key
        guides:
          config:
            warning: Mind the <script>alert(1)</script> gap.
            sections:
              - title: Get a key
                content: "Go [there](https://demo.example.com), not [here](javascript:alert(1))."
                steps:
                  - {title: Rights, displayScopes: true}
                  - {title: For writers, content: Ask for more., applicableScopes: ["things:write"]}
              - {title: Writing, content: Only for writers., applicableScopes: ["things:write"]}
actions:
  - actionId: list_things
    label: List things
    description: Lists things.
    categories: [demo]
    actionType: list
    requiredScopes: ["things:read"]
    inputs: []
    steps:
      - stepId: list
        description: List.
        stepFunction: {functionName: request, parameters: {url: /things, method: get}}
  - actionId: create_thing
    label: Make a thing
    description: Makes a thing.
    categories: [demo]
    actionType: create
    requiredScopes: ["things:write"]
    inputs: []
    steps:
      - stepId: create
        description: Create.
        stepFunction: {functionName: request, parameters: {url: /things, method: post}}
"#;

async fn server() -> Server {
    Server::start(connector(GUIDED), Vec::new()).await
}

#[tokio::test]
async fn a_guide_describes_how_to_get_and_use_the_credentials() {
    let server = server().await;
    let (status, headers, text) = server.get("/docs/connectors/demo/guides/key.md").await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"text/markdown; charset=utf-8".parse().unwrap())
    );
    insta::assert_snapshot!("guide_markdown", text);
}

#[tokio::test]
async fn parts_of_a_guide_appear_only_for_their_scopes() {
    let server = server().await;
    let (_, _, readers) = server.get("/docs/connectors/demo/guides/key.md?actions=demo_list_things").await;
    assert!(!readers.contains("writers") && readers.contains("`things:read`"), "{readers}");
    assert!(!readers.contains("allows fewer actions"), "the actions are known: {readers}");
    let (_, _, none) = server.get("/docs/connectors/demo/guides/key.md?scopes=").await;
    assert!(none.contains("No scopes are needed.") && !none.contains("things:"), "{none}");
    for query in ["actions=create_thing", "scopes=things:write", ""] {
        let (_, _, writers) = server.get(&format!("/docs/connectors/demo/guides/key.md?{query}")).await;
        assert!(writers.contains("For writers") && writers.contains("## Writing"), "{query}: {writers}");
    }
}

#[tokio::test]
async fn a_guide_of_a_provider_without_scopes_says_nothing_of_scopes() {
    let without = GUIDED
        .lines()
        .filter(|line| {
            !["scopeDefinitions", "requiredScopes", "applicableScopes", "  \"things:"]
                .iter()
                .any(|odd| line.contains(odd))
        })
        .collect::<Vec<_>>()
        .join("\n");
    assert!(without.contains("displayScopes: true"));
    let server = Server::start(connector(&without), Vec::new()).await;
    for path in [
        "/docs/connectors/demo/guides/key",
        "/docs/connectors/demo/guides/key.md",
        "/docs/connectors/demo/guides/key.md?actions=list_things",
    ] {
        let (status, _, text) = server.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let guide = text.split("<main").last().unwrap().split("</main>").next().unwrap().to_lowercase();
        let said = guide.replace("data-guide-display-scopes-list", "");
        assert!(guide.contains("rights") && !said.contains("scope"), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_guide_page_runs_no_script() {
    let server = server().await;
    let (status, headers, html) = server.get("/docs/connectors/demo/guides/key").await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none';"));
    assert!(!html.contains("<script") && !html.contains("javascript:") && !html.contains(" style="), "{html}");
    for part in [
        "<html lang=\"en\">",
        "<main id=\"main\"",
        "href=\"#get-a-key\"",
        "id=\"get-a-key\"",
        "href=\"/docs/connectors/demo/guides/key.md\"",
    ] {
        assert!(html.contains(part), "{part} is missing: {html}");
    }
    assert_eq!(html.matches("<h1").count(), 1);
}

/// Returns the response to a GET with a header.
async fn get_with(
    server: &Server,
    path: &str,
    name: header::HeaderName,
    value: &str,
) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).header(name, value).body(axum::body::Body::empty()).unwrap();
    send(&server.router, request).await
}

#[tokio::test]
async fn a_guide_can_be_embedded_for_the_scopes_in_play() {
    let server = server().await;
    let (_, _, html) = server.get("/docs/connectors/demo/guides/key").await;
    for part in [
        "<section data-guide-section=\"get-a-key\">\n<h2 id=\"get-a-key\">",
        "<li data-guide-step=\"1\">\n<p><strong>Rights</strong></p>",
        "<div data-guide-display-scopes-list>\n<ul>",
        "<li data-guide-step=\"2\" data-guide-scopes=\"things:write\">",
        "<section data-guide-section=\"writing\" data-guide-scopes=\"things:write\">",
        "<section data-guide-section=\"linking-the-account-from-the-hub\">",
        "<p class=\"alert-title\">Warning</p>\n<p>Mind the &lt;script&gt;",
        "<a href=\"https://demo.example.com\" target=\"_blank\" rel=\"noreferrer noopener\">there</a>",
        "href=\"/docs/link-accounts\"",
        "href=\"/docs/guides/accounts-section\"",
    ] {
        assert!(html.contains(part), "{part} is missing: {html}");
    }
    let (_, _, readers) = server.get("/docs/connectors/demo/guides/key?scopes=things:read").await;
    assert!(!readers.contains("data-guide-scopes") && readers.contains("data-guide-display-scopes-list"), "{readers}");
}

#[tokio::test]
async fn a_page_is_html_or_markdown() {
    let server = server().await;
    for path in ["/docs", "/docs/quickstart", "/docs/connectors/demo/guides/key"] {
        let (status, headers, html) = server.get(path).await;
        assert_eq!((status, &headers[header::VARY]), (StatusCode::OK, &"accept".parse().unwrap()), "{path}");
        assert!(headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{path}");
        for part in [
            &format!("<link rel=\"canonical\" href=\"http://localhost{path}\">"),
            &format!("<link rel=\"alternate\" type=\"text/markdown\" href=\"{path}.md\">"),
            "action=\"/docs/search\"",
            "<details class=\"menu\">",
            "aria-current=\"page\"",
        ] {
            assert!(html.contains(part), "{path}: {part} is missing: {html}");
        }
        let (_, headers, by_ending) = server.get(&format!("{path}.md")).await;
        assert_eq!(headers[header::CONTENT_TYPE], "text/markdown; charset=utf-8", "{path}");
        let (_, headers, by_type) = get_with(&server, path, header::ACCEPT, "text/markdown, */*;q=0.5").await;
        assert_eq!((&headers[header::VARY], &by_type), (&"accept".parse().unwrap(), &by_ending), "{path}");
        assert!(by_type.starts_with("> The index of this documentation: http://localhost/llms.txt\n\n# "));
        let (_, headers, _) = server.get(path).await;
        let tag = headers[header::ETAG].to_str().unwrap().to_owned();
        let (status, unchanged, _) = get_with(&server, path, header::IF_NONE_MATCH, &tag).await;
        assert_eq!(status, StatusCode::NOT_MODIFIED, "{path}");
        // The browser would apply it to the page that it kept.
        assert!(!unchanged.contains_key(header::CONTENT_SECURITY_POLICY), "{path}: {unchanged:?}");
        let other = get_with(&server, &format!("{path}.md"), header::IF_NONE_MATCH, &tag).await;
        assert_eq!(other.0, StatusCode::OK, "the forms have different tags: {path}");
    }
}

#[tokio::test]
async fn pages_that_do_not_exist_offer_a_search() {
    let server = server().await;
    let (status, headers, html) = get_with(&server, "/docs/guides/api-kees", header::ACCEPT, "text/html").await;
    assert_eq!((status, &headers[header::VARY]), (StatusCode::NOT_FOUND, &"accept".parse().unwrap()));
    assert!(html.contains("<h1>This page does not exist</h1>") && html.contains("value=\"api kees\""), "{html}");
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("form-action 'self'") && !policy.contains("unsafe"), "{policy}");
    let (_, _, html) = get_with(&server, "/docs/%22%3e%3cscript%3e", header::ACCEPT, "text/html").await;
    assert!(!html.contains("<script>"), "{html}");
    let (status, headers, text) = server.get("/docs/guides/api-kees").await;
    assert_eq!((status, &headers[header::CONTENT_TYPE]), (StatusCode::NOT_FOUND, &"application/json".parse().unwrap()));
    assert!(text.contains("RouteNotFoundError"), "{text}");
}

#[tokio::test]
async fn pictures_are_cached_by_their_content() {
    let server = server().await;
    let request = || Request::head("/docs/images/hub.png").body(axum::body::Body::empty()).unwrap();
    let (status, headers, _) = send(&server.router, request()).await;
    assert_eq!((status, &headers[header::CONTENT_TYPE]), (StatusCode::OK, &"image/png".parse().unwrap()));
    let tag = headers[header::ETAG].to_str().unwrap();
    let (status, _, _) = get_with(&server, "/docs/images/hub.png", header::IF_NONE_MATCH, tag).await;
    assert_eq!(status, StatusCode::NOT_MODIFIED);
    for missing in ["/docs/images/none.png", "/docs/images/..%2findex.md"] {
        assert_eq!(server.get(missing).await.0, StatusCode::NOT_FOUND, "{missing}");
    }
}

#[tokio::test]
async fn every_link_of_a_page_leads_to_a_page() {
    let server = server().await;
    let mut seen = vec!["/".to_owned(), "/dashboard".to_owned(), "/embedded/integrations".to_owned()];
    let mut at = 0;
    while at < seen.len() {
        let (status, headers, text) = server.get(&seen[at]).await;
        assert_eq!(status, StatusCode::OK, "{}", seen[at]);
        // The links of the written pages are checked with those of the whole site.
        let is_written = seen[at].starts_with("/docs") && !seen[at].starts_with("/docs/connectors");
        if headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html") && !is_written {
            let links = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
            for link in links.filter(|link| link.starts_with('/')) {
                if !seen.iter().any(|known| known == link) {
                    seen.push(link.to_owned());
                }
            }
        }
        at += 1;
    }
    for page in [
        "/docs",
        "/docs/connectors",
        "/docs/connectors/demo/guides/key",
        "/docs/connectors/demo/guides/key.md",
        "/docs/api",
        "/openapi.json",
        "/llms.txt",
    ] {
        assert!(seen.iter().any(|known| known == page), "no page links to {page}");
    }
    assert!(seen.iter().any(|known| known.starts_with("/assets/style-")));
}

#[tokio::test]
async fn tokens_in_the_url_of_a_page_are_not_shown() {
    let server = server().await;
    for path in ["/embedded/integrations?token=canary-1", "/dashboard?login_token=canary-1", "/canary?token=canary-1"] {
        let (_, _, text) = server.get(path).await;
        assert!(!text.contains("canary-1"), "{path}: {text}");
    }
}

#[tokio::test]
async fn missing_guides_are_404() {
    let server = server().await;
    for path in ["demo/guides/none", "none/guides/key", "demo/guides/x.md", "..%2f/guides/key"] {
        let (status, _, text) = server.get(&format!("/docs/connectors/{path}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {text}");
        assert!(text.contains("GuideNotFoundError"), "{path}: {text}");
    }
}

#[tokio::test]
async fn only_preflights_of_the_hub_api_pass() {
    let preflight = |path: &str, origin: &str| {
        Request::builder()
            .method(Method::OPTIONS)
            .uri(path)
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PATCH")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,x-hub-session-token,x-hub-version")
            .body(axum::body::Body::empty())
            .unwrap()
    };
    let any = server().await;
    let (status, headers, _) = send(&any.router, preflight("/hub/accounts/1", "https://app.example")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_METHODS], "GET,POST,PATCH,DELETE");
    let allowed = "content-type,prefer,x-hub-session-token,x-hub-version,x-request-id,idempotency-key";
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_HEADERS], allowed);
    assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    for path in ["/accounts/1", "/connect_sessions", "/actions/rpc"] {
        let (status, headers, _) = send(&any.router, preflight(path, "https://app.example")).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path}");
    }

    let one = Server::start(connector(GUIDED), vec!["https://app.example".to_owned()]).await;
    let (_, headers, _) = send(&one.router, preflight("/hub/settings", "https://app.example")).await;
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
    let (_, headers, _) = send(&one.router, preflight("/hub/settings", "https://evil.example")).await;
    assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[tokio::test]
async fn every_response_has_an_id_and_the_security_headers() {
    let server = server().await;
    for path in ["/", "/accounts", "/hub/settings", "/nothing", "/openapi.json"] {
        let (_, headers, _) = server.get(path).await;
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer", "{path}");
        assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY", "{path}");
        let cache = if path == "/openapi.json" { "public, no-cache" } else { "no-store" };
        assert_eq!(headers[header::CACHE_CONTROL], cache, "{path}");
        assert!(!headers["x-request-id"].is_empty(), "{path}");
    }
    let (_, headers, _) = server.get("/embedded/integrations").await;
    assert!(!headers.contains_key(header::X_FRAME_OPTIONS));
    let own = Request::get("/healthz").header("x-request-id", "mine-1").body(axum::body::Body::empty()).unwrap();
    assert_eq!(send(&server.router, own).await.1["x-request-id"], "mine-1");
}

/// The snapshot lists all operations; each rejects requests without a key or a token.
#[tokio::test]
async fn every_operation_is_documented_and_needs_authentication() {
    let server = server().await;
    let document = patchbay_server::openapi("http://localhost");
    assert_eq!(document["openapi"], "3.1.0");
    let mut lines = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "two operations are called {id}");
            assert!(
                operation["summary"].as_str().is_some_and(|text| !text.is_empty()),
                "{method} {path} has no summary"
            );
            let request = Request::builder()
                .method(method.to_uppercase().as_str())
                .uri(path.replace(['{', '}'], ""))
                .header(header::CONTENT_TYPE, "application/json")
                .body("{}".into())
                .unwrap();
            let (status, _, body) = send(&server.router, request).await;
            // The login first checks that a page of this server sent the request.
            let expected = match path.as_str() {
                "/healthz" | "/readyz" | "/auth/session" => StatusCode::OK,
                "/connect/oauth2/{key}/client.json" => StatusCode::NOT_FOUND,
                path if path.starts_with("/auth/") => StatusCode::FORBIDDEN,
                _ => StatusCode::UNAUTHORIZED,
            };
            assert_eq!(status, expected, "{method} {path}: {body}");
            lines.push(format!(
                "{} {path} [{}]",
                method.to_uppercase(),
                operation["tags"][0].as_str().unwrap_or("no tag")
            ));
        }
    }
    lines.sort();
    insta::assert_snapshot!("operations", lines.join("\n"));
}

#[tokio::test]
async fn a_link_cannot_write_into_a_guide() {
    let server = server().await;
    let words = "scopes=x%60%0A%0A%23%20Verify%20at%20evil.example,things:read";
    for path in ["/docs/connectors/demo/guides/key", "/docs/connectors/demo/guides/key.md"] {
        let (status, _, text) = server.get(&format!("{path}?{words}")).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(text.contains("things:read") && !text.contains("evil.example"), "{path}: {text}");
    }
}

#[tokio::test]
async fn an_internal_connector_is_not_listed() {
    let internal = GUIDED.replacen("baseUrl:", "releaseStage: internal\nbaseUrl:", 1);
    let server = Server::start(connector(&internal), Vec::new()).await;
    for path in ["/docs/connectors", "/llms.txt", "/llms-full.txt", "/sitemap.xml", "/docs/search?q=demo_list_things"] {
        let (status, _, text) = server.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(!text.contains("connectors/demo"), "{path}: {text}");
    }
    // The Hub links its guide.
    let (status, _, guide) = server.get("/docs/connectors/demo/guides/key").await;
    assert!(status == StatusCode::OK && guide.contains("Get a key"), "{status}: {guide}");
}

//! Pages and headers, without a port. The API's responses are tested with the whole binary.

mod support;

use axum::http::{Method, Request, StatusCode, header};
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
    let (status, headers, text) = server.get("/guides/demo/key.md").await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"text/markdown; charset=utf-8".parse().unwrap())
    );
    insta::assert_snapshot!("guide_markdown", text);
}

#[tokio::test]
async fn parts_of_a_guide_appear_only_for_their_scopes() {
    let server = server().await;
    let (_, _, readers) = server.get("/guides/demo/key.md?actions=demo_list_things").await;
    assert!(!readers.contains("writers") && readers.contains("`things:read`"), "{readers}");
    assert!(!readers.contains("allows fewer actions"), "the actions are known: {readers}");
    let (_, _, none) = server.get("/guides/demo/key.md?scopes=").await;
    assert!(none.contains("No scopes are needed.") && !none.contains("things:"), "{none}");
    for query in ["actions=create_thing", "scopes=things:write", ""] {
        let (_, _, writers) = server.get(&format!("/guides/demo/key.md?{query}")).await;
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
    for path in ["/guides/demo/key", "/guides/demo/key.md", "/guides/demo/key.md?actions=list_things"] {
        let (status, _, text) = server.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(text.contains("Rights") && !text.to_lowercase().contains("scope"), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_guide_page_runs_no_script() {
    let server = server().await;
    let (status, headers, html) = server.get("/guides/demo/key").await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none';"));
    assert!(!html.contains("<script") && !html.contains("javascript:") && !html.contains(" style="), "{html}");
    for part in [
        "<html lang=\"en\">",
        "<main id=\"main\"",
        "href=\"#get-a-key\"",
        "id=\"get-a-key\"",
        "href=\"/guides/demo/key.md\"",
    ] {
        assert!(html.contains(part), "{part} is missing: {html}");
    }
    assert_eq!(html.matches("<h1").count(), 1);
}

#[tokio::test]
async fn every_link_of_a_page_leads_to_a_page() {
    let server = server().await;
    let mut seen = vec!["/".to_owned(), "/dashboard".to_owned(), "/embedded/integrations".to_owned()];
    let mut at = 0;
    while at < seen.len() {
        let (status, headers, text) = server.get(&seen[at]).await;
        assert_eq!(status, StatusCode::OK, "{}", seen[at]);
        if headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html") {
            let links = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
            for link in links.filter(|link| link.starts_with('/')) {
                if !seen.iter().any(|known| known == link) {
                    seen.push(link.to_owned());
                }
            }
        }
        at += 1;
    }
    for page in ["/docs", "/guides", "/guides/demo/key", "/guides/demo/key.md", "/openapi.json", "/llms.txt"] {
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
    for path in ["/guides/demo/none", "/guides/none/key", "/guides/demo/.md", "/guides/..%2f/key"] {
        let (status, _, text) = server.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {text}");
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

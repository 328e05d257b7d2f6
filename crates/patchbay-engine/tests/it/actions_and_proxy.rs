//! Actions and the proxy through the whole engine.

use axum::{
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_connector::definition::HttpMethod;
use patchbay_engine::{AccountPatch, Caller, Error, ErrorCode, NewProfile, ProfilePatch, ProxyReply, RunRequest};
use patchbay_model::{AccountId, AccountStatus, ApiScope, EnabledActions, ProfileId};
use serde_json::{Map, Value, json};

use crate::support::{HttpProvider, TestBed, new_profile, proxy_request, run_request};

const SECRET: &str = "canary-5f1e0c9b7d";

/// A bed with the connector `demo` and a linked account.
type DemoBed = TestBed<HttpProvider>;

/// Starts a bed whose provider responds with `respond`.
async fn demo_bed(respond: impl Fn(Request) -> Response + Clone + Send + Sync + 'static) -> DemoBed {
    let provider = HttpProvider::new(move |request: Request| std::future::ready(respond(request)));
    let bed = TestBed::builder().connector("demo").account(&[("key", SECRET), ("region", "eu"), ("user", "jo")]);
    bed.provider("https://eu.demo.example.com", provider).start().await
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is not an object"),
    }
}

/// Returns a run of an action of the linked account.
#[expect(clippy::needless_pass_by_value, reason = "a test writes the value where it calls")]
fn request_for(bed: &DemoBed, action: &str, path: Value) -> RunRequest {
    run_request(bed.account(), action, &json!({ "path": path }))
}

/// Responds with the request.
fn echo(request: &Request) -> Response {
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    axum::Json(json!({
        "method": request.method().as_str(),
        "path": request.uri().to_string(),
        "key_is_there": header("x-key") == SECRET,
        "echo": header("x-key"),
        "custom": header("x-custom"),
        "type": header("content-type"),
    }))
    .into_response()
}

#[tokio::test]
async fn an_action_sends_the_credentials_and_redacts_them_in_its_result() {
    let bed = demo_bed(|request| echo(&request)).await;
    let outcome = bed.run_request(request_for(&bed, "demo_get_thing", json!({"id": "a/b"}))).await.unwrap();
    let expected = json!({
        "data": {
            "method": "GET", "path": "/api/things/a%2Fb", "key_is_there": true, "echo": "[redacted]", "custom": "",
            "type": "",
        },
        "next": null,
    });
    assert_eq!(Value::Object(outcome.result), expected);
    bed.engine.shutdown().await;
}

#[tokio::test]
async fn debug_and_account_parameters_are_not_inputs() {
    let bed = demo_bed(|request| echo(&request)).await;
    let mut request = request_for(&bed, "demo_get_thing", json!({"id": "1"}));
    request.query = object(json!({"debug": false}));
    request.headers = object(json!({"X-Account-Id": bed.account().as_str()}));
    bed.run_request(request).await.unwrap();
    let mut request = request_for(&bed, "demo_get_thing", json!({"id": "1"}));
    request.query = object(json!({"debug": "yes"}));
    assert_eq!(bed.run_request(request).await.unwrap_err().code, ErrorCode::Validation);
}

#[tokio::test]
async fn an_unknown_action_suggests_similar_names() {
    let bed = demo_bed(|request| echo(&request)).await;
    for name in ["demo_get_thingg", "get_thing", "demo_get\nthing"] {
        let error = bed.run_request(request_for(&bed, name, json!({"id": "1"}))).await.unwrap_err();
        assert_eq!((error.status(), error.code), (404, ErrorCode::ActionNotFound), "{name:?}");
        assert!(error.message.contains("`demo_get_thing`"), "{error}");
        assert!(!error.message.contains('\n'));
    }
}

#[tokio::test]
async fn calls_need_an_active_account_a_scope_and_an_enabled_action() {
    let bed = demo_bed(|request| echo(&request)).await;
    let (engine, caller) = (&bed.engine, &bed.caller);
    let get = || request_for(&bed, "demo_get_thing", json!({"id": "1"}));
    let code = |error: Error| (error.status(), error.code);

    let mut missing = get();
    missing.account_id = AccountId::new("nobody");
    assert_eq!(code(bed.run_request(missing).await.unwrap_err()), (404, ErrorCode::AccountNotFound));

    let stranger = bed.stranger().await;
    assert_eq!(code(engine.actions.run(&stranger, get()).await.unwrap_err()), (404, ErrorCode::AccountNotFound));
    let proxied = proxy_request(bed.account(), HttpMethod::Get, "/x");
    assert_eq!(code(engine.proxy.run(&stranger, proxied).await.unwrap_err()), (404, ErrorCode::AccountNotFound));

    let mut reader = Caller::clone(caller);
    reader.scopes.remove(&ApiScope::ActionsExecute);
    assert_eq!(code(engine.actions.run(&reader, get()).await.unwrap_err()), (403, ErrorCode::MissingScope));
    let proxied = proxy_request(bed.account(), HttpMethod::Get, "/x");
    assert_eq!(code(engine.proxy.run(&reader, proxied).await.unwrap_err()), (403, ErrorCode::MissingScope));

    let status = |status| AccountPatch { status: Some(status), ..Default::default() };
    engine.accounts.patch(caller, bed.account(), status(AccountStatus::Suspended)).await.unwrap();
    assert_eq!(code(bed.run_request(get()).await.unwrap_err()), (412, ErrorCode::AccountSuspended));
    assert_eq!(code(bed.proxy(bed.account(), "/x").await.unwrap_err()), (412, ErrorCode::AccountSuspended));
    engine.accounts.patch(caller, bed.account(), status(AccountStatus::Active)).await.unwrap();
    bed.run_request(get()).await.unwrap();

    let profile = engine.accounts.get(caller, bed.account()).await.unwrap().account.profile_id.clone();
    let only = EnabledActions::Only(["demo_list_things".to_owned()].into());
    let patch = ProfilePatch { enabled_actions: Some(only), ..Default::default() };
    engine.profiles.patch(caller, &profile, patch).await.unwrap();
    assert_eq!(code(bed.run_request(get()).await.unwrap_err()), (403, ErrorCode::ActionNotEnabled));

    let patch = ProfilePatch { active: Some(false), ..Default::default() };
    engine.profiles.patch(caller, &profile, patch).await.unwrap();
    assert_eq!(code(bed.run_request(get()).await.unwrap_err()), (412, ErrorCode::AccountIntegrationInactive));
}

#[tokio::test]
async fn a_profile_named_by_a_call_must_match_the_account() {
    let bed = demo_bed(|request| echo(&request)).await;
    let new = |method: &str| NewProfile {
        enabled_actions: EnabledActions::Only(["demo_list_things".to_owned()].into()),
        ..new_profile("demo", method)
    };
    let same = bed.create_profile(new("key")).await;
    let other = bed.create_profile(new("bearer")).await;
    for (profile, status, code) in [
        (ProfileId::new("nobody"), 400, ErrorCode::ProfileMismatch),
        (other.id.clone(), 400, ErrorCode::ProfileMismatch),
        // The named profile decides which actions are enabled.
        (same.id.clone(), 403, ErrorCode::ActionNotEnabled),
    ] {
        let mut request = request_for(&bed, "demo_get_thing", json!({"id": "1"}));
        request.profile_id = Some(profile);
        let error = bed.run_request(request).await.unwrap_err();
        assert_eq!((error.status(), error.code), (status, code));
    }
}

#[tokio::test]
async fn provider_errors_keep_status_and_message_and_redact_secrets() {
    let respond = |request: Request| {
        let body = json!({"detail": format!("no: {}", request.headers()["x-key"].to_str().unwrap())});
        let status = request.uri().path().rsplit('/').next().unwrap().parse::<u16>().unwrap();
        (StatusCode::from_u16(status).unwrap(), [("retry-after", "3600")], axum::Json(body)).into_response()
    };
    for (status, ours, code) in [
        (400, 400, ErrorCode::Provider),
        (401, 401, ErrorCode::AccountInvalidCredentials),
        (402, 402, ErrorCode::Provider),
        (403, 403, ErrorCode::Provider),
        (404, 404, ErrorCode::Provider),
        (503, 503, ErrorCode::Provider),
        (429, 429, ErrorCode::Provider),
    ] {
        // After a 403 or 429 with an hour to wait, this account sends no request for an hour.
        let bed = demo_bed(respond).await;
        let request = request_for(&bed, "demo_get_thing", json!({"id": status.to_string()}));
        let error = bed.run_request(request).await.unwrap_err();
        assert_eq!((error.status(), error.code), (ours, code));
        let advice = match status {
            401 => "; reconnect the account with valid ones",
            403 => "; the account may lack a permission there",
            429 => "; its limit of requests is used up, wait before you try again",
            503 => "; the problem is at the provider, try again later",
            _ => "",
        };
        assert!(error.message.ends_with(&format!(": no: [redacted]{advice}")), "{error}");
        let provider = error.provider.as_ref().unwrap();
        assert_eq!(provider.status, Some(status));
        assert_eq!(provider.body, json!({"detail": "no: [redacted]"}));
        assert_eq!(provider.url, format!("https://eu.demo.example.com/api/things/{status}"));
        assert_eq!(error.retry_after, Some(3600));
        assert!(!format!("{error:?}").contains(SECRET));
    }
}

#[tokio::test]
async fn the_proxy_passes_json_through_and_redacts_echoed_secrets() {
    let bed = demo_bed(|request| match request.uri().path() {
        "/api/exact" => ([("content-type", "application/json")], "{ \"a\" :1.10,\n \"a\":2}").into_response(),
        "/api/text" => "hello \"there\"".into_response(),
        "/api/none" => StatusCode::NO_CONTENT.into_response(),
        "/api/html" => (StatusCode::BAD_GATEWAY, [("content-type", "text/html")], "<h1>no</h1>").into_response(),
        "/api/cookie" => ([("set-cookie", "a=b"), ("x-echo", SECRET), ("x-id", "7")], "1").into_response(),
        "/api/bytes" => vec![0xff_u8, 0xfe, 0x00].into_response(),
        _ => echo(&request),
    })
    .await;
    let body =
        async |path: &str| String::from_utf8(bed.proxy(bed.account(), path).await.unwrap().body.to_vec()).unwrap();
    assert_eq!(body("/exact").await, "{ \"a\" :1.10,\n \"a\":2}", "the body is unchanged");
    assert_eq!(body("/text").await, r#""hello \"there\"""#);
    assert_eq!(body("/none").await, "null");
    assert_eq!(body("/html").await, r#""<h1>no</h1>""#);
    assert_eq!(bed.proxy(bed.account(), "/html").await.unwrap().status, 502);
    let headers = bed.proxy(bed.account(), "/cookie").await.unwrap().headers;
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((header("set-cookie"), header("x-echo"), header("x-id")), (None, Some("[redacted]"), Some("7")));
    assert_eq!(bed.proxy(bed.account(), "/bytes").await.unwrap_err().code, ErrorCode::ProviderInvalidResponse);

    let mut request = proxy_request(bed.account(), HttpMethod::Post, "/make/?a=b%20c");
    request.headers = vec![("X-Custom".into(), "yes".into())];
    request.body = Some(bytes::Bytes::from_static(b"{\"n\":1}"));
    let outcome = bed.engine.proxy.run(&bed.caller, request).await.unwrap();
    let expected = json!({
        "method": "POST", "path": "/api/make/?a=b%20c", "key_is_there": true, "echo": "[redacted]", "custom": "yes",
        "type": "application/json",
    });
    assert_eq!(serde_json::from_slice::<Value>(&outcome.body).unwrap(), expected);
}

/// A secret with reserved characters.
const RESERVED: &str = "canary+5f/1e=0c&9b<7d\"-\\x";

/// Returns spellings of [`RESERVED`] that are valid within a JSON string.
fn echoes() -> Vec<String> {
    let each = |escape: fn(u8) -> String| RESERVED.bytes().map(escape).collect::<String>();
    let percent = each(|byte| match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    vec![
        json!(RESERVED).to_string().trim_matches('"').to_owned(),
        each(|byte| format!("\\u{byte:04x}")),
        r"canary\u002B5f/1e\u003D0c\u00269b\u003C7d\u0022-\\x".to_owned(),
        r#"canary+5f\/1e\u003d0c\u00269b\u003c7d\"-\\x"#.to_owned(),
        r#"{\"inner\":\"canary+5f\\/1e=0c\\u00269b\\u003c7d\\\"-\\\\x\"}"#.to_owned(),
        percent.clone(),
        percent.replace('%', "%25"),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("&#x{byte:02X};")),
        each(|byte| format!("&#0{byte};")),
        "canary+5f/1e=0c&amp;9b&lt;7d&quot;-\\\\x".to_owned(),
        each(|byte| format!("{byte:02x}")),
        STANDARD.encode(format!("u{RESERVED}")),
        URL_SAFE_NO_PAD.encode(format!("me{RESERVED}")),
    ]
}

#[tokio::test]
async fn echoes_in_every_spelling_reach_nobody() {
    for (number, echo) in echoes().into_iter().enumerate() {
        let sent = echo.clone();
        let provider = HttpProvider::new(move |request: Request| {
            let (path, echo) = (request.uri().path().to_owned(), sent.clone());
            async move {
                let json = [("content-type", "application/json")];
                match path.as_str() {
                    "/api/text" => format!("<p>{echo}</p>").into_response(),
                    "/api/header" => ([("x-echo", echo)], "1").into_response(),
                    "/api/things/400" => {
                        (StatusCode::BAD_REQUEST, json, format!("{{\"detail\":\"no {echo}\"}}")).into_response()
                    }
                    _ => (json, format!("{{\"v\":\"a {echo} z\",\"{echo}\":[1.0]}}")).into_response(),
                }
            }
        });
        let bed = TestBed::builder().connector("demo").account(&[("key", RESERVED), ("region", "eu"), ("user", "jo")]);
        let bed = bed.provider("https://eu.demo.example.com", provider).start().await;
        let check = |text: &str, place: &str| {
            assert!(text.contains("[redacted]"), "{place}, spelling {number}: {text}");
            let leaks = ["5f", "35 66", "NWY"].iter().any(|part| text.contains(part)) || text.contains(&echo);
            assert!(!leaks, "{place}, spelling {number}: {text}");
        };
        let run = |id: &str| RunRequest { debug: true, ..request_for(&bed, "demo_get_thing", json!({ "id": id })) };
        let outcome = bed.run_request(run("1")).await.unwrap();
        check(&Value::Object(outcome.result).to_string(), "a result");
        check(&serde_json::to_string(&outcome.trace.unwrap().requests[0].response_body).unwrap(), "a trace");
        let error = bed.run_request(run("400")).await.unwrap_err();
        check(&error.message, "a message");
        check(&error.provider.as_ref().unwrap().body.to_string(), "an error");
        for path in ["/json", "/text"] {
            let proxied = bed.proxy(bed.account(), path).await.unwrap();
            check(std::str::from_utf8(&proxied.body).unwrap(), path);
        }
        let proxied = bed.proxy(bed.account(), "/header").await.unwrap();
        check(&format!("{:?}", proxied.headers.iter().find(|(name, _)| name == "x-echo")), "a header");
    }
}

#[tokio::test]
async fn the_proxy_rejects_other_origins_and_credential_headers() {
    let bed = demo_bed(|request| echo(&request)).await;
    let mut request = proxy_request(bed.account(), HttpMethod::Get, "//evil.example/..");
    request.url = Some("https://evil.example".into());
    request.headers = vec![
        ("authorization".into(), "Bearer x".into()),
        ("X-Key".into(), "mine".into()),
        ("x-a".into(), "b\r\nc: d".into()),
    ];
    let error = bed.engine.proxy.run(&bed.caller, request).await.unwrap_err();
    assert_eq!((error.status(), error.code), (400, ErrorCode::Validation));
    let paths = error.problems.iter().map(|problem| problem.path.to_string()).collect::<Vec<_>>();
    assert_eq!(paths, ["url", "path", "headers.authorization", "headers.x-a", "headers.x-key"]);
}

/// Responds with the content type and the body of the request.
async fn echo_body(request: Request) -> Response {
    let kind = request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("").to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1024).await.unwrap();
    let kind = if kind.starts_with("multipart/") { "multipart" } else { &kind }.to_owned();
    axum::Json(json!([kind, String::from_utf8(body.to_vec()).unwrap()])).into_response()
}

#[tokio::test]
async fn the_proxy_sends_the_body_in_the_form_that_the_content_type_names() {
    let bed = TestBed::builder().connector("demo").account(&[("key", SECRET), ("region", "eu"), ("user", "jo")]);
    let bed = bed.provider("https://eu.demo.example.com", HttpProvider::new(echo_body)).start().await;
    let send = async |kind: &str, body: &str| {
        let mut request = proxy_request(bed.account(), HttpMethod::Put, "/things");
        request.headers = vec![("Content-Type".into(), kind.into())];
        request.body = Some(bytes::Bytes::copy_from_slice(body.as_bytes()));
        let outcome = bed.engine.proxy.run(&bed.caller, request).await?;
        Ok::<_, Error>(serde_json::from_slice::<Value>(&outcome.body).unwrap())
    };
    let form = "application/x-www-form-urlencoded";
    let object = r#"{"to":"+49 1","tags":["a","b"],"n":1.50}"#;
    assert_eq!(send(form, object).await.unwrap(), json!([form, "to=%2B49+1&tags%5B0%5D=a&tags%5B1%5D=b&n=1.5"]));
    assert_eq!(send(form, r#""to=x&y=%20""#).await.unwrap(), json!([form, "to=x&y=%20"]));
    assert_eq!(send("text/csv", r#""a,b\n""#).await.unwrap(), json!(["text/csv", "a,b\n"]));
    assert_eq!(send("application/json", object).await.unwrap(), json!(["application/json", object]));
    let multipart = send("multipart/form-data", r#"{"a":"b"}"#).await.unwrap();
    assert!(multipart[0] == "multipart" && multipart[1].as_str().unwrap().contains("name=\"a\"\r\n\r\nb\r\n"));
    let error = send(form, "[1]").await.unwrap_err();
    assert_eq!((error.status(), error.problems[0].path.to_string()), (400, "body".to_owned()));
}

#[tokio::test]
async fn the_proxy_streams_a_file_and_masks_secrets_in_it() {
    let bed = demo_bed(|request| match request.uri().path() {
        "/api/pdf" => {
            let headers = [
                ("content-type", "application/pdf".to_owned()),
                ("content-disposition", format!("attachment; filename=\"../a;{SECRET}.pdf\"")),
                ("etag", "\"7\"".to_owned()),
            ];
            (headers, [b"%PDF \xff ", SECRET.as_bytes(), b" \x00"].concat()).into_response()
        }
        "/api/gone" => (StatusCode::GONE, [("content-type", "image/png")], vec![0x89_u8, 0, 1]).into_response(),
        "/api/latin" => ([("content-type", "text/plain")], b"caf\xe9".to_vec()).into_response(),
        "/api/csv" => ([("content-type", "application/octet-stream")], "a,b\n").into_response(),
        _ => echo(&request),
    })
    .await;
    let reply = async |path: &str| {
        let request = proxy_request(bed.account(), HttpMethod::Get, path);
        bed.engine.proxy.run_streaming(&bed.caller, request, None).await.unwrap()
    };
    let file = async |path: &str| {
        let ProxyReply::File(mut file) = reply(path).await else { panic!("{path} is text") };
        let mut content = Vec::new();
        while let Some(chunk) = file.content.next().await {
            content.extend_from_slice(&chunk.unwrap());
        }
        (file.status, file.metadata.clone(), content, file.call_id.clone())
    };
    let (status, metadata, content, call) = file("/pdf").await;
    assert_eq!((status, metadata.content_type.as_deref()), (200, Some("application/pdf")));
    assert_eq!(metadata.file_name.as_deref(), Some("a;[redacted].pdf"));
    assert_eq!((metadata.length, metadata.etag.as_deref()), (Some(content.len() as u64), Some("\"7\"")));
    assert_eq!(content, [b"%PDF \xff ", "*".repeat(SECRET.len()).as_bytes(), b" \x00"].concat());
    let (status, _, content, gone) = file("/gone").await;
    assert_eq!((status, content), (410, vec![0x89, 0, 1]));
    assert_eq!(file("/latin").await.2, b"caf\xe9", "text in an encoding that it does not declare");
    let ProxyReply::Value(csv) = reply("/csv").await else { panic!("text of an unknown type is text") };
    assert_eq!(csv.body, r#""a,b\n""#);
    bed.engine.shutdown().await;
    for (call, status) in [(call, 200), (gone, 410)] {
        assert_eq!(bed.logged(&call).await.status, status);
    }
}

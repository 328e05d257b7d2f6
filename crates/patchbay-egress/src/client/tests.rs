//! Tests the client against misbehaving servers on the loopback interface.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::any,
};
use http::HeaderMap;
use patchbay_model::testing::{ManualClock, SeededEntropy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

fn client_with(allow: &[&str], upstreams: &[(String, String)], max_response_bytes: usize) -> HttpClient {
    let config = EgressConfig {
        allowed_networks: allow.iter().map(|net| net.parse().unwrap()).collect(),
        upstreams: upstreams.to_vec(),
        max_response_bytes,
        ..EgressConfig::default()
    };
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
    HttpClient::new(&config, clock, Arc::new(SeededEntropy::new(1))).unwrap()
}

fn client() -> HttpClient {
    client_with(&["127.0.0.0/8"], &[], 64 * 1024)
}

async fn serve<F>(handler: F) -> SocketAddr
where
    F: Fn(Request) -> Response + Clone + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(any(move |request: Request| {
        let handler = handler.clone();
        async move { handler(request) }
    }));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// Calls `handler` with the number and the stream of each connection, after it has read the head of the request.
async fn serve_raw<F, Fut>(handler: F) -> SocketAddr
where
    F: Fn(usize, TcpStream) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            tokio::spawn(handler(number, stream));
            number += 1;
        }
    });
    address
}

pub(super) fn request(method: Method, url: &str) -> OutboundRequest {
    let idempotent = method == Method::GET;
    let mut headers = HeaderMap::new();
    headers.insert("client-secret", HeaderValue::from_static("hunter22"));
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer hunter22"));
    OutboundRequest { method, url: url.parse().unwrap(), headers, body: Bytes::new(), idempotent, certificate: None }
}

pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

async fn get(client: &HttpClient, url: &str) -> Result<InboundResponse, RequestFailure> {
    client.send(request(Method::GET, url), soon()).await
}

async fn failure_cause(client: &HttpClient, url: &str) -> FailureCause {
    match get(client, url).await {
        Ok(response) => panic!("unexpected response: {}", response.status),
        Err(failure) => failure.cause,
    }
}

fn header_names(request: &Request) -> String {
    let mut names = request.headers().keys().map(http::HeaderName::as_str).collect::<Vec<_>>();
    names.sort_unstable();
    names.join(" ")
}

#[tokio::test]
async fn a_response_is_returned_whatever_its_status() {
    let address = serve(|request| {
        let agent = request.headers()["user-agent"].to_str().unwrap().to_owned();
        (StatusCode::IM_A_TEAPOT, agent).into_response()
    })
    .await;
    let response = get(&client(), &format!("http://{address}/a/?b=c")).await.unwrap();
    assert_eq!(response.status, 418);
    assert_eq!(&response.body[..], USER_AGENT.as_bytes());
}

#[tokio::test]
async fn a_provider_that_is_down_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let Err(failure) = get(&client(), &format!("http://{address}/secret?key=hunter22")).await else {
        panic!("a server that is down returned a response")
    };
    assert!(matches!(&failure.cause, FailureCause::Unreachable(reason) if !reason.contains("hunter22")), "{failure:?}");
    assert_eq!(display_url(&failure.url), format!("http://{address}/secret"));
}

#[tokio::test]
async fn a_slow_provider_ends_at_the_deadline() {
    let address = serve_raw(|_, stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let deadline = Instant::now() + Duration::from_millis(20);
    let outcome = client().send(request(Method::GET, &format!("http://{address}/")), deadline).await;
    let Err(failure) = outcome else { panic!("a server that never responds returned a response") };
    assert_eq!(failure.cause, FailureCause::DeadlineExceeded);
}

#[tokio::test]
async fn a_truncated_body_is_a_lost_connection() {
    let address = serve_raw(|_, mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":").await;
    })
    .await;
    let cause = failure_cause(&client(), &format!("http://{address}/")).await;
    assert!(matches!(cause, FailureCause::ConnectionLost(_)), "{cause:?}");
}

#[tokio::test]
async fn a_lost_connection_is_retried_once_if_the_request_is_idempotent() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let address = serve_raw(move |number, mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            if number != 0 && number != 2 {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await;
            }
        }
    })
    .await;
    let client = client();
    let url = format!("http://{address}/");
    assert_eq!(&get(&client, &url).await.unwrap().body[..], b"ok");
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    let Err(failure) = client.send(request(Method::POST, &url), soon()).await else { panic!("the POST was retried") };
    assert!(matches!(failure.cause, FailureCause::ConnectionLost(_)), "{failure:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn bodies_are_bounded_before_and_after_decompression() {
    let address = serve(|request| match request.uri().path() {
        "/bomb" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&vec![b' '; 4 * 1024 * 1024]).unwrap();
            ([("content-encoding", "gzip")], encoder.finish().unwrap()).into_response()
        }
        "/compressed" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(b"{\"plain\":true}").unwrap();
            ([("content-encoding", "gzip")], encoder.finish().unwrap()).into_response()
        }
        _ => vec![b'x'; 65 * 1024].into_response(),
    })
    .await;
    let client = client();
    for path in ["bomb", "huge"] {
        let cause = failure_cause(&client, &format!("http://{address}/{path}")).await;
        assert_eq!(cause, FailureCause::ResponseTooLarge(64 * 1024), "{path}");
    }
    assert_eq!(&get(&client, &format!("http://{address}/compressed")).await.unwrap().body[..], b"{\"plain\":true}");
}

#[tokio::test]
async fn a_redirect_on_the_same_host_keeps_the_credentials() {
    let address = serve(|request| match request.uri().path() {
        "/contracts" => (StatusCode::FOUND, [("location", "/contracts/?page=1")]).into_response(),
        _ => header_names(&request).into_response(),
    })
    .await;
    let response = get(&client(), &format!("http://{address}/contracts")).await.unwrap();
    assert_eq!(&response.body[..], b"accept-encoding authorization client-secret host user-agent");
    assert_eq!(response.url.path(), "/contracts/");
}

#[tokio::test]
async fn a_redirect_to_another_host_drops_every_credential() {
    let other = serve(|request| header_names(&request).into_response()).await;
    let address = serve(move |_| {
        (StatusCode::TEMPORARY_REDIRECT, [("location", format!("http://{other}/elsewhere"))]).into_response()
    })
    .await;
    let response = get(&client(), &format!("http://{address}/")).await.unwrap();
    assert_eq!(&response.body[..], b"accept-encoding host user-agent");
}

#[tokio::test]
async fn redirect_targets_are_checked_and_redirects_are_limited() {
    let address = serve(|request| {
        let location = match request.uri().path() {
            "/private" => "http://10.0.0.1/",
            "/metadata" => "http://169.254.169.254/latest/meta-data/",
            "/file" => "file:///etc/passwd",
            "/user" => "https://a:b@example.com/",
            _ => "/loop",
        };
        (StatusCode::FOUND, [("location", location)]).into_response()
    })
    .await;
    let client = client();
    for path in ["private", "metadata", "file", "user"] {
        let cause = failure_cause(&client, &format!("http://{address}/{path}")).await;
        assert!(matches!(cause, FailureCause::EgressRefused(_)), "{path}: {cause:?}");
    }
    let cause = failure_cause(&client, &format!("http://{address}/loop")).await;
    assert!(matches!(cause, FailureCause::RedirectRejected(_)), "{cause:?}");
    let Err(failure) = client.send(request(Method::POST, &format!("http://{address}/post")), soon()).await else {
        panic!("a POST was redirected")
    };
    let FailureCause::RedirectRejected(reason) = &failure.cause else { panic!("{failure:?}") };
    assert!(reason.contains(&format!("redirects the POST to http://{address}/loop")), "{reason}");
}

#[tokio::test]
async fn a_429_is_retried_if_the_request_is_idempotent_and_the_delay_fits() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let address = serve(move |request| {
        let mut seen = log.lock().unwrap();
        seen.push(format!("{} {}", request.method(), request.uri().path()));
        let wait = if request.uri().path() == "/long" { "3600" } else { "0" };
        if seen.len() % 3 == 0 && wait == "0" && request.method() == Method::GET {
            return "done".into_response();
        }
        (StatusCode::TOO_MANY_REQUESTS, [("retry-after", wait)]).into_response()
    })
    .await;
    let client = client();
    assert_eq!(get(&client, &format!("http://{address}/short")).await.unwrap().status, 200);
    assert_eq!(seen.lock().unwrap().len(), 3);
    let long = get(&client, &format!("http://{address}/long")).await.unwrap();
    assert_eq!(
        (long.status.as_u16(), seen.lock().unwrap().len()),
        (429, 4),
        "an hour exceeds the deadline, so it is not retried"
    );
    let posted = client.send(request(Method::POST, &format!("http://{address}/post")), soon()).await;
    let posted = posted.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!((posted.status.as_u16(), seen.lock().unwrap().len()), (429, 5), "a POST is not retried");
}

#[tokio::test]
async fn an_upstream_receives_the_request_and_the_url_stays_the_providers() {
    let address = serve(|request| match request.uri().path() {
        "/stage/v1/old" => (StatusCode::FOUND, [("location", "/stage/v1/new/")]).into_response(),
        path => format!("{path} {}", request.headers().contains_key("client-secret")).into_response(),
    })
    .await;
    let upstreams = [("https://api.example.com".to_owned(), format!("http://{address}/stage"))];
    let client = client_with(&[], &upstreams, 1024);
    let response = get(&client, "https://api.example.com/v1/old?page=1").await.unwrap();
    assert_eq!(&response.body[..], b"/stage/v1/new/ true");
    assert_eq!(response.url.as_str(), "https://api.example.com/v1/new/");
    // The upstream is allowed, another port is not.
    let other_port = format!("http://127.0.0.1:{}/", address.port() ^ 1);
    let cause = failure_cause(&client, &other_port).await;
    assert!(matches!(cause, FailureCause::EgressRefused(_)), "{cause:?}");
}

#[tokio::test]
async fn without_allowed_networks_loopback_is_refused_by_name_and_address() {
    let client = client_with(&[], &[], 1024);
    for url in ["https://127.0.0.1:1/", "https://localhost:1/", "http://127.0.0.1:1/", "http://example.com/"] {
        let cause = failure_cause(&client, url).await;
        assert!(
            matches!(&cause, FailureCause::EgressRefused(refused) if refused.to_string().contains("egress.allow")),
            "{cause:?}"
        );
    }
}

#[tokio::test]
async fn a_request_without_a_body_has_a_content_length_if_its_method_expects_a_body() {
    let seen = serve(|request| {
        let length = request.headers().get("content-length").map(|value| value.to_str().unwrap().to_owned());
        format!("{length:?}").into_response()
    })
    .await;
    let client = client();
    for (method, body, expected) in [
        (Method::POST, "", "Some(\"0\")"),
        (Method::PUT, "", "Some(\"0\")"),
        (Method::PATCH, "", "Some(\"0\")"),
        (Method::POST, "abc", "Some(\"3\")"),
        (Method::GET, "", "None"),
        (Method::DELETE, "", "None"),
    ] {
        let mut sent = request(method.clone(), &format!("http://{seen}/"));
        sent.body = Bytes::from_static(body.as_bytes());
        let response = client.send(sent, soon()).await.unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!(response.body, expected, "{method} {body}");
    }
}

#[tokio::test]
async fn folded_and_broken_header_lines_are_read_past() {
    for (line, expected) in [
        ("X-Odd : 1", Some("1")),
        ("X-Odd\t: 1", Some("1")),
        ("X-Odd: a\r\n b", Some("a b")),
        ("X-Odd: a\r\n\t  b\r\n c", Some("a b c")),
        ("PHP Warning", None),
        ("X Odd Name: 1", None),
    ] {
        let address = serve_raw(move |_, mut stream| async move {
            let head = format!("HTTP/1.1 200 OK\r\nx-first: 1\r\n{line}\r\ncontent-length: 2\r\n\r\nok");
            let _ = stream.write_all(head.as_bytes()).await;
        })
        .await;
        let response =
            get(&client(), &format!("http://{address}/")).await.unwrap_or_else(|error| panic!("{line}: {error}"));
        let value = response.headers.get("x-odd").map(|value| value.to_str().unwrap());
        let value = value.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "));
        assert_eq!((&response.body[..], value.as_deref()), (&b"ok"[..], expected), "{line}");
        assert_eq!(response.headers["x-first"], "1");
    }
}

#[tokio::test]
async fn a_307_and_a_308_repeat_the_method_and_the_body_at_the_same_origin() {
    let other = serve(|_| "reached".into_response()).await;
    let address = serve(move |request| match request.uri().path() {
        "/307" => (StatusCode::TEMPORARY_REDIRECT, [("location", "/to".to_owned())]).into_response(),
        "/308" => (StatusCode::PERMANENT_REDIRECT, [("location", "/to?a=1".to_owned())]).into_response(),
        "/away" => (StatusCode::TEMPORARY_REDIRECT, [("location", format!("http://{other}/to"))]).into_response(),
        _ => {
            let length = request.headers()["content-length"].to_str().unwrap();
            let kind = request.headers()["content-type"].to_str().unwrap();
            format!("{} {length} {kind} {}", request.method(), header_names(&request)).into_response()
        }
    })
    .await;
    let send = async |method: Method, path: &str| {
        let mut sent = request(method, &format!("http://{address}{path}"));
        sent.body = Bytes::from_static(b"{\"a\":1}");
        sent.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        client().send(sent, soon()).await
    };
    for (method, path) in
        [(Method::POST, "/307"), (Method::PUT, "/308"), (Method::PATCH, "/307"), (Method::DELETE, "/308")]
    {
        let response = send(method.clone(), path).await.unwrap_or_else(|failure| panic!("{failure:?}"));
        let body = String::from_utf8(response.body.to_vec()).unwrap();
        assert!(body.starts_with(&format!("{method} 7 application/json")) && body.contains("client-secret"), "{body}");
    }
    let Err(failure) = send(Method::POST, "/away").await else { panic!("the body was sent to another host") };
    assert!(matches!(failure.cause, FailureCause::RedirectRejected(_)), "{failure:?}");
}

#[tokio::test]
async fn a_location_may_have_more_than_ascii() {
    let address = serve(|request| match request.uri().path() {
        "/a" => {
            let location = HeaderValue::from_bytes("/fil\u{e9}?q=\u{4e2d}".as_bytes()).unwrap();
            (StatusCode::FOUND, [("location", location)]).into_response()
        }
        path => format!("{path}?{}", request.uri().query().unwrap_or_default()).into_response(),
    })
    .await;
    let response = get(&client(), &format!("http://{address}/a")).await.unwrap();
    assert_eq!(response.body, "/fil%C3%A9?q=%E4%B8%AD");
}

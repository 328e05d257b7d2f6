//! The client against servers that misbehave, on loopback.

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
use patchbay_model::testing::{ManualClock, SeededEntropy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

fn client_with(allow: &[&str], upstreams: &[(String, String)], max_response_bytes: usize) -> HttpClient {
    let config = EgressConfig {
        egress_allow: allow.iter().map(|net| net.parse().unwrap()).collect(),
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

async fn serve<F>(answer: F) -> SocketAddr
where
    F: Fn(Request) -> Response + Clone + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(any(move |request: Request| {
        let answer = answer.clone();
        async move { answer(request) }
    }));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// Gives each connection's number and its stream, the request's head read.
async fn serve_raw<F, Fut>(answer: F) -> SocketAddr
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
            tokio::spawn(answer(number, stream));
            number += 1;
        }
    });
    address
}

fn request(method: Method, url: &str) -> Outgoing {
    let repeatable = method == Method::GET;
    let mut headers = HeaderMap::new();
    headers.insert("client-secret", HeaderValue::from_static("hunter22"));
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer hunter22"));
    Outgoing { method, url: url.parse().unwrap(), headers, body: Bytes::new(), repeatable, certificate: None }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

async fn get(client: &HttpClient, url: &str) -> Result<Incoming, Failure> {
    client.send(request(Method::GET, url), soon()).await
}

async fn refusal(client: &HttpClient, url: &str) -> Cause {
    match get(client, url).await {
        Ok(incoming) => panic!("answered {}", incoming.status),
        Err(failure) => failure.cause,
    }
}

fn header_names(request: &Request) -> String {
    let mut names = request.headers().keys().map(http::HeaderName::as_str).collect::<Vec<_>>();
    names.sort_unstable();
    names.join(" ")
}

#[tokio::test]
async fn an_answer_comes_whole_whatever_its_status() {
    let address = serve(|request| {
        let agent = request.headers()["user-agent"].to_str().unwrap().to_owned();
        (StatusCode::IM_A_TEAPOT, agent).into_response()
    })
    .await;
    let answer = get(&client(), &format!("http://{address}/a/?b=c")).await.unwrap();
    assert_eq!(answer.status, 418);
    assert_eq!(&answer.body[..], USER_AGENT.as_bytes());
}

#[tokio::test]
async fn a_provider_that_is_down_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let Err(failure) = get(&client(), &format!("http://{address}/secret?key=hunter22")).await else {
        panic!("a server that is down answered")
    };
    assert!(matches!(&failure.cause, Cause::Unreachable(why) if !why.contains("hunter22")), "{failure:?}");
    assert_eq!(shown(&failure.url), format!("http://{address}/secret"));
}

#[tokio::test]
async fn a_slow_provider_ends_with_the_budget() {
    let address = serve_raw(|_, stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let deadline = Instant::now() + Duration::from_millis(20);
    let outcome = client().send(request(Method::GET, &format!("http://{address}/")), deadline).await;
    let Err(failure) = outcome else { panic!("a server that never answers answered") };
    assert_eq!(failure.cause, Cause::TooSlow);
}

#[tokio::test]
async fn a_cut_body_is_told_apart() {
    let address = serve_raw(|_, mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":").await;
    })
    .await;
    let cause = refusal(&client(), &format!("http://{address}/")).await;
    assert!(matches!(cause, Cause::Cut(_)), "{cause:?}");
}

#[tokio::test]
async fn a_broken_connection_is_tried_once_more_where_that_is_safe() {
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
    let Err(failure) = client.send(request(Method::POST, &url), soon()).await else { panic!("the POST was repeated") };
    assert!(matches!(failure.cause, Cause::Cut(_)), "{failure:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn bodies_are_bounded_packed_and_unpacked() {
    let address = serve(|request| match request.uri().path() {
        "/bomb" => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(&vec![b' '; 4 * 1024 * 1024]).unwrap();
            ([("content-encoding", "gzip")], packer.finish().unwrap()).into_response()
        }
        "/packed" => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(b"{\"plain\":true}").unwrap();
            ([("content-encoding", "gzip")], packer.finish().unwrap()).into_response()
        }
        _ => vec![b'x'; 65 * 1024].into_response(),
    })
    .await;
    let client = client();
    for path in ["bomb", "huge"] {
        let cause = refusal(&client, &format!("http://{address}/{path}")).await;
        assert_eq!(cause, Cause::TooLarge(64 * 1024), "{path}");
    }
    assert_eq!(&get(&client, &format!("http://{address}/packed")).await.unwrap().body[..], b"{\"plain\":true}");
}

#[tokio::test]
async fn a_redirect_on_the_same_host_keeps_the_credentials() {
    let address = serve(|request| match request.uri().path() {
        "/contracts" => (StatusCode::FOUND, [("location", "/contracts/?page=1")]).into_response(),
        _ => header_names(&request).into_response(),
    })
    .await;
    let answer = get(&client(), &format!("http://{address}/contracts")).await.unwrap();
    assert_eq!(&answer.body[..], b"accept-encoding authorization client-secret host user-agent");
    assert_eq!(answer.url.path(), "/contracts/");
}

#[tokio::test]
async fn a_redirect_to_another_host_drops_every_credential() {
    let other = serve(|request| header_names(&request).into_response()).await;
    let address = serve(move |_| {
        (StatusCode::TEMPORARY_REDIRECT, [("location", format!("http://{other}/elsewhere"))]).into_response()
    })
    .await;
    let answer = get(&client(), &format!("http://{address}/")).await.unwrap();
    assert_eq!(&answer.body[..], b"accept-encoding host user-agent");
}

#[tokio::test]
async fn redirects_are_judged_anew_and_end() {
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
        let cause = refusal(&client, &format!("http://{address}/{path}")).await;
        assert!(matches!(cause, Cause::Refused(_)), "{path}: {cause:?}");
    }
    let cause = refusal(&client, &format!("http://{address}/loop")).await;
    assert!(matches!(cause, Cause::Redirect(_)), "{cause:?}");
    let Err(failure) = client.send(request(Method::POST, &format!("http://{address}/post")), soon()).await else {
        panic!("a POST was redirected")
    };
    let Cause::Redirect(why) = &failure.cause else { panic!("{failure:?}") };
    assert!(why.contains(&format!("redirects the POST to http://{address}/loop")), "{why}");
}

#[tokio::test]
async fn a_limit_is_waited_for_where_that_is_safe_and_fits() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let address = serve(move |request| {
        let mut asked = log.lock().unwrap();
        asked.push(format!("{} {}", request.method(), request.uri().path()));
        let wait = if request.uri().path() == "/long" { "3600" } else { "0" };
        if asked.len() % 3 == 0 && wait == "0" && request.method() == Method::GET {
            return "done".into_response();
        }
        (StatusCode::TOO_MANY_REQUESTS, [("retry-after", wait)]).into_response()
    })
    .await;
    let client = client();
    assert_eq!(get(&client, &format!("http://{address}/short")).await.unwrap().status, 200);
    assert_eq!(asked.lock().unwrap().len(), 3);
    let long = get(&client, &format!("http://{address}/long")).await.unwrap();
    assert_eq!(
        (long.status.as_u16(), asked.lock().unwrap().len()),
        (429, 4),
        "an hour does not fit: it is not waited for"
    );
    let posted = client.send(request(Method::POST, &format!("http://{address}/post")), soon()).await;
    let posted = posted.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!((posted.status.as_u16(), asked.lock().unwrap().len()), (429, 5), "a POST is not repeated");
}

#[tokio::test]
async fn an_upstream_stands_in_and_the_providers_url_stays() {
    let address = serve(|request| match request.uri().path() {
        "/stage/v1/old" => (StatusCode::FOUND, [("location", "/stage/v1/new/")]).into_response(),
        path => format!("{path} {}", request.headers().contains_key("client-secret")).into_response(),
    })
    .await;
    let upstreams = [("https://api.example.com".to_owned(), format!("http://{address}/stage"))];
    let client = client_with(&[], &upstreams, 1024);
    let answer = get(&client, "https://api.example.com/v1/old?page=1").await.unwrap();
    assert_eq!(&answer.body[..], b"/stage/v1/new/ true");
    assert_eq!(answer.url.as_str(), "https://api.example.com/v1/new/");
    // The target is trusted, its neighbours are not.
    let neighbour = format!("http://127.0.0.1:{}/", address.port() ^ 1);
    let cause = refusal(&client, &neighbour).await;
    assert!(matches!(cause, Cause::Refused(_)), "{cause:?}");
}

#[tokio::test]
async fn without_an_allow_list_loopback_is_refused_by_name_and_number() {
    let client = client_with(&[], &[], 1024);
    for url in ["https://127.0.0.1:1/", "https://localhost:1/", "http://127.0.0.1:1/", "http://example.com/"] {
        let cause = refusal(&client, url).await;
        assert!(matches!(&cause, Cause::Refused(refused) if refused.message.contains("egress.allow")), "{cause:?}");
    }
}

//! Rate limits of an account, declared and reported, and retries. No test waits: a request that would wait is rejected.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::Request,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use patchbay_engine::{Error, ErrorCode, ProxyRequest};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::world::{World, named, request, world};

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// `/things/ID` answers by its id.
async fn strict() -> (World, Arc<Semaphore>) {
    let (count, go) = (Arc::new(AtomicU64::new(0)), Arc::new(Semaphore::new(0)));
    let (number, released) = (count.clone(), go.clone());
    let world = world(move |request: Request| {
        let (number, released) = (number.fetch_add(1, Ordering::SeqCst), released.clone());
        async move { answer(request, number, &released).await }
    })
    .await;
    (world, go)
}

async fn answer(request: Request, number: u64, released: &Semaphore) -> Response {
    let refused = |headers: &[(&str, &str)]| {
        let mut response =
            (StatusCode::TOO_MANY_REQUESTS, axum::Json(json!({ "detail": "Slow down." }))).into_response();
        for (name, value) in headers {
            let name = axum::http::HeaderName::try_from(*name).unwrap();
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    };
    match request.uri().path().rsplit('/').next().unwrap_or_default() {
        "spent" => {
            ([("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1768473600")], named(&request)).into_response()
        }
        "structured" => ([("ratelimit", r#""hour";r=0;t=900"#)], named(&request)).into_response(),
        "later" => refused(&[("retry-after", "Thu, 15 Jan 2026 10:31:00 GMT")]),
        "reset" => refused(&[("x-ratelimit-reset", "40")]),
        "held" => {
            drop(released.acquire().await);
            named(&request)
        }
        // Refused twice, then taken.
        "new" | "busy" if number < 2 => refused(&[("retry-after", "0")]),
        _ => named(&request),
    }
}

impl World {
    async fn get(&self, id: &str, patience: Option<Duration>) -> Result<Value, Error> {
        let request = request(&self.account, "get_one", &json!({ "path": { "id": id } }));
        let outcome = self.engine.actions.run_within(&self.caller, request, patience).await;
        outcome.map(|outcome| outcome.result["data"].clone())
    }
}

fn reported(error: &Error) -> (u16, ErrorCode, Option<u64>) {
    (error.status(), error.code, error.retry_after)
}

#[tokio::test]
async fn a_reported_limit_is_obeyed_before_it_is_exceeded() {
    for (id, seconds) in [("spent", 600), ("structured", 900)] {
        let (world, _) = strict().await;
        world.get(id, None).await.unwrap();
        let error = world.get("other", AT_ONCE).await.unwrap_err();
        assert_eq!(reported(&error), (429, ErrorCode::ProviderRateLimit, Some(seconds)), "{error}");
        assert!(error.message.starts_with("Flow reported"), "{error}");
        let error = world.get("other", None).await.unwrap_err();
        assert_eq!(reported(&error).1, ErrorCode::ProviderRateLimit, "the delay exceeds the time of the call too");
        let proxied = ProxyRequest {
            account_id: world.account.clone(),
            url: None,
            method: patchbay_connector::definition::HttpMethod::Get,
            path: "/things/other".to_owned(),
            headers: Vec::new(),
            body: None,
        };
        let error = world.engine.proxy.run_within(&world.caller, proxied, AT_ONCE).await.unwrap_err();
        assert_eq!(reported(&error).1, ErrorCode::ProviderRateLimit);
        assert_eq!(world.asked().len(), 1, "nothing more was sent");
        let other = world.link("another-key-of-another-account").await;
        world.run_as(&other, "get_one", json!({ "path": { "id": "other" } })).await.unwrap();
    }
}

#[tokio::test]
async fn a_429_response_is_passed_on_with_its_retry_after() {
    for (id, seconds) in [("later", 60), ("reset", 40)] {
        let (world, _) = strict().await;
        let error = world.get(id, None).await.unwrap_err();
        assert_eq!(reported(&error), (429, ErrorCode::Provider, Some(seconds)), "{error}");
        let error = world.get("other", AT_ONCE).await.unwrap_err();
        assert_eq!(reported(&error), (429, ErrorCode::ProviderRateLimit, Some(seconds)), "everyone else heard it too");
        assert_eq!(world.asked().len(), 1);
    }
}

#[tokio::test]
async fn concurrent_requests_are_limited() {
    let (world, go) = strict().await;
    let world = Arc::new(world);
    let held = (0..3).map(|_| {
        let world = world.clone();
        tokio::spawn(async move { world.get("held", None).await.map_err(|error| error.message) })
    });
    let held = held.collect::<Vec<_>>();
    let mut asked = 0;
    while asked < 3 {
        asked += world.asked().len();
        tokio::task::yield_now().await;
    }
    let error = world.get("other", AT_ONCE).await.unwrap_err();
    assert_eq!(reported(&error), (429, ErrorCode::AccountConcurrency, Some(1)), "{error}");
    assert!(error.message.contains("3 requests to Flow"), "{error}");
    let waiting = tokio::spawn({
        let world = world.clone();
        async move { world.get("other", None).await.map_err(|error| error.message) }
    });
    go.add_permits(3);
    for call in held {
        call.await.unwrap().unwrap();
    }
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn only_idempotent_requests_are_retried() {
    let (world, _) = strict().await;
    world.get("busy", None).await.unwrap();
    assert_eq!(world.asked().len(), 3);

    let (world, _) = strict().await;
    let error = world.run("create_one", json!({})).await.unwrap_err();
    assert_eq!((reported(&error), world.asked().len()), ((429, ErrorCode::Provider, Some(0)), 1));

    let (world, _) = strict().await;
    world.run("create_one", json!({ "headers": { "key": "k-1" } })).await.unwrap();
    assert_eq!(world.asked(), vec![format!("{} /things/new", Method::POST); 3]);
}

#[tokio::test]
async fn a_retry_that_exceeds_the_maximum_wait_is_not_sent() {
    let (world, _) = strict().await;
    let error = world.get("busy", AT_ONCE).await.unwrap_err();
    assert_eq!((reported(&error).1, world.asked().len()), (ErrorCode::Provider, 1));
}

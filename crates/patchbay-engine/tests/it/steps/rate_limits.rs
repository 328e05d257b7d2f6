//! Rate limits of an account, declared and reported, and retries. No test waits: a request that would have to wait is
//! rejected.

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
use patchbay_connector::definition::HttpMethod;
use patchbay_engine::{Error, ErrorCode};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{StepsBed, another_account, named, run, steps_bed};
use crate::support::{proxy_request, run_request};

const NO_WAIT: Option<Duration> = Some(Duration::ZERO);

/// Starts a bed whose provider responds to `/things/ID` according to the ID.
async fn limiting_bed() -> (StepsBed, Arc<Semaphore>) {
    let (count, go) = (Arc::new(AtomicU64::new(0)), Arc::new(Semaphore::new(0)));
    let (number, released) = (count.clone(), go.clone());
    let bed = steps_bed(move |request: Request| {
        let (number, released) = (number.fetch_add(1, Ordering::SeqCst), released.clone());
        async move { respond(request, number, &released).await }
    })
    .await;
    (bed, go)
}

async fn respond(request: Request, number: u64, released: &Semaphore) -> Response {
    let rejected = |headers: &[(&str, &str)]| {
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
        "later" => rejected(&[("retry-after", "Thu, 15 Jan 2026 10:31:00 GMT")]),
        "reset" => rejected(&[("x-ratelimit-reset", "40")]),
        "held" => {
            drop(released.acquire().await);
            named(&request)
        }
        // Rejected twice, then accepted.
        "new" | "busy" if number < 2 => rejected(&[("retry-after", "0")]),
        _ => named(&request),
    }
}

/// Runs `get_one`, which may wait for a rate limit for `max_wait`.
async fn get(bed: &StepsBed, id: &str, max_wait: Option<Duration>) -> Result<Value, Error> {
    let request = run_request(bed.account(), "steps_get_one", &json!({ "path": { "id": id } }));
    let outcome = bed.engine.actions.run_within(&bed.caller, request, max_wait).await;
    outcome.map(|outcome| outcome.result["data"].clone())
}

fn reported(error: &Error) -> (u16, ErrorCode, Option<u64>) {
    (error.status(), error.code, error.retry_after)
}

#[tokio::test]
async fn a_reported_limit_is_obeyed_before_it_is_exceeded() {
    for (id, seconds) in [("spent", 600), ("structured", 900)] {
        let (bed, _) = limiting_bed().await;
        get(&bed, id, None).await.unwrap();
        let error = get(&bed, "other", NO_WAIT).await.unwrap_err();
        assert_eq!(reported(&error), (429, ErrorCode::ProviderRateLimit, Some(seconds)), "{error}");
        assert!(error.message.starts_with("Flow reported"), "{error}");
        let error = get(&bed, "other", None).await.unwrap_err();
        assert_eq!(reported(&error).1, ErrorCode::ProviderRateLimit, "the delay also exceeds the time of the call");
        let proxied = proxy_request(bed.account(), HttpMethod::Get, "/things/other");
        let error = bed.engine.proxy.run_within(&bed.caller, proxied, NO_WAIT).await.unwrap_err();
        assert_eq!(reported(&error).1, ErrorCode::ProviderRateLimit);
        assert_eq!(bed.provider.take_requests().len(), 1, "no further request is sent");
        let other = another_account(&bed).await;
        bed.run_with(&other, "get_one", json!({ "path": { "id": "other" } })).await.unwrap();
    }
}

#[tokio::test]
async fn a_429_response_is_passed_on_with_its_retry_after() {
    for (id, seconds) in [("later", 60), ("reset", 40)] {
        let (bed, _) = limiting_bed().await;
        let error = get(&bed, id, None).await.unwrap_err();
        assert_eq!(reported(&error), (429, ErrorCode::Provider, Some(seconds)), "{error}");
        let error = get(&bed, "other", NO_WAIT).await.unwrap_err();
        assert_eq!(
            reported(&error),
            (429, ErrorCode::ProviderRateLimit, Some(seconds)),
            "the limit applies to other actions, too"
        );
        assert_eq!(bed.provider.take_requests().len(), 1);
    }
}

#[tokio::test]
async fn concurrent_requests_are_limited() {
    let (bed, go) = limiting_bed().await;
    let bed = Arc::new(bed);
    let held = (0..3).map(|_| {
        let bed = bed.clone();
        tokio::spawn(async move { get(&bed, "held", None).await.map_err(|error| error.message) })
    });
    let held = held.collect::<Vec<_>>();
    while bed.provider.request_count() < 3 {
        tokio::task::yield_now().await;
    }
    let error = get(&bed, "other", NO_WAIT).await.unwrap_err();
    assert_eq!(reported(&error), (429, ErrorCode::AccountConcurrency, Some(1)), "{error}");
    assert!(error.message.contains("3 requests to Flow"), "{error}");
    let waiting = tokio::spawn({
        let bed = bed.clone();
        async move { get(&bed, "other", None).await.map_err(|error| error.message) }
    });
    go.add_permits(3);
    for call in held {
        call.await.unwrap().unwrap();
    }
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn only_idempotent_requests_are_retried() {
    let (bed, _) = limiting_bed().await;
    get(&bed, "busy", None).await.unwrap();
    assert_eq!(bed.provider.take_requests().len(), 3);

    let (bed, _) = limiting_bed().await;
    let error = run(&bed, "create_one", json!({})).await.unwrap_err();
    assert_eq!((reported(&error), bed.provider.take_requests().len()), ((429, ErrorCode::Provider, Some(0)), 1));

    let (bed, _) = limiting_bed().await;
    run(&bed, "create_one", json!({ "headers": { "key": "k-1" } })).await.unwrap();
    assert_eq!(bed.provider.take_requests(), vec![format!("{} /things/new", Method::POST); 3]);
}

#[tokio::test]
async fn a_retry_that_exceeds_the_maximum_wait_is_not_sent() {
    let (bed, _) = limiting_bed().await;
    let error = get(&bed, "busy", NO_WAIT).await.unwrap_err();
    assert_eq!((reported(&error).1, bed.provider.take_requests().len()), (ErrorCode::Provider, 1));
}

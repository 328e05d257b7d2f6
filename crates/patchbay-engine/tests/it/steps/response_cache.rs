//! `cacheTTL` and `encodeQueryParams`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    extract::Request,
    http::Method,
    response::{IntoResponse, Response},
};
use patchbay_connector::definition::HttpMethod;
use patchbay_engine::AccountPatch;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{SECRET, StepsBed, another_account, run, steps_bed};
use crate::support::{proxy_request, secrets};

/// Starts a bed whose provider counts its responses.
async fn counting_bed() -> StepsBed {
    let count = Arc::new(AtomicU64::new(0));
    steps_bed(move |request: Request| {
        let count = count.clone();
        async move { respond(&request, count.fetch_add(1, Ordering::SeqCst)) }
    })
    .await
}

fn respond(request: &Request, number: u64) -> Response {
    let query = request.uri().query().unwrap_or_default();
    match (request.uri().path(), query) {
        ("/pages", "") => axum::Json(json!({ "items": [number], "next": "b" })).into_response(),
        ("/pages", _) => axum::Json(json!({ "items": [number] })).into_response(),
        (_, "group=private") => ([("cache-control", "no-store")], axum::Json(json!(number))).into_response(),
        (_, "group=echo") => axum::Json(json!([number, SECRET])).into_response(),
        (_, "group=none") => (axum::http::StatusCode::NOT_FOUND, axum::Json(json!({}))).into_response(),
        _ => ([("etag", format!("e{number}"))], axum::Json(json!(number))).into_response(),
    }
}

#[tokio::test]
async fn a_cached_response_is_reused_by_its_account_only() {
    let bed = counting_bed().await;
    let get = async |inputs: Value| run(&bed, "get_settings", inputs).await.unwrap();
    let first = get(json!({})).await;
    assert_eq!(first, json!({ "data": 0, "etag": "e0", "next": null }));
    assert_eq!(get(json!({})).await, first);
    assert_eq!(get(json!({ "query": { "group": "a" } })).await["data"], 1, "another request");
    let other = another_account(&bed).await;
    assert_eq!(bed.run_with(&other, "get_settings", json!({})).await.unwrap()["data"], 2, "another account");
    assert_eq!(bed.provider.take_requests(), ["GET /settings", "GET /settings?group=a", "GET /settings"]);

    // Changed credentials invalidate the cache, and so does a write.
    let credentials = secrets(&[("key", "the-new-key-after-the-old")]);
    let patch = AccountPatch { credentials, ..AccountPatch::default() };
    bed.patch_account(bed.account(), patch).await.unwrap();
    assert_eq!(get(json!({})).await["data"], 3);
    assert_eq!(get(json!({})).await["data"], 3);
    run(&bed, "change_settings", json!({ "body": { "theme": "dark" } })).await.unwrap();
    assert_eq!(get(json!({})).await["data"], 5);
    assert_eq!(
        bed.run_with(&other, "get_settings", json!({})).await.unwrap()["data"],
        2,
        "other accounts keep their cached responses"
    );
    let proxied = proxy_request(bed.account(), HttpMethod::Delete, "/settings");
    bed.engine.proxy.run(&bed.caller, proxied).await.unwrap();
    assert_eq!(get(json!({})).await["data"], 7);
}

#[tokio::test]
async fn a_write_whose_caller_disconnects_invalidates_the_cache() {
    let arrived = Arc::new(Notify::new());
    let writes = arrived.clone();
    let count = Arc::new(AtomicU64::new(0));
    let bed = steps_bed(move |request: Request| {
        let (writes, count) = (writes.clone(), count.clone());
        async move {
            if request.method() != Method::GET {
                // The provider has changed its data, and its response never arrives.
                writes.notify_one();
                std::future::pending::<()>().await;
            }
            respond(&request, count.fetch_add(1, Ordering::SeqCst))
        }
    })
    .await;
    let get = async || run(&bed, "get_settings", json!({})).await.unwrap()["data"].clone();
    assert_eq!((get().await, get().await), (0.into(), 0.into()));
    let inputs = json!({ "body": { "theme": "dark" } });
    tokio::select! {
        outcome = run(&bed, "change_settings", inputs) => panic!("{outcome:?}"),
        () = arrived.notified() => {}
    }
    assert_eq!(get().await, 1);

    let proxied = proxy_request(bed.account(), HttpMethod::Delete, "/settings");
    tokio::select! {
        outcome = bed.engine.proxy.run(&bed.caller, proxied) => panic!("{outcome:?}"),
        () = arrived.notified() => {}
    }
    assert_eq!(get().await, 2);
}

#[tokio::test]
async fn each_page_is_cached() {
    let bed = counting_bed().await;
    for _ in 0..3 {
        assert_eq!(run(&bed, "list_kept", json!({})).await.unwrap()["data"], json!([0, 1]));
    }
    assert_eq!(bed.provider.take_requests(), ["GET /pages", "GET /pages?after=b"]);
}

#[tokio::test]
async fn failures_secrets_and_no_store_responses_are_not_cached() {
    let bed = counting_bed().await;
    for group in ["private", "echo", "none"] {
        for _ in 0..2 {
            let _ = run(&bed, "get_settings", json!({ "query": { "group": group } })).await;
        }
        assert_eq!(bed.provider.take_requests().len(), 2, "{group}");
    }
}

#[tokio::test]
async fn a_raw_query_is_sent_unchanged_as_one_parameter() {
    let bed = counting_bed().await;
    for (filter, sent) in [
        ("a(b),c:d|e/f=g;%20+", "GET /search?fixed=1&$filter=a(b),c:d|e/f=g;%20+"),
        ("x&admin=1#y", "GET /search?fixed=1&$filter=x%26admin=1%23y"),
    ] {
        run(&bed, "search_plain", json!({ "query": { "filter": filter } })).await.unwrap();
        assert_eq!(bed.provider.take_requests(), [sent]);
    }
}

//! `cacheTTL` and `encodeQueryParams`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use patchbay_connector::definition::HttpMethod;
use patchbay_engine::ProxyRequest;
use patchbay_vault::Secret;
use serde_json::{Value, json};

use crate::world::{SECRET, World, world};

/// Each answer is another one.
async fn counting() -> World {
    let count = Arc::new(AtomicU64::new(0));
    world(move |request: Request| {
        let count = count.clone();
        async move { answer(&request, count.fetch_add(1, Ordering::SeqCst)) }
    })
    .await
}

fn answer(request: &Request, number: u64) -> Response {
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
    let world = counting().await;
    let get = async |inputs: Value| world.run("get_settings", inputs).await.unwrap();
    let first = get(json!({})).await;
    assert_eq!(first, json!({ "data": 0, "etag": "e0", "next": null }));
    assert_eq!(get(json!({})).await, first);
    assert_eq!(get(json!({ "query": { "group": "a" } })).await["data"], 1, "another request");
    let other = world.link("another-key-of-another-account").await;
    assert_eq!(world.run_as(&other, "get_settings", json!({})).await.unwrap()["data"], 2, "another account");
    assert_eq!(world.asked(), ["GET /settings", "GET /settings?group=a", "GET /settings"]);

    // Changed credentials miss the cache, and so does a caller that changed something.
    let credentials = vec![("key".to_owned(), Secret::new("the-new-key-after-the-old"))];
    let patch = patchbay_engine::AccountPatch { credentials, ..Default::default() };
    world.engine.patch_account(&world.caller, &world.account, patch).await.unwrap();
    assert_eq!(get(json!({})).await["data"], 3);
    assert_eq!(get(json!({})).await["data"], 3);
    world.run("change_settings", json!({ "body": { "theme": "dark" } })).await.unwrap();
    assert_eq!(get(json!({})).await["data"], 5);
    assert_eq!(world.run_as(&other, "get_settings", json!({})).await.unwrap()["data"], 2, "others keep theirs");
    let proxied = ProxyRequest {
        account_id: world.account.clone(),
        url: None,
        method: HttpMethod::Delete,
        path: "/settings".to_owned(),
        headers: Vec::new(),
        body: None,
    };
    world.engine.proxy.run(&world.caller, proxied).await.unwrap();
    assert_eq!(get(json!({})).await["data"], 7);
}

#[tokio::test]
async fn each_page_is_cached() {
    let world = counting().await;
    for _ in 0..3 {
        assert_eq!(world.run("list_kept", json!({})).await.unwrap()["data"], json!([0, 1]));
    }
    assert_eq!(world.asked(), ["GET /pages", "GET /pages?after=b"]);
}

#[tokio::test]
async fn failures_secrets_and_no_store_responses_are_not_cached() {
    let world = counting().await;
    for group in ["private", "echo", "none"] {
        for _ in 0..2 {
            let _ = world.run("get_settings", json!({ "query": { "group": group } })).await;
        }
        assert_eq!(world.asked().len(), 2, "{group}");
    }
}

#[tokio::test]
async fn a_raw_query_is_sent_unchanged_as_one_parameter() {
    let world = counting().await;
    for (filter, sent) in [
        ("a(b),c:d|e/f=g;%20+", "GET /search?fixed=1&$filter=a(b),c:d|e/f=g;%20+"),
        ("x&admin=1#y", "GET /search?fixed=1&$filter=x%26admin=1%23y"),
    ] {
        world.run("search_plain", json!({ "query": { "filter": filter } })).await.unwrap();
        assert_eq!(world.asked(), [sent]);
    }
}

//! Every step function that calls a provider reports each fault with its own code, and never repeats a write.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use patchbay_model::ErrorCode;
use patchbay_simulator::Fault;
use serde_json::{Map, Value, json};

use crate::support::{RunnerBed, fixture};

/// Starts a bed whose provider responds with the fault that the path names.
async fn faulty_bed() -> RunnerBed {
    RunnerBed::start(fixture("steps"), "https://api.steps.example.com", |request: Request| async move {
        respond(request).await
    })
    .await
}

async fn respond(request: Request) -> Response {
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let (place, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match (place, query.as_str()) {
        // The first page has no fault.
        ("paged", "") => axum::Json(json!({ "items": [1], "next": "b" })).into_response(),
        ("endless", query) => axum::Json(endless(name, query)).into_response(),
        _ => fault(name).await,
    }
}

fn endless(kind: &str, query: &str) -> Value {
    let page = query.trim_start_matches("after=").parse::<u64>().unwrap_or(0);
    match kind {
        "same" => json!({ "items": [page], "next": "7" }),
        "empty" => json!({ "items": [], "next": page + 1 }),
        "large" => json!({ "items": ["x".repeat(300_000)], "next": page + 1 }),
        _ => json!({ "items": [page], "next": page + 1 }),
    }
}

async fn fault(name: &str) -> Response {
    let status = |status, headers: Value| Fault::Status {
        status,
        body: json!({ "detail": "Not today." }),
        headers: headers.as_object().cloned().unwrap_or_default(),
    };
    let fault = match name {
        "429" => Fault::RateLimited { retry_after: 3600 },
        "503" => status(503, json!({ "retry-after": "3600" })),
        "html" => Fault::Html,
        "truncated" => Fault::TruncatedBody,
        "close" => Fault::Close,
        "huge" => Fault::HugeBody { bytes: 4_000_000 },
        "bomb" => Fault::GzipBomb { bytes: 50_000_000 },
        "inside" => Fault::Redirect { location: "http://169.254.169.254/latest".to_owned(), status: 302 },
        "broken_json" => return ([("content-type", "application/json")], "{\"items\": [").into_response(),
        "no_text" => return ([("content-type", "application/octet-stream")], vec![0xff_u8, 0xfe]).into_response(),
        other => status(other.parse().unwrap(), Value::Object(Map::new())),
    };
    fault.response().await.unwrap()
}

/// Returns the status and code of the error, and the number of requests to the provider.
async fn reported(action: &str, fault: &str) -> (String, usize) {
    let bed = faulty_bed().await;
    let outcome = bed.run(action, json!({ "path": { "fault": fault } })).await;
    let reported = match outcome {
        Ok(result) => format!("returned {}", result["data"]),
        Err(error) => {
            format!("{} {}", error.status(), error.code)
        }
    };
    (reported, bed.take_requests().len())
}

const FAULTS: [(&str, &str); 11] = [
    ("401", "401 AccountInvalidCredentialsError"),
    ("404", "404 ProviderError"),
    ("429", "429 ProviderError"),
    ("500", "500 ProviderError"),
    ("503", "503 ProviderError"),
    ("truncated", "502 ProviderConnectionError"),
    ("close", "502 ProviderConnectionError"),
    ("huge", "502 ProviderResponseTooLargeError"),
    ("bomb", "502 ProviderResponseTooLargeError"),
    ("inside", "502 EgressRefusedError"),
    ("broken_json", "502 ProviderInvalidResponseError"),
];

/// Returns the expected error of a write, which follows no redirect.
fn of_write(expected: &str) -> String {
    expected.replace(ErrorCode::EgressRefused.as_str(), ErrorCode::ProviderRedirect.as_str())
}

#[tokio::test]
async fn a_request_reports_every_fault() {
    for (fault, expected) in FAULTS
        .into_iter()
        .chain([("html", "502 ProviderInvalidResponseError"), ("no_text", "502 ProviderInvalidResponseError")])
    {
        // A lost connection is retried once; an hour of `Retry-After` exceeds the call's time.
        let requests = if ["truncated", "close"].contains(&fault) { 2 } else { 1 };
        assert_eq!(reported("fault_request", fault).await, (expected.to_owned(), requests), "{fault}");
        assert_eq!(reported("fault_write", fault).await, (of_write(expected), 1), "a write is not retried: {fault}");
    }
}

#[tokio::test]
async fn a_fault_on_a_later_page_fails_the_whole_list() {
    for (fault, expected) in FAULTS {
        let requests = if ["truncated", "close"].contains(&fault) { 3 } else { 2 };
        assert_eq!(reported("fault_paginated_request", fault).await, (expected.to_owned(), requests), "{fault}");
    }
}

#[tokio::test]
async fn uploads_report_every_fault_and_are_not_retried() {
    for action in ["fault_upload_file", "fault_upload_binary"] {
        for (fault, expected) in FAULTS {
            assert_eq!(reported(action, fault).await, (of_write(expected), 1), "{action} {fault}");
        }
    }
}

#[tokio::test]
async fn a_download_accepts_any_content_and_reports_every_fault() {
    // A file can have any content, also invalid JSON.
    for (fault, expected) in FAULTS.into_iter().filter(|(fault, _)| *fault != "broken_json") {
        assert_eq!(reported("fault_download_file", fault).await.0, expected, "{fault}");
    }
    for fault in ["html", "broken_json", "no_text"] {
        assert!(reported("fault_download_file", fault).await.0.starts_with("returned"), "{fault}");
    }
}

#[tokio::test]
async fn an_ignored_fault_leaves_its_status_and_no_data() {
    for (fault, status) in [("404", 404), ("truncated", 502), ("html", 502)] {
        let bed = faulty_bed().await;
        let result = bed.run("fault_ignored", json!({ "path": { "fault": fault } })).await.unwrap();
        assert_eq!(result["data"], json!({ "status": status, "data": null }), "{fault}");
    }
}

#[tokio::test]
async fn endless_pages_are_limited() {
    let endless = async |kind: &str| {
        let bed = faulty_bed().await;
        let outcome = bed.run("endless", json!({ "path": { "kind": kind } })).await;
        (outcome, bed.take_requests().len())
    };
    let (outcome, requests) = endless("new").await;
    let result = outcome.unwrap();
    assert_eq!((result["data"].as_array().unwrap().len(), &result["next"], requests), (20, &json!("20"), 20));
    let (outcome, requests) = endless("same").await;
    assert_eq!((outcome.unwrap()["data"].clone(), requests), (json!([0, 7]), 2), "a repeated page token ends the list");
    let (outcome, requests) = endless("empty").await;
    assert_eq!((outcome.unwrap()["data"].clone(), requests), (json!([]), 20), "an empty page with a next one is legal");
    let (outcome, requests) = endless("large").await;
    let error = outcome.unwrap_err();
    assert_eq!((error.code, requests), (ErrorCode::ProviderResponseTooLarge, 4), "the size limit counts all pages");
}

//! `async` steps.

use std::sync::Arc;

use axum::{
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use patchbay_model::ErrorCode;
use serde_json::json;
use tokio::sync::{Notify, Semaphore};

use crate::support::{RunnerBed, fixture};

/// Starts a bed whose provider responds to `/slow` after the request to `/quick`, and never to `/hangs`. It notifies the
/// test when the request to `/hangs` is cancelled.
async fn relay() -> (RunnerBed, Arc<Notify>) {
    let (quick, cancelled) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let reported = cancelled.clone();
    let bed = RunnerBed::start(fixture("steps"), "https://api.steps.example.com", move |request: Request| {
        let (quick, reported) = (quick.clone(), reported.clone());
        async move { respond(request, &quick, reported).await }
    })
    .await;
    (bed, cancelled)
}

async fn respond(request: Request, quick: &Semaphore, reported: Arc<Notify>) -> Response {
    match request.uri().path() {
        "/slow" => drop(quick.acquire().await),
        "/quick" => quick.add_permits(1),
        "/fails" => {
            quick.add_permits(1);
            return (StatusCode::CONFLICT, axum::Json(json!({ "detail": "No." }))).into_response();
        }
        "/hangs" => {
            struct Cancelled(Arc<Notify>);
            impl Drop for Cancelled {
                fn drop(&mut self) {
                    self.0.notify_one();
                }
            }
            let _cancelled = Cancelled(reported);
            std::future::pending::<()>().await;
        }
        _ => {}
    }
    axum::Json(json!({ "name": request.uri().path().trim_start_matches('/') })).into_response()
}

#[tokio::test]
async fn async_steps_run_until_their_output_is_needed() {
    // In order they would never end: the response to `/slow` waits for the request to `/quick`.
    let (bed, _) = relay().await;
    let result = bed.run("gather", json!({})).await.unwrap();
    let expected = json!({
        "slow": "slow", "other": "other", "quick": "quick", "needs_slow": "after",
        "order": ["slow", "other", "quick", "needs_slow"], "data": null, "next": null,
    });
    assert_eq!(result, expected, "outputs have the order of the file");
    assert_eq!(bed.take_requests().last().unwrap(), "GET /after?slow=slow");
}

#[tokio::test]
async fn an_action_ends_after_all_its_async_steps() {
    let (bed, _) = relay().await;
    assert_eq!(bed.run("gather_last", json!({})).await.unwrap()["data"], json!({ "name": "slow" }));
    bed.run("gather_fails", json!({})).await.unwrap_err();
    bed.take_requests();
    assert_eq!(bed.run("gather_break", json!({})).await.unwrap()["slow"], "slow");
    assert_eq!(bed.take_requests(), ["GET /slow"], "no step starts after the one that ends the action");
}

#[tokio::test]
async fn a_failed_async_step_ends_the_action_before_the_next_step() {
    let (bed, _) = relay().await;
    let error = bed.run("gather_fails", json!({})).await.unwrap_err();
    assert_eq!((error.status(), error.code), (409, ErrorCode::Provider));
    let requests = bed.take_requests();
    assert!(requests.contains(&"GET /slow".to_owned()) && !requests.contains(&"GET /never".to_owned()), "{requests:?}");
    let ignored = bed.run("gather_ignored", json!({})).await.unwrap();
    assert_eq!((&ignored["status"], &ignored["quick"]), (&json!(409), &json!("quick")));
}

#[tokio::test]
async fn a_failing_step_cancels_running_async_steps() {
    let (bed, cancelled) = relay().await;
    let error = bed.run("gather_given_up", json!({})).await.unwrap_err();
    assert_eq!(error.status(), 409);
    cancelled.notified().await;
}

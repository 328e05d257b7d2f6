//! `async` steps.

use patchbay_engine::ErrorCode;
use std::sync::Arc;

use axum::{
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::sync::{Notify, Semaphore};

use crate::world::{World, named, world};

/// `/slow` answers once `/quick` has been asked; `/hangs` never does, and tells when it is given up.
async fn relay() -> (World, Arc<Notify>) {
    let (quick, given_up) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let reported = given_up.clone();
    let world = world(move |request: Request| {
        let (quick, reported) = (quick.clone(), reported.clone());
        async move { answer(request, &quick, reported).await }
    })
    .await;
    (world, given_up)
}

async fn answer(request: Request, quick: &Semaphore, reported: Arc<Notify>) -> Response {
    match request.uri().path() {
        "/slow" => drop(quick.acquire().await),
        "/quick" => quick.add_permits(1),
        "/fails" => {
            quick.add_permits(1);
            return (StatusCode::CONFLICT, axum::Json(json!({ "detail": "No." }))).into_response();
        }
        "/hangs" => {
            struct GivenUp(Arc<Notify>);
            impl Drop for GivenUp {
                fn drop(&mut self) {
                    self.0.notify_one();
                }
            }
            let _given_up = GivenUp(reported);
            std::future::pending::<()>().await;
        }
        _ => {}
    }
    named(&request)
}

#[tokio::test]
async fn async_steps_run_until_their_output_is_needed() {
    // One after the other they would never end: the slow one waits for the quick one.
    let (world, _) = relay().await;
    let result = world.run("gather", json!({})).await.unwrap();
    let expected = json!({
        "slow": "slow", "other": "other", "quick": "quick", "needs_slow": "after",
        "order": ["slow", "other", "quick", "needs_slow"], "data": null, "next": null,
    });
    assert_eq!(result, expected, "outputs stand in the file's order");
    assert_eq!(world.asked().last().unwrap(), "GET /after?slow=slow");
}

#[tokio::test]
async fn an_action_ends_after_all_its_async_steps() {
    let (world, _) = relay().await;
    assert_eq!(world.run("gather_last", json!({})).await.unwrap()["data"], json!({ "name": "slow" }));
    world.run("gather_fails", json!({})).await.unwrap_err();
    world.asked();
    assert_eq!(world.run("gather_break", json!({})).await.unwrap()["slow"], "slow");
    assert_eq!(world.asked(), ["GET /slow"], "no step starts after the one that ends the action");
}

#[tokio::test]
async fn a_failed_async_step_ends_the_action_before_the_next_step() {
    let (world, _) = relay().await;
    let error = world.run("gather_fails", json!({})).await.unwrap_err();
    assert_eq!((error.status(), error.code), (409, ErrorCode::Provider));
    let asked = world.asked();
    assert!(asked.contains(&"GET /slow".to_owned()) && !asked.contains(&"GET /never".to_owned()), "{asked:?}");
    let ignored = world.run("gather_ignored", json!({})).await.unwrap();
    assert_eq!((&ignored["status"], &ignored["quick"]), (&json!(409), &json!("quick")));
}

#[tokio::test]
async fn a_failing_step_cancels_running_async_steps() {
    let (world, given_up) = relay().await;
    let error = world.run("gather_given_up", json!({})).await.unwrap_err();
    assert_eq!(error.status(), 409);
    given_up.notified().await;
}

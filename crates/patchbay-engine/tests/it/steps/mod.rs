//! Steps through the whole engine: the response cache, events, cursors, rate limits, traces.

mod cursors;
mod events;
mod rate_limits;
mod response_cache;
mod traces;

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use patchbay_engine::Error;
use patchbay_model::AccountId;
use serde_json::{Value, json};

use crate::support::{HttpProvider, TestBed};

/// The key of the linked account.
const SECRET: &str = "canary-77aa0f3c1e";

/// A bed with the connector `steps` and a linked account.
type StepsBed = TestBed<HttpProvider>;

/// Starts a bed whose provider responds with `respond`.
async fn steps_bed<F, R>(respond: F) -> StepsBed
where
    F: Fn(Request) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    let bed = TestBed::builder().connector("steps").account(&[("key", SECRET)]);
    bed.provider("https://api.steps.example.com", HttpProvider::new(respond)).start().await
}

/// Runs an action of the linked account.
async fn run(bed: &StepsBed, action: &str, inputs: Value) -> Result<Value, Error> {
    bed.run_with(bed.account(), action, inputs).await
}

/// Links the account of another customer.
async fn another_account(bed: &StepsBed) -> AccountId {
    bed.link("another-customer", &[("key", "another-key-of-another-account")]).await.unwrap().id.clone()
}

/// Returns the response `{"name": PATH}`.
fn named(request: &Request) -> Response {
    axum::Json(json!({ "name": request.uri().path().trim_start_matches('/') })).into_response()
}

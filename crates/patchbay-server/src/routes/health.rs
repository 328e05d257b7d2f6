//! Whether the server lives, and whether it can serve.

use axum::{Json, extract::State};
use patchbay_engine::Engine;
use serde_json::{Value, json};

use crate::error::ApiError;

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "Health", security(()), responses((status = 200, description = "The process runs.", body = Object)))]
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The storage answers, so requests can be served.
#[utoipa::path(get, path = "/readyz", tag = "Health", security(()), responses((status = 200, description = "Requests can be served.", body = Object), (status = 503, description = "The storage does not answer.", body = crate::error::ErrorBody)))]
pub(crate) async fn readyz(State(engine): State<Engine>) -> Result<Json<Value>, ApiError> {
    engine.ready().await?;
    Ok(Json(json!({ "status": "ready" })))
}

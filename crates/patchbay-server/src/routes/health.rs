//! Health checks.

use axum::{Json, extract::State};
use patchbay_engine::Engine;

use crate::{
    dto::{
        health::{HealthOut, HealthStatus, ReadyOut, ReadyStatus},
        responses::ServerErrors,
    },
    error::ApiError,
};

/// Checks that the process runs.
///
/// For a liveness probe: it reads nothing and needs no key.
#[utoipa::path(
    get, path = "/healthz", tag = "Health", operation_id = "health_healthz", security(()),
    responses((status = 200, description = "The process runs.", body = HealthOut))
)]
pub(crate) async fn healthz() -> Json<HealthOut> {
    Json(HealthOut { status: HealthStatus::Ok })
}

/// Checks that the server can serve requests.
///
/// For a readiness probe: it asks the storage and needs no key.
#[utoipa::path(
    get, path = "/readyz", tag = "Health", operation_id = "health_readyz", security(()),
    responses(
        ServerErrors,
        (status = 200, description = "Requests can be served.", body = ReadyOut),
    )
)]
pub(crate) async fn readyz(State(engine): State<Engine>) -> Result<Json<ReadyOut>, ApiError> {
    engine.ready().await?;
    Ok(Json(ReadyOut { status: ReadyStatus::Ready }))
}

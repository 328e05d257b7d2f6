//! Health checks.

use axum::{Json, extract::State};
use patchbay_engine::{Error, ErrorCode};

use crate::{
    dto::{
        health::{HealthOut, HealthStatus, ReadyOut, ReadyStatus},
        responses::ServerErrors,
    },
    error::ApiError,
    state::AppState,
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
/// For a readiness probe: it asks the storage and needs no key. A server that stops is no longer ready.
#[utoipa::path(
    get, path = "/readyz", tag = "Health", operation_id = "health_readyz", security(()),
    responses(
        ServerErrors,
        (status = 200, description = "Requests can be served.", body = ReadyOut),
    )
)]
pub(crate) async fn readyz(State(state): State<AppState>) -> Result<Json<ReadyOut>, ApiError> {
    if state.config.stopping.is_cancelled() {
        return Err(
            Error::new(ErrorCode::StorageUnavailable, "the server is stopping; send requests to another one").into()
        );
    }
    state.engine.ready().await?;
    let stale_seconds = state.engine.stale_age().map(|age| age.as_secs());
    Ok(Json(ReadyOut { status: ReadyStatus::Ready, stale_seconds }))
}

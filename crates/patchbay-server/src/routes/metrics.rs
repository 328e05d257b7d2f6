//! What the server counts, for monitoring.

use axum::{
    extract::State,
    http::{HeaderName, header},
};
use patchbay_engine::{Engine, METRICS_CONTENT_TYPE};

use crate::{
    dto::responses::{KeyErrors, ValidationErrors},
    error::ApiError,
    extract::{Authenticated, QueryMap},
};

/// Returns what the server counts.
///
/// In the text format of OpenMetrics, for Prometheus and others. The figures are those of this server, over all projects; labels
/// name connectors, actions and routes, never accounts. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/metrics", tag = "Health", operation_id = "health_metrics",
    responses(
        KeyErrors, ValidationErrors,
        (status = 200, description = "The metrics.", body = String, content_type = "application/openmetrics-text"),
    )
)]
pub(crate) async fn metrics(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<([(HeaderName, &'static str); 1], String), ApiError> {
    query.finish()?;
    let text = engine.metrics_for(&caller).await?;
    Ok(([(header::CONTENT_TYPE, METRICS_CONTENT_TYPE)], text))
}

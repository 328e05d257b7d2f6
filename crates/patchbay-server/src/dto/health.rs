//! Health checks.

use serde::Serialize;
use utoipa::ToSchema;

/// The state of a process that runs.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthOut {
    pub(crate) status: HealthStatus,
}

/// Always `ok`: a process that cannot respond does not respond.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HealthStatus {
    Ok,
}

/// The state of a server that can serve requests.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadyOut {
    pub(crate) status: ReadyStatus,
    /// For how many seconds the database that servers share has been away: calls that need no write are served from what the
    /// server has in memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) stale_seconds: Option<u64>,
}

/// Always `ready`: a server that is not ready responds with 503.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadyStatus {
    Ready,
}

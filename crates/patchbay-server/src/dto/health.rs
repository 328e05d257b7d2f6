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
}

/// Always `ready`: a server that is not ready responds with 503.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadyStatus {
    Ready,
}

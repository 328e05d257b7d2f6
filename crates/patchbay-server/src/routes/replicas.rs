//! The servers that share a database.

use axum::{Json, extract::State};
use patchbay_engine::Engine;

use crate::{
    dto::{
        replicas::{ReplicaListOut, ReplicaOut},
        responses::{KeyErrors, ValidationErrors},
    },
    error::ApiError,
    extract::{Authenticated, QueryMap},
};

/// Lists the running servers of the instance.
///
/// The server that started first is first. A server that stops is not listed; one that was killed is for 20 seconds. Without a
/// shared database, the list has one server. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/admin/replicas", tag = "Health", operation_id = "admin_replicas",
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The running servers.", body = ReplicaListOut))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<ReplicaListOut>, ApiError> {
    query.finish()?;
    let (live, this) = (engine.membership.list(&caller).await?, engine.membership.id().as_str());
    Ok(Json(ReplicaListOut { data: live.into_iter().map(|replica| ReplicaOut::new(replica, this)).collect() }))
}

//! Connector profiles under the newer of their two names, with the versions that each can run.

use axum::{
    Json,
    extract::{Path, State},
};
use patchbay_engine::{Engine, ProfilePatch};
use patchbay_model::ProfileId;

use super::profiles;
use crate::{
    dto::{
        connector_versions::{ConnectorOut, VersionListOut},
        problems::invalid,
        profiles::{PinIn, PinOut, ProfilePageOut},
        responses::{BodyErrors, ConflictErrors, KeyErrors, ValidationErrors},
        shared::PageParams,
    },
    error::ApiError,
    extract::{Authenticated, QueryMap, WireJson},
};

/// Lists the project's connector profiles.
///
/// As `GET /auth_configs`. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/connector_profiles", tag = "Connector profiles", operation_id = "connector_profiles_list_by_name",
    params(
        PageParams,
        ("enabled" = Option<bool>, Query, description = "Only enabled or only disabled profiles."),
        ("connector_key" = Option<String>, Query, description = "Only profiles of this connector.", example = "spotdraft"),
    ),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The page.", body = ProfilePageOut))
)]
pub(crate) async fn list(
    engine: State<Engine>,
    caller: Authenticated,
    query: QueryMap,
) -> Result<Json<ProfilePageOut>, ApiError> {
    profiles::list(engine, caller, query).await
}

/// Lists the versions of a profile's connector, newest first.
///
/// Scope: `platform:read` and `connectors:read`.
#[utoipa::path(
    get, path = "/connector_profiles/{id}/versions", tag = "Connector profiles", operation_id = "connector_profiles_versions",
    params(("id" = String, Path, format = "uuid", description = "The profile's ID.")),
    responses(KeyErrors, (status = 200, description = "The versions.", body = VersionListOut))
)]
pub(crate) async fn versions(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<VersionListOut>, ApiError> {
    let profile = engine.profiles.get(&caller, &ProfileId::new(id)).await?;
    let connector = engine.connectors.get(&caller, &profile.connector).await?;
    Ok(Json(ConnectorOut::from(connector).into_versions()))
}

/// Returns the version that a profile is pinned to.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/connector_profiles/{id}/pinned_version", tag = "Connector profiles", operation_id = "connector_profiles_pin",
    params(("id" = String, Path, format = "uuid", description = "The profile's ID.")),
    responses(KeyErrors, (status = 200, description = "The pin.", body = PinOut))
)]
pub(crate) async fn pin(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<PinOut>, ApiError> {
    let profile = engine.profiles.get(&caller, &ProfileId::new(id)).await?;
    Ok(Json(PinOut { pinned_version: profile.version_pin.clone() }))
}

/// Pins a profile to a version.
///
/// Scope: `platform:write`.
#[utoipa::path(
    put, path = "/connector_profiles/{id}/pinned_version", tag = "Connector profiles", operation_id = "connector_profiles_set_pin",
    params(("id" = String, Path, format = "uuid", description = "The profile's ID.")),
    request_body(content = PinIn, example = json!({ "pinned_version": "1.x.x" })),
    responses(KeyErrors, BodyErrors, ConflictErrors, (status = 200, description = "The pin.", body = PinOut))
)]
pub(crate) async fn set_pin(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    WireJson(body): WireJson<PinIn>,
) -> Result<Json<PinOut>, ApiError> {
    let id = ProfileId::new(id);
    // A profile of another project does not exist, whatever the body is.
    engine.profiles.get(&caller, &id).await?;
    let Some(pin) = body.pinned_version else {
        return Err(
            invalid("pinned_version", "pinned_version is required: `latest`, `1.x.x`, `1.2.x` or one version").into()
        );
    };
    change_pin(&engine, &caller, &id, Some(pin)).await
}

/// Lets a profile follow the latest version.
///
/// Scope: `platform:write`.
#[utoipa::path(
    delete, path = "/connector_profiles/{id}/pinned_version", tag = "Connector profiles",
    operation_id = "connector_profiles_delete_pin",
    params(("id" = String, Path, format = "uuid", description = "The profile's ID.")),
    responses(KeyErrors, ConflictErrors, (status = 200, description = "The pin, which is null.", body = PinOut))
)]
pub(crate) async fn delete_pin(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<PinOut>, ApiError> {
    change_pin(&engine, &caller, &ProfileId::new(id), None).await
}

async fn change_pin(
    engine: &Engine,
    caller: &patchbay_engine::Caller,
    id: &ProfileId,
    pin: Option<String>,
) -> Result<Json<PinOut>, ApiError> {
    let patch = ProfilePatch { version_pin: Some(pin), ..ProfilePatch::default() };
    let profile = engine.profiles.patch(caller, id, patch).await?;
    Ok(Json(PinOut { pinned_version: profile.version_pin.clone() }))
}

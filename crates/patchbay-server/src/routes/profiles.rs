//! Connector profiles, under `/auth_configs`.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use patchbay_engine::{Engine, Error, Field, ProfileQuery};
use patchbay_model::{Profile, ProfileId};

use crate::{
    dto::{
        problems::with_name,
        profiles::{CreateProfile, PatchProfile, ProfileOut, ProfilePageOut},
        responses::{BodyErrors, ConflictErrors, KeyErrors, ValidationErrors},
        shared::PageParams,
    },
    error::ApiError,
    extract::{ApiJson, Authenticated, QueryMap},
};

/// Returns a profile with the data of the connector that it runs.
async fn profile_out(engine: &Engine, profile: &Profile) -> Result<ProfileOut, Error> {
    Ok(ProfileOut::new(profile, engine.connector_catalog.find_for_profile(profile).await?.as_ref()))
}

/// Returns an error with this route's name of the connector.
fn connector_key(error: Error) -> Error {
    with_name(error, Field::Connector, "connector_key")
}

/// Lists the project's connector profiles.
///
/// A connector profile is the setting with which a project uses a connector: the authentication method, the client's
/// credentials, the version, the allowed actions. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/auth_configs", tag = "Connector profiles", operation_id = "connector_profiles_list",
    params(
        PageParams,
        ("enabled" = Option<bool>, Query, description = "Only enabled or only disabled profiles."),
        ("connector_key" = Option<String>, Query, description = "Only profiles of this connector.", example = "spotdraft"),
    ),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The page.", body = ProfilePageOut))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    mut query: QueryMap,
) -> Result<Json<ProfilePageOut>, ApiError> {
    let PageParams { page, page_size } = query.page()?;
    let filter = ProfileQuery {
        connector: query.key(&["connector_key", "connector", "provider", "provider_key"])?,
        active: query.boolean(&["enabled", "active"])?,
        page,
        page_size,
    };
    query.finish()?;
    let found = engine.profiles.list(&caller, filter).await?;
    let mut data = Vec::with_capacity(found.items.len());
    for profile in &found.items {
        data.push(profile_out(&engine, profile).await?);
    }
    Ok(Json(ProfilePageOut { page, page_size, total: found.total, data }))
}

/// Creates a connector profile.
///
/// Secret setup values are sealed and never shown again. Scope: `platform:write`.
#[utoipa::path(
    post, path = "/auth_configs", tag = "Connector profiles", operation_id = "connector_profiles_create",
    request_body(content = CreateProfile, example = json!({ "connector_key": "spotdraft", "name": "SpotDraft" })),
    responses(KeyErrors, BodyErrors, ConflictErrors, (status = 201, description = "The profile.", body = ProfileOut))
)]
pub(crate) async fn create(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<CreateProfile>,
) -> Result<(StatusCode, Json<ProfileOut>), ApiError> {
    let profile = engine.profiles.create(&caller, body.into_new_profile()?).await.map_err(connector_key)?;
    Ok((StatusCode::CREATED, Json(profile_out(&engine, &profile).await?)))
}

/// Returns a connector profile.
///
/// Secret setup values are not part of it. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/auth_configs/{id}", tag = "Connector profiles", operation_id = "connector_profiles_get",
    params(("id" = String, Path, format = "uuid", description = "The profile's ID.")),
    responses(KeyErrors, (status = 200, description = "The profile.", body = ProfileOut))
)]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<ProfileOut>, ApiError> {
    let profile = engine.profiles.get(&caller, &ProfileId::new(id)).await?;
    Ok(Json(profile_out(&engine, &profile).await?))
}

/// Changes a connector profile.
///
/// Accounts whose tokens belong to the earlier client keep it until they are reconnected. Scope: `platform:write`.
#[utoipa::path(
    patch, path = "/auth_configs/{id}", tag = "Connector profiles", operation_id = "connector_profiles_patch",
    params(("id" = String, Path, format = "uuid", description = "The profile's ID.")),
    request_body(content = PatchProfile, example = json!({ "enabled_actions": ["spotdraft_list_contracts"], "connector_pinned_version": "1.x.x" })),
    responses(
        KeyErrors, BodyErrors, ConflictErrors,
        (status = 200, description = "The changed profile.", body = ProfileOut),
    )
)]
pub(crate) async fn patch(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<PatchProfile>,
) -> Result<Json<ProfileOut>, ApiError> {
    let profile =
        engine.profiles.patch(&caller, &ProfileId::new(id), body.into_patch()?).await.map_err(connector_key)?;
    Ok(Json(profile_out(&engine, &profile).await?))
}

/// Deletes a connector profile that no account uses.
///
/// The response is the deleted profile. Scope: `platform:write`.
#[utoipa::path(
    delete, path = "/auth_configs/{id}", tag = "Connector profiles", operation_id = "connector_profiles_delete",
    params(("id" = String, Path, format = "uuid", description = "The profile's ID.")),
    responses(
        KeyErrors,
        (status = 200, description = "The deleted profile.", body = ProfileOut),
        (status = 409, description = "Accounts use it.", body = crate::dto::errors::ErrorOut),
    )
)]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<ProfileOut>, ApiError> {
    let profile = engine.profiles.delete(&caller, &ProfileId::new(id)).await?;
    Ok(Json(profile_out(&engine, &profile).await?))
}

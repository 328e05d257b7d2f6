//! API keys.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use patchbay_engine::Engine;
use patchbay_model::ApiKeyId;

use crate::{
    dto::{
        api_keys::{ApiKeyListOut, ApiKeyOut, CreateApiKey, PatchApiKey},
        responses::{BodyErrors, KeyErrors, ValidationErrors},
    },
    error::ApiError,
    extract::{ApiJson, Authenticated, QueryMap},
};

/// Lists the project's API keys.
///
/// The oldest key is first. The text of a key is never shown again. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/api_keys", tag = "API keys", operation_id = "api_keys_list",
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The keys, without their texts.", body = ApiKeyListOut))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<ApiKeyListOut>, ApiError> {
    query.finish()?;
    Ok(Json(ApiKeyListOut { data: engine.api_keys.list(&caller).await?.into_iter().map(ApiKeyOut::new).collect() }))
}

/// Creates an API key.
///
/// Only this response contains the key. The key cannot have scopes that the caller lacks. Scope:
/// `platform:write`.
#[utoipa::path(
    post, path = "/api_keys", tag = "API keys", operation_id = "api_keys_create",
    request_body(content = CreateApiKey, example = json!({ "name": "Reports", "scopes": ["platform:read", "connectors:read"] })),
    responses(KeyErrors, BodyErrors, (status = 201, description = "The key with its text.", body = ApiKeyOut))
)]
pub(crate) async fn create(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<CreateApiKey>,
) -> Result<impl IntoResponse, ApiError> {
    let created = engine.api_keys.create_for(&caller, body.into_new_key()?).await?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(ApiKeyOut::created(created))))
}

/// Changes the name or the state of an API key.
///
/// Requests with a disabled key get 401. Scope: `platform:write`.
#[utoipa::path(
    patch, path = "/api_keys/{id}", tag = "API keys", operation_id = "api_keys_patch",
    params(("id" = String, Path, format = "uuid", description = "The key's ID.")),
    request_body(content = PatchApiKey, example = json!({ "name": "Reports", "enabled": false })),
    responses(KeyErrors, BodyErrors, (status = 200, description = "The changed key.", body = ApiKeyOut))
)]
pub(crate) async fn patch(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<PatchApiKey>,
) -> Result<Json<ApiKeyOut>, ApiError> {
    Ok(Json(ApiKeyOut::new(engine.api_keys.patch(&caller, &ApiKeyId::new(id), body.into()).await?)))
}

/// Deletes an API key.
///
/// Requests with it get 401 from then on. Scope: `platform:write`.
#[utoipa::path(
    delete, path = "/api_keys/{id}", tag = "API keys", operation_id = "api_keys_delete",
    params(("id" = String, Path, format = "uuid", description = "The key's ID.")),
    responses(KeyErrors, (status = 204, description = "The key is deleted."))
)]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    engine.api_keys.delete(&caller, &ApiKeyId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! API keys.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use patchbay_engine::{Engine, KeyPatch, NewKey};
use patchbay_model::{ApiKey, ApiKeyId, ApiScope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::wire;
use crate::{
    error::{ApiError, ErrorBody},
    extract::{ApiJson, Authenticated},
};

/// An API key; its text is shown once, when it is made.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyOut {
    id: String,
    /// Its label.
    name: String,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// Whether it works.
    enabled: bool,
    created_at: String,
    /// The key itself, this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl KeyOut {
    fn new(key: ApiKey) -> Self {
        Self {
            id: key.id.into(),
            name: key.name,
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            enabled: key.enabled,
            created_at: key.created_at.to_rfc3339(),
            key: None,
        }
    }
}

/// A project's keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyList {
    data: Vec<KeyOut>,
}

/// Lists the project's API keys, oldest first.
#[utoipa::path(get, path = "/api_keys", tag = "API keys", responses((status = 200, description = "The keys, without their texts.", body = KeyList)))]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
) -> Result<Json<KeyList>, ApiError> {
    Ok(Json(KeyList { data: engine.keys(&caller).await?.into_iter().map(KeyOut::new).collect() }))
}

/// What a key is made from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    /// Its label.
    name: String,
    /// What it may do; the defaults when absent. No more than the caller itself may do.
    #[serde(default)]
    scopes: Vec<String>,
}

/// Makes an API key.
#[utoipa::path(post, path = "/api_keys", tag = "API keys", request_body = CreateKey,
    responses(
        (status = 201, description = "The key with its text, which is shown this once.", body = KeyOut),
        (status = 400, description = "The request is not valid.", body = ErrorBody),
        (status = 403, description = "The caller lacks a scope that the key would have.", body = ErrorBody),
    ))]
pub(crate) async fn create(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<CreateKey>,
) -> Result<impl IntoResponse, ApiError> {
    let scopes = body.scopes.iter().map(|text| text.parse::<ApiScope>()).collect::<Result<BTreeSet<_>, _>>();
    let scopes = scopes.map_err(|error| wire::invalid("scopes", &error.to_string()))?;
    let created = engine.create_key_for(&caller, NewKey { name: body.name, scopes, text: None }).await?;
    let mut out = KeyOut::new(created.key);
    out.key = Some(created.text.expose().to_owned());
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(out)))
}

/// What to change of a key; absent fields stay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchKey {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    enabled: Option<bool>,
}

/// Renames, enables or disables an API key.
#[utoipa::path(patch, path = "/api_keys/{id}", tag = "API keys", params(("id" = String, Path, description = "The key's id.")), request_body = PatchKey,
    responses((status = 200, description = "The key as it is now.", body = KeyOut), (status = 404, description = "No such key in this project.", body = ErrorBody)))]
pub(crate) async fn patch(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<PatchKey>,
) -> Result<Json<KeyOut>, ApiError> {
    let patch = KeyPatch { name: body.name, enabled: body.enabled };
    Ok(Json(KeyOut::new(engine.patch_key(&caller, &ApiKeyId::new(id), patch).await?)))
}

/// Deletes an API key; calls with it are refused from then on.
#[utoipa::path(delete, path = "/api_keys/{id}", tag = "API keys", params(("id" = String, Path, description = "The key's id.")),
    responses((status = 204, description = "It is gone."), (status = 404, description = "No such key in this project.", body = ErrorBody)))]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    engine.delete_key(&caller, &ApiKeyId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

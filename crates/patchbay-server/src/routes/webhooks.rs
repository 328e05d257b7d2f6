//! Webhooks.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use patchbay_engine::Engine;

use crate::{
    dto::{
        responses::{BodyErrors, ConflictErrors, KeyErrors, ValidationErrors},
        webhooks::{
            CreateWebhook, PatchWebhook, QueuedTestOut, RotateSecret, WebhookListOut, WebhookOut, WebhookWithSecretOut,
            webhook_id,
        },
    },
    error::ApiError,
    extract::{ApiJson, Authenticated, QueryMap},
};

/// Lists the project's webhooks.
///
/// The oldest webhook is first. Secrets are never shown again. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/webhooks", tag = "Webhooks", operation_id = "webhooks_list",
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The webhooks with their health.", body = WebhookListOut))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<WebhookListOut>, ApiError> {
    query.finish()?;
    Ok(Json(WebhookListOut { data: engine.webhooks.list(&caller).await?.iter().map(WebhookOut::new).collect() }))
}

/// Creates a webhook.
///
/// Only this response contains the secret. A project can have 50 webhooks. Scope: `platform:write`.
#[utoipa::path(
    post, path = "/webhooks", tag = "Webhooks", operation_id = "webhooks_create",
    request_body(content = CreateWebhook, example = json!({ "name": "Production", "url": "https://app.example.com/patchbay", "events": ["account.created", "account.deleted"] })),
    responses(KeyErrors, BodyErrors, ConflictErrors, (status = 201, description = "The webhook with its secret.", body = WebhookWithSecretOut))
)]
pub(crate) async fn create(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<CreateWebhook>,
) -> Result<impl IntoResponse, ApiError> {
    let created = engine.webhooks.create(&caller, body.into()).await?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(WebhookWithSecretOut::new(&created))))
}

/// Returns a webhook.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/webhooks/{id}", tag = "Webhooks", operation_id = "webhooks_get",
    params(("id" = i64, Path, minimum = 0, description = "The webhook's number.")),
    responses(KeyErrors, (status = 200, description = "The webhook with its health.", body = WebhookOut))
)]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<WebhookOut>, ApiError> {
    Ok(Json(WebhookOut::new(&engine.webhooks.get(&caller, webhook_id(&id)?).await?)))
}

/// Changes a webhook.
///
/// Deliveries that are queued go to the new URL. Scope: `platform:write`.
#[utoipa::path(
    patch, path = "/webhooks/{id}", tag = "Webhooks", operation_id = "webhooks_patch",
    params(("id" = i64, Path, minimum = 0, description = "The webhook's number.")),
    request_body(content = PatchWebhook, example = json!({ "enabled": false })),
    responses(KeyErrors, BodyErrors, ConflictErrors, (status = 200, description = "The changed webhook.", body = WebhookOut))
)]
pub(crate) async fn patch(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<PatchWebhook>,
) -> Result<Json<WebhookOut>, ApiError> {
    let patched = engine.webhooks.patch(&caller, webhook_id(&id)?, &body.into()).await?;
    Ok(Json(WebhookOut::new(&patched)))
}

/// Deletes a webhook.
///
/// Its deliveries are deleted too. Scope: `platform:write`.
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "Webhooks", operation_id = "webhooks_delete",
    params(("id" = i64, Path, minimum = 0, description = "The webhook's number.")),
    responses(KeyErrors, (status = 204, description = "The webhook is deleted."))
)]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    engine.webhooks.delete(&caller, webhook_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces the secret of a webhook.
///
/// Only this response contains the new secret. Until the overlap ends, the previous one signs too. Scope: `platform:write`.
#[utoipa::path(
    post, path = "/webhooks/{id}/rotate_secret", tag = "Webhooks", operation_id = "webhooks_rotate_secret",
    params(("id" = i64, Path, minimum = 0, description = "The webhook's number.")),
    request_body(content = RotateSecret, example = json!({ "overlap_seconds": 86400 })),
    responses(KeyErrors, BodyErrors, ConflictErrors, (status = 200, description = "The webhook with its new secret.", body = WebhookWithSecretOut))
)]
pub(crate) async fn rotate_secret(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<RotateSecret>,
) -> Result<impl IntoResponse, ApiError> {
    let rotated = engine.webhooks.rotate_secret(&caller, webhook_id(&id)?, body.overlap_seconds).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(WebhookWithSecretOut::new(&rotated))))
}

/// Sends a test to a webhook.
///
/// Queues a delivery of an event `webhook.test`, whatever the webhook is subscribed to. Scope: `platform:write`.
#[utoipa::path(
    post, path = "/webhooks/{id}/test", tag = "Webhooks", operation_id = "webhooks_test",
    params(("id" = i64, Path, minimum = 0, description = "The webhook's number.")),
    responses(KeyErrors, ConflictErrors, (status = 202, description = "The test is queued.", body = QueuedTestOut))
)]
pub(crate) async fn test(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let event_id = engine.webhooks.test(&caller, webhook_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(QueuedTestOut { event_id })))
}

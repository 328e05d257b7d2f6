//! The Hub API: what a browser with the token of a connect session can do.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use patchbay_engine::{Engine, HubProfile, Origin};
use patchbay_model::{AccountId, AttemptId, ProfileId};

use crate::{
    dto::{
        hub::{
            AttemptOut, HubAccountOut, HubCatalogOut, HubConfigOut, HubConfigParts, HubConnectorOut,
            HubConnectorSettingsOut, HubSettingsOut, LinkAccount, LinkedAccountOut, StartAttempt, StartedAttemptOut,
        },
        responses::{HubBodyErrors, HubErrors, HubNotFoundErrors, HubProviderErrors, HubValidationErrors},
        shared::support_link,
    },
    error::HubError,
    extract::{HubAuth, HubJson, QueryMap},
    guides::hub_guide,
    state::AppState,
    urls::launch_path,
};

/// Returns what the Hub shows for the session.
///
/// The owner, the expiry, the origins that may embed it, and the account to edit, if there is one.
#[utoipa::path(
    get, path = "/hub/settings", tag = "Hub", operation_id = "hub_settings", security(("session" = [])),
    responses(HubErrors, (status = 200, description = "The settings.", body = HubSettingsOut))
)]
pub(crate) async fn settings(State(state): State<AppState>, HubAuth(hub): HubAuth) -> Json<HubSettingsOut> {
    Json(HubSettingsOut::new(&hub.session, &state.config.hub_allowed_origins))
}

/// Lists the connector profiles that the session can link.
///
/// Only enabled profiles. A session for one connector lists only its default profile.
#[utoipa::path(
    get, path = "/hub/connectors", tag = "Hub", operation_id = "hub_connectors", security(("session" = [])),
    params(("provider" = Option<String>, Query, description = "Only profiles of this connector.", example = "spotdraft")),
    responses(
        HubErrors, HubValidationErrors,
        (status = 200, description = "The connector profiles.", body = HubCatalogOut),
    )
)]
pub(crate) async fn connectors(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    mut query: QueryMap,
) -> Result<Json<HubCatalogOut>, HubError> {
    let provider = query.key(&["provider", "connector"])?;
    query.finish()?;
    let found = engine.linking.profiles(&hub, provider.as_deref()).await?;
    Ok(Json(HubCatalogOut::new(&found, &hub.session)))
}

/// Returns the form of a connector profile.
///
/// With its fields, notices, connection guide, and the sandbox's credentials, if it is on.
#[utoipa::path(
    get, path = "/hub/connectors/{integration_id}", tag = "Hub", operation_id = "hub_connector",
    security(("session" = [])),
    params(("integration_id" = String, Path, format = "uuid", description = "The connector profile's ID.")),
    responses(
        HubErrors, HubNotFoundErrors,
        (status = 200, description = "The form.", body = HubConnectorOut),
        (status = 412, description = "The connector profile is disabled.", body = crate::dto::errors::HubErrorOut),
    )
)]
pub(crate) async fn connector(
    State(state): State<AppState>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<Json<HubConnectorOut>, HubError> {
    let HubProfile { profile, connector, origin } = state.engine.linking.profile(&hub, &ProfileId::new(id)).await?;
    let method = connector.auth_method(&profile.auth_config_key);
    let is_public = origin == Origin::Instance;
    // Customers cannot open the guide of a pushed connector: only its project can.
    let link = method.and_then(|method| support_link(method, &state.config.urls));
    let link = link.filter(|link| is_public || !state.config.urls.is_guide(link));
    let guide =
        |method| hub_guide(is_public.then_some(&state.config.urls), &connector, method, &profile.enabled_actions);
    let parts = HubConfigParts {
        support_link: link,
        guide: method.and_then(guide),
        sandbox: state.config.sandbox.as_ref().filter(|sandbox| sandbox.connector == connector.key),
    };
    Ok(Json(HubConnectorOut {
        config: HubConfigOut::new(&connector, &profile.auth_config_key, parts),
        hub_settings: HubConnectorSettingsOut::EMPTY,
    }))
}

/// Links an account.
///
/// The provider verifies the credentials, then they are sealed. If the owner has an account with this connector, that
/// account is reconnected, unless the session says `multiple`. Success uses the session up (409 `SessionUsedError` from then
/// on), unless it says `multiple` or reconnects an account.
#[utoipa::path(
    post, path = "/hub/accounts", tag = "Hub", operation_id = "hub_link", security(("session" = [])),
    request_body(content = LinkAccount, example = json!({ "integration_id": "5b0c7f7e-3f0a-4a53-9d5b-7a3c1f0e2d11", "credentials": { "clientId": "sandbox-client-id", "clientSecret": "sandbox-client-secret" } })),
    responses(
        HubErrors, HubBodyErrors, HubProviderErrors,
        (status = 200, description = "The account.", body = LinkedAccountOut),
    )
)]
pub(crate) async fn link(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    HubJson(body): HubJson<LinkAccount>,
) -> Result<Json<LinkedAccountOut>, HubError> {
    let account = engine.linking.link(&hub, body.into_request()?).await?;
    Ok(Json(LinkedAccountOut::new(&account)))
}

/// Returns the values of an account's form.
///
/// A secret field that has a value shows a placeholder.
#[utoipa::path(
    get, path = "/hub/accounts/{id}", tag = "Hub", operation_id = "hub_account", security(("session" = [])),
    params(("id" = String, Path, description = "The account's ID.")),
    responses(
        HubErrors, HubNotFoundErrors,
        (status = 200, description = "The values.", body = HubAccountOut),
    )
)]
pub(crate) async fn account(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<Json<HubAccountOut>, HubError> {
    Ok(Json(HubAccountOut::new(engine.linking.account(&hub, &AccountId::new(id)).await?)))
}

/// Changes the field values of an account.
///
/// The provider verifies the new values before they are stored. Fields that are absent, and placeholders, keep their
/// value.
#[utoipa::path(
    patch, path = "/hub/accounts/{id}", tag = "Hub", operation_id = "hub_relink", security(("session" = [])),
    params(("id" = String, Path, description = "The account's ID.")),
    request_body(content = LinkAccount, example = json!({ "credentials": { "clientId": "sandbox-client-id", "clientSecret": "sandbox-client-secret" } })),
    responses(
        HubErrors, HubBodyErrors, HubProviderErrors,
        (status = 200, description = "The account.", body = LinkedAccountOut),
    )
)]
pub(crate) async fn relink(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
    HubJson(body): HubJson<LinkAccount>,
) -> Result<Json<LinkedAccountOut>, HubError> {
    let account = engine.linking.reconnect(&hub, &AccountId::new(id), body.into_request()?).await?;
    Ok(Json(LinkedAccountOut::new(&account)))
}

/// Starts a connection attempt.
///
/// The Hub follows the attempt while the customer is at the provider. With `integration_id` the authorization is prepared:
/// the fields are checked, and the window opens `url`, which contains none of the values.
#[utoipa::path(
    post, path = "/hub/connection_attempts", tag = "Hub", operation_id = "hub_start_attempt",
    security(("session" = [])),
    request_body(content = Option<StartAttempt>, example = json!({ "integration_id": "5b0c7f7e-3f0a-4a53-9d5b-7a3c1f0e2d11" })),
    responses(
        HubErrors, HubBodyErrors, HubProviderErrors,
        (status = 201, description = "The attempt.", body = StartedAttemptOut),
    )
)]
pub(crate) async fn start_attempt(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    body: Option<HubJson<StartAttempt>>,
) -> Result<(StatusCode, Json<StartedAttemptOut>), HubError> {
    let draft = match body {
        Some(HubJson(body)) => body.into_draft()?,
        None => None,
    };
    let started = match draft {
        None => StartedAttemptOut { id: engine.attempts.start(&hub).await?.id.to_string(), url: None },
        Some(draft) => {
            let profile = draft.profile_id.clone();
            let prepared = engine.oauth.prepare(&hub, draft).await?;
            let url = launch_path(profile.as_str(), &prepared.launch_code);
            StartedAttemptOut { id: prepared.attempt_id.to_string(), url: Some(url) }
        }
    };
    Ok((StatusCode::CREATED, Json(started)))
}

/// Returns a connection attempt.
///
/// For polling; `GET /hub/connection_attempts/{id}/events` sends the outcome as soon as it is known.
#[utoipa::path(
    get, path = "/hub/connection_attempts/{id}", tag = "Hub", operation_id = "hub_attempt", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The attempt's ID.")),
    responses(
        HubErrors, HubNotFoundErrors,
        (status = 200, description = "The attempt.", body = AttemptOut),
    )
)]
pub(crate) async fn attempt(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<Json<AttemptOut>, HubError> {
    Ok(Json(AttemptOut::new(&engine.attempts.get(&hub, &AttemptId::new(id)).await?)))
}

/// Cancels a connection attempt.
///
/// An attempt that has ended is not changed.
#[utoipa::path(
    delete, path = "/hub/connection_attempts/{id}", tag = "Hub", operation_id = "hub_cancel_attempt",
    security(("session" = [])), params(("id" = String, Path, format = "uuid", description = "The attempt's ID.")),
    responses(HubErrors, HubNotFoundErrors, (status = 204, description = "The attempt has ended."))
)]
pub(crate) async fn cancel_attempt(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<StatusCode, HubError> {
    engine.attempts.cancel(&hub, &AttemptId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

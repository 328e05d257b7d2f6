//! The catalog of connectors.

use axum::{
    Json,
    extract::{Path, State},
};
use patchbay_engine::{Error, ErrorCode};
use patchbay_model::{ApiScope, EnabledActions};

use crate::{
    dto::{
        connectors::{ConnectorDetailOut, ConnectorMetaOut},
        responses::KeyErrors,
    },
    error::ApiError,
    extract::{Authenticated, QueryMap},
    state::AppState,
};

/// Lists the connectors that the project can use.
///
/// Each in its latest version. Scope: `connectors:read`.
#[utoipa::path(
    get, path = "/connectors/meta", tag = "Connectors", operation_id = "connectors_list",
    responses(KeyErrors, (status = 200, description = "The connectors.", body = Vec<ConnectorMetaOut>))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Vec<ConnectorMetaOut>>, ApiError> {
    caller.require(ApiScope::ConnectorsRead)?;
    let profiles = state.engine.profiles.active(&caller).await?;
    let connectors = state.engine.connector_catalog.of_project(&caller.project_id).await?;
    let all = connectors.iter().map(|found| ConnectorMetaOut::new(found, profiles.contains_key(&found.key)));
    Ok(Json(all.collect()))
}

/// Returns a connector with its authentication methods.
///
/// With the forms of the operator and of the customer, and the scopes that the enabled actions need. Scope:
/// `connectors:read`.
#[utoipa::path(
    get, path = "/connectors/meta/{provider}", tag = "Connectors", operation_id = "connectors_get",
    params(
        ("provider" = String, Path, description = "The connector's key.", example = "spotdraft"),
        ("enabled_actions" = Option<Vec<String>>, Query, style = Form, explode = false, description = "The IDs of the actions whose scopes each method lists, comma-separated; empty for none. All if absent."),
    ),
    responses(KeyErrors, (status = 200, description = "The connector.", body = ConnectorDetailOut))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(provider): Path<String>,
    query: QueryMap,
) -> Result<Json<ConnectorDetailOut>, ApiError> {
    caller.require(ApiScope::ConnectorsRead)?;
    let registry = state.engine.connector_catalog.of_project(&caller.project_id).await?;
    let Some(connector) = registry.get(&provider) else {
        return Err(Error::new(
            ErrorCode::ConnectorNotFound,
            "this project has no such connector; GET /connectors/meta lists all connectors",
        )
        .into());
    };
    let is_narrowed = query.pairs().any(|(name, _)| name == "enabled_actions");
    let enabled = if is_narrowed {
        EnabledActions::Only(query.list(&["enabled_actions"]).into_iter().collect())
    } else {
        EnabledActions::All
    };
    let active = state.engine.profiles.active_of_connector(&caller, &connector.key).await?.is_some();
    Ok(Json(ConnectorDetailOut::new(connector, active, &enabled, &state.config.urls)))
}

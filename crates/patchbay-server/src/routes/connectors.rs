//! The catalog of connectors.

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use patchbay_engine::{Error, ErrorCode};
use patchbay_model::{ApiScope, EnabledActions};

use crate::{
    dto::{
        connectors::{ConnectorDetailOut, ConnectorMetaOut},
        responses::{KeyErrors, NotModified, ValidationErrors},
    },
    error::ApiError,
    extract::{Authenticated, EntityTag, QueryMap},
    state::AppState,
};

/// Lists the connectors that the project can use.
///
/// Each in its latest version. Scope: `connectors:read`.
#[utoipa::path(
    get, path = "/connectors/meta", tag = "Connectors", operation_id = "connectors_list",
    params(("include" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Ignored; existing clients send it.")),
    responses(KeyErrors, ValidationErrors, NotModified, (status = 200, description = "The connectors.", body = Vec<ConnectorMetaOut>))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    mut query: QueryMap,
    mut tag: EntityTag,
) -> Result<Response, ApiError> {
    tag.add((&caller.project_id, state.engine.connector_catalog.generation()));
    query.list(&["include"]);
    query.finish()?;
    caller.require(ApiScope::ConnectorsRead)?;
    let profiles = state.engine.profiles.active(&caller).await?;
    let connectors = state.engine.connector_catalog.of_project(&caller.project_id).await?;
    for found in connectors.iter() {
        tag.add(profiles.contains_key(&found.key));
    }
    Ok(tag.respond(|| {
        let all = connectors.iter().map(|found| ConnectorMetaOut::new(found, profiles.contains_key(&found.key)));
        Json(all.collect::<Vec<_>>())
    }))
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
    responses(KeyErrors, ValidationErrors, NotModified, (status = 200, description = "The connector.", body = ConnectorDetailOut))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(provider): Path<String>,
    mut query: QueryMap,
    mut tag: EntityTag,
) -> Result<Response, ApiError> {
    caller.require(ApiScope::ConnectorsRead)?;
    tag.add((&caller.project_id, state.engine.connector_catalog.generation()));
    let registry = state.engine.connector_catalog.of_project(&caller.project_id).await?;
    let Some(connector) = registry.get(&provider) else {
        return Err(Error::new(
            ErrorCode::ConnectorNotFound,
            "this project has no such connector; GET /connectors/meta lists all connectors",
        )
        .into());
    };
    query.list(&["include"]);
    // No action has an empty ID: it means none.
    let named = query.list(&["enabled_actions"]);
    let enabled =
        if named.is_empty() { EnabledActions::All } else { EnabledActions::Only(named.into_iter().collect()) };
    query.finish()?;
    let active = state.engine.profiles.active_of_connector(&caller, &connector.key).await?.is_some();
    tag.add(active);
    Ok(tag.respond(|| Json(ConnectorDetailOut::new(connector, active, &enabled, &state.config.urls))))
}

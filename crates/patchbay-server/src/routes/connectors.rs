//! What connectors there are.

use axum::{
    Json,
    extract::{Path, State},
};
use patchbay_connector::Connector;
use patchbay_engine::{Caller, Engine, ErrorKind};
use patchbay_model::Scope;
use serde_json::{Value, json};

use crate::{
    error::{ApiError, ErrorBody, refuse},
    extract::Authenticated,
};

async fn meta_of(engine: &Engine, caller: &Caller, connector: &Connector) -> Result<Value, ApiError> {
    let active = engine.active_profile(caller, &connector.key).await?.is_some();
    Ok(json!({
        "active": active,
        "category": connector.categories.first(),
        "models": {},
        "provider": connector.key,
        "provider_name": connector.title,
        "description": connector.description,
        "version": connector.version.to_string(),
        "release_stage": connector.release_stage.as_str(),
        "resources": { "images": { "logo_url": connector.icon, "original_logo_horizontal_url": connector.icon } },
    }))
}

/// Lists the connectors.
#[utoipa::path(get, path = "/connectors/meta", tag = "Connectors", responses((status = 200, description = "The connectors.", body = Vec<Object>)))]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::ConnectorsRead)?;
    let mut all = Vec::new();
    for connector in engine.registry().iter() {
        all.push(meta_of(&engine, &caller, connector).await?);
    }
    Ok(Json(Value::Array(all)))
}

/// Reads a connector.
#[utoipa::path(get, path = "/connectors/meta/{provider}", tag = "Connectors", params(("provider" = String, Path, description = "The connector's key.")),
    responses((status = 200, description = "The connector.", body = Object), (status = 404, description = "No such connector.", body = ErrorBody)))]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(provider): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::ConnectorsRead)?;
    let registry = engine.registry();
    let Some(connector) = registry.get(&provider) else {
        return Err(refuse(
            ErrorKind::NotFound,
            "ConnectorNotFoundError",
            "there is no such connector; GET /connectors/meta lists them",
        )
        .into());
    };
    Ok(Json(meta_of(&engine, &caller, connector).await?))
}

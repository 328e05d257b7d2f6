//! What connectors there are.

use axum::{
    Json,
    extract::{Path, State},
};
use patchbay_connector::{
    Connector,
    definition::{AuthMethod, Authorization},
};
use patchbay_engine::{Engine, Error, ErrorCode, scopes_to_set_up};
use patchbay_model::{ApiScope, EnabledActions};
use serde_json::{Value, json};

use super::{fields, wire};
use crate::{
    error::{ApiError, ErrorBody},
    extract::{Authenticated, QueryMap},
    guides::guide_path,
};

fn meta_of(connector: &Connector, active: bool) -> Value {
    json!({
        "active": active,
        "category": connector.categories.first(),
        "models": {},
        "provider": connector.key,
        "provider_name": connector.title,
        "description": connector.description,
        "version": connector.version.to_string(),
        "release_stage": connector.release_stage.as_str(),
        "categories": connector.categories,
        "actions": connector.actions.len(),
        "resources": { "images": { "logo_url": connector.icon, "original_logo_horizontal_url": connector.icon } },
    })
}

/// A method with its forms: what the operator sets up, and what the customer fills in.
fn method_of(engine: &Engine, connector: &Connector, method: &AuthMethod, enabled: &EnabledActions) -> Value {
    let scopes = scopes_to_set_up(connector, method, enabled).into_iter().map(|name| {
        let definition = connector.scopes.iter().find(|scope| scope.name == name);
        json!({ "name": name, "description": definition.map(|scope| &scope.description) })
    });
    let delimiter = match &method.authorization {
        Authorization::OAuth2(oauth2) => oauth2.scope_delimiter.as_deref(),
        _ => None,
    };
    json!({
        "key": method.key,
        "label": method.label,
        "type": wire::auth_type(method.kind).0,
        "environments": method.environments.iter().map(|environment| json!({ "key": environment.key, "name": environment.name })).collect::<Vec<_>>(),
        "required_scopes": method.required_scopes,
        // What the enabled actions need: set up in the app at the provider, or allowed to the key.
        "scopes": scopes.collect::<Vec<_>>(),
        "scope_delimiter": delimiter.unwrap_or(" "),
        "setup_fields": method.setup_fields.iter().map(fields::field).collect::<Vec<_>>(),
        "config_fields": method.config_fields.iter().map(fields::field).collect::<Vec<_>>(),
        "guide_url": guide_path(connector, method),
        // What operators enter in their app at the provider.
        "redirect_uri": method.is_interactive().then(|| engine.redirect_uri(&connector.key)),
    })
}

/// Lists the connectors.
#[utoipa::path(get, path = "/connectors/meta", tag = "Connectors", responses((status = 200, description = "The connectors.", body = Vec<Object>)))]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, ApiError> {
    caller.require(ApiScope::ConnectorsRead)?;
    let profiles = engine.active_profiles(&caller).await?;
    let connectors = engine.connectors(&caller).await?;
    let all = connectors.iter().map(|connector| meta_of(connector, profiles.contains_key(&connector.key)));
    Ok(Json(Value::Array(all.collect())))
}

/// Reads a connector.
#[utoipa::path(get, path = "/connectors/meta/{provider}", tag = "Connectors", 
    params(
        ("provider" = String, Path, description = "The connector's key."),
        ("enabled_actions" = Option<String>, Query, description = "The actions that each method's `scopes` are for, comma-separated, also none; all when absent."),
    ),
    responses((status = 200, description = "The connector.", body = Object), (status = 404, description = "No such connector.", body = ErrorBody)))]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(provider): Path<String>,
    query: QueryMap,
) -> Result<Json<Value>, ApiError> {
    caller.require(ApiScope::ConnectorsRead)?;
    let registry = engine.connectors(&caller).await?;
    let Some(connector) = registry.get(&provider) else {
        return Err(Error::new(
            ErrorCode::ConnectorNotFound,
            "there is no such connector; GET /connectors/meta lists them",
        )
        .into());
    };
    let is_narrowed = query.pairs().any(|(name, _)| name == "enabled_actions");
    let enabled = if is_narrowed {
        EnabledActions::Only(query.list(&["enabled_actions"]).into_iter().collect())
    } else {
        EnabledActions::All
    };
    let mut meta = meta_of(connector, engine.active_profile(&caller, &connector.key).await?.is_some());
    meta["authentication"] =
        connector.authentication.iter().map(|method| method_of(&engine, connector, method, &enabled)).collect();
    Ok(Json(meta))
}

//! Connectors with their versions: list, read, push, delete, and reload the operator's directory.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use patchbay_engine::{ConnectorQuery, Engine, Origin};

use crate::{
    dto::{
        connector_versions::{
            ConnectorOut, ConnectorPageOut, PushConnector, PushedVersionOut, ReloadOut, VersionFilesOut, VersionOut,
        },
        errors::ErrorOut,
        problems::invalid,
        responses::{BodyErrors, KeyErrors, NotModified, ValidationErrors},
        shared::{ConnectorOwner, PageParams},
    },
    error::ApiError,
    extract::{Authenticated, ConnectorFiles, EntityTag, QueryMap},
};

/// Lists the connectors that the project can use, with their versions.
///
/// The project's own versions and those of the instance. Scope: `connectors:read`.
#[utoipa::path(
    get, path = "/connectors", tag = "Connectors", operation_id = "connectors_list_with_versions",
    params(
        PageParams,
        ("owner" = Option<ConnectorOwner>, Query, description = "`custom`: only connectors that the project pushed; `patchbay`: only the others."),
    ),
    responses(KeyErrors, ValidationErrors, NotModified, (status = 200, description = "The page.", body = ConnectorPageOut))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    mut query: QueryMap,
    mut tag: EntityTag,
) -> Result<Response, ApiError> {
    tag.add((&caller.project_id, engine.connector_catalog.generation()));
    let PageParams { page, page_size } = query.page()?;
    let origin = match query.key(&["owner"])?.as_deref() {
        None => None,
        Some("custom") => Some(Origin::Project),
        Some("patchbay") => Some(Origin::Instance),
        Some(_) => return Err(invalid("owner", "owner must be custom or patchbay").into()),
    };
    query.finish()?;
    let found = engine.connectors.list(&caller, ConnectorQuery { origin, page, page_size }).await?;
    Ok(tag.respond(|| {
        let data = found.items.into_iter().map(ConnectorOut::from).collect();
        Json(ConnectorPageOut { page, page_size, total: found.total, data })
    }))
}

/// Returns a connector with its versions.
///
/// Scope: `connectors:read`.
#[utoipa::path(
    get, path = "/connectors/{key}", tag = "Connectors", operation_id = "connectors_get_with_versions",
    params(("key" = String, Path, description = "The connector's key.", example = "spotdraft")),
    responses(KeyErrors, NotModified, (status = 200, description = "The connector.", body = ConnectorOut))
)]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(key): Path<String>,
    mut tag: EntityTag,
) -> Result<Response, ApiError> {
    tag.add((&caller.project_id, engine.connector_catalog.generation()));
    let found = engine.connectors.get(&caller, &key).await?;
    Ok(tag.respond(|| Json(ConnectorOut::from(found))))
}

/// Returns a version of a connector with its files.
///
/// Scope: `connectors:read`.
#[utoipa::path(
    get, path = "/connectors/{key}/versions/{version}", tag = "Connectors", operation_id = "connectors_version",
    params(
        ("key" = String, Path, description = "The connector's key.", example = "spotdraft"),
        ("version" = String, Path, description = "A version, or a pin: `latest`, `1.x.x`, `1.2.x`.", example = "latest"),
    ),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The version.", body = VersionFilesOut))
)]
pub(crate) async fn version(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path((key, version)): Path<(String, String)>,
) -> Result<Json<VersionFilesOut>, ApiError> {
    Ok(Json(engine.connectors.version(&caller, &key, &version).await?.into()))
}

/// Pushes a version of a connector.
///
/// It is used at once, according to the profiles' pins. The body is a list of files as JSON, or one merged file as
/// YAML. If the connector has errors, nothing is changed and `diagnostics` lists all of them. Scope: `connectors:write`.
#[utoipa::path(
    post, path = "/connectors", tag = "Connectors", operation_id = "connectors_push",
    request_body(content((PushConnector = "application/json"), (String = "application/yaml"))),
    responses(
        KeyErrors, BodyErrors,
        (status = 200, description = "The project had already pushed this version with these files.", body = PushedVersionOut),
        (status = 201, description = "The new version.", body = PushedVersionOut),
        (status = 409, description = "The version exists with other files, or the project has too many versions.", body = ErrorOut),
    )
)]
pub(crate) async fn push(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ConnectorFiles(files): ConnectorFiles,
) -> Result<(StatusCode, Json<PushedVersionOut>), ApiError> {
    let pushed = PushedVersionOut::from(engine.connectors.push(&caller, files).await?);
    Ok((if pushed.created { StatusCode::CREATED } else { StatusCode::OK }, Json(pushed)))
}

/// Deletes a version that the project pushed.
///
/// The response is the deleted version. Scope: `connectors:write`.
#[utoipa::path(
    delete, path = "/connectors/{key}/versions/{version}", tag = "Connectors", operation_id = "connectors_delete",
    params(
        ("key" = String, Path, description = "The connector's key.", example = "acme"),
        ("version" = String, Path, description = "The version.", example = "1.2.0"),
    ),
    responses(
        KeyErrors,
        (status = 200, description = "The deleted version.", body = VersionOut),
        (status = 409, description = "A connector profile is pinned to it, or accounts would have no connector.", body = ErrorOut),
    )
)]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path((key, version)): Path<(String, String)>,
) -> Result<Json<VersionOut>, ApiError> {
    let deleted = engine.connectors.delete(&caller, &key, &version).await?;
    Ok(Json(VersionOut::pushed(&deleted, false)))
}

/// Reloads the operator's connectors directory.
///
/// Running calls are not interrupted. A connector with errors is listed in `refused`; if it was valid before, that
/// version stays in use. Scope: `connectors:write`.
#[utoipa::path(
    post, path = "/connectors/reload", tag = "Connectors", operation_id = "connectors_reload",
    responses(
        KeyErrors,
        (status = 200, description = "The changes.", body = ReloadOut),
        (status = 409, description = "The directory cannot be read. Nothing is changed.", body = ErrorOut),
    )
)]
pub(crate) async fn reload(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ReloadOut>, ApiError> {
    Ok(Json(engine.connectors.reload(&caller).await?.into()))
}

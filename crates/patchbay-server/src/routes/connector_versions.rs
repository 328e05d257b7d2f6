//! Connectors with their versions: list, read, push, delete, and read the operator's directory again.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use patchbay_connector::to_json;
use patchbay_engine::{
    ConnectorEntry, ConnectorQuery, Engine, Origin, PushOutcome, Reloaded, VersionEntry, VersionFiles,
};
use patchbay_model::ConnectorVersion;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::wire;
use crate::{
    error::{ApiError, ErrorBody},
    extract::{Authenticated, ConnectorFiles, PushConnector, QueryMap},
};

/// A connector that the project can use.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectorOut {
    key: String,
    /// The latest version's title; null when this version of Patchbay cannot run it.
    title: Option<String>,
    description: Option<String>,
    icon: Option<String>,
    categories: Vec<String>,
    release_stage: Option<&'static str>,
    /// How many actions the latest version has.
    actions: usize,
    /// `custom` where the project pushed the latest version, else `patchbay`.
    owner: &'static str,
    /// What `latest`, and no pin, lead to.
    latest_version: String,
    /// The project's versions, newest first, then the instance's.
    versions: Vec<VersionOut>,
}

/// A version of a connector.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionOut {
    version: String,
    /// `custom` where the project pushed it, else `patchbay`.
    owner: &'static str,
    latest: bool,
    /// Of a pushed one: the digest of its files.
    digest: Option<String>,
    /// Of a pushed one: how many files it has.
    file_count: Option<u32>,
    /// Of a pushed one: how long they are together, in bytes.
    size_bytes: Option<u64>,
    /// Of a pushed one: when it was pushed.
    created_at: Option<String>,
}

/// A page of connectors.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectorList {
    page: u32,
    page_size: u32,
    total: u64,
    data: Vec<ConnectorOut>,
}

/// A version with its files.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionFilesOut {
    key: String,
    #[serde(flatten)]
    version: VersionOut,
    files: Vec<FileOut>,
    /// What is wrong with them in the eyes of this version of Patchbay, which then does not run them.
    #[schema(value_type = Vec<Object>)]
    diagnostics: Value,
}

/// A file of a connector.
#[derive(Serialize, ToSchema)]
pub(crate) struct FileOut {
    name: String,
    text: String,
}

/// What came of a push.
#[derive(Serialize, ToSchema)]
pub(crate) struct PushOut {
    key: String,
    title: String,
    #[serde(flatten)]
    version: VersionOut,
    /// False when the same version with the same files was there already.
    created: bool,
    /// Whether it stands before a connector of the instance with the same key.
    overrides: bool,
    /// What is unwise in it.
    #[schema(value_type = Vec<Object>)]
    warnings: Value,
}

/// What came of reading the operator's directory again.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReloadOut {
    /// The keys that are new.
    added: Vec<String>,
    /// The keys whose connector is another one than before.
    changed: Vec<String>,
    /// The keys that are no more.
    removed: Vec<String>,
    /// The folders with errors.
    refused: Vec<String>,
    /// Those of them whose last good version stays in use.
    kept: Vec<String>,
    /// What is wrong, for a person.
    report: String,
}

impl VersionOut {
    fn pushed(version: &ConnectorVersion, latest: bool) -> Self {
        Self {
            version: version.version.clone(),
            owner: wire::owner(Origin::Project),
            latest,
            digest: Some(version.digest.to_string()),
            file_count: Some(version.file_count),
            size_bytes: Some(version.size_bytes),
            created_at: Some(version.created_at.to_rfc3339()),
        }
    }
}

impl From<VersionEntry> for VersionOut {
    fn from(entry: VersionEntry) -> Self {
        match &entry.pushed {
            Some(pushed) => Self::pushed(pushed, entry.is_latest),
            None => Self {
                owner: wire::owner(entry.origin),
                version: entry.version,
                latest: entry.is_latest,
                digest: None,
                file_count: None,
                size_bytes: None,
                created_at: None,
            },
        }
    }
}

impl From<ConnectorEntry> for ConnectorOut {
    fn from(entry: ConnectorEntry) -> Self {
        let connector = entry.connector.as_deref();
        let latest = entry.versions.iter().find(|version| version.is_latest);
        Self {
            title: connector.map(|connector| connector.title.clone()),
            description: connector.map(|connector| connector.description.clone()),
            icon: connector.map(|connector| connector.icon.clone()),
            categories: connector.map(|connector| connector.categories.clone()).unwrap_or_default(),
            release_stage: connector.map(|connector| connector.release_stage.as_str()),
            actions: connector.map_or(0, |connector| connector.actions.len()),
            owner: wire::owner(entry.origin),
            latest_version: latest.map(|version| version.version.clone()).unwrap_or_default(),
            key: entry.key,
            versions: entry.versions.into_iter().map(VersionOut::from).collect(),
        }
    }
}

/// Lists the connectors that the project can use, with their versions.
#[utoipa::path(get, path = "/connectors", operation_id = "list_with_versions", tag = "Connectors",
    params(
        ("owner" = Option<String>, Query, description = "`custom`: only those that the project pushed; `patchbay`: only those that it did not."),
        ("page" = Option<u32>, Query, description = "The page, from 1."),
        ("page_size" = Option<u32>, Query, description = "Connectors on a page, 1 to 100; 25 when absent."),
    ),
    responses((status = 200, description = "The page.", body = ConnectorList), (status = 400, description = "A filter is not valid.", body = ErrorBody)))]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<ConnectorList>, ApiError> {
    let (page, page_size) = (query.number(&["page"], 1)?, query.number(&["page_size"], 25)?);
    let origin = match query.text(&["owner"]).as_deref() {
        None => None,
        Some("custom") => Some(Origin::Project),
        Some("patchbay") => Some(Origin::Instance),
        Some(_) => return Err(wire::invalid("owner", "owner must be custom or patchbay").into()),
    };
    let found = engine.list_connectors(&caller, ConnectorQuery { origin, page, page_size }).await?;
    let data = found.items.into_iter().map(ConnectorOut::from).collect();
    Ok(Json(ConnectorList { page, page_size, total: found.total, data }))
}

/// Reads a connector and its versions.
#[utoipa::path(get, path = "/connectors/{key}", operation_id = "get_with_versions", tag = "Connectors", params(("key" = String, Path, description = "The connector's key.")),
    responses((status = 200, description = "The connector.", body = ConnectorOut), (status = 404, description = "No such connector in this project.", body = ErrorBody)))]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(key): Path<String>,
) -> Result<Json<ConnectorOut>, ApiError> {
    Ok(Json(engine.get_connector(&caller, &key).await?.into()))
}

/// Reads a version with its files.
#[utoipa::path(get, path = "/connectors/{key}/versions/{version}", tag = "Connectors",
    params(
        ("key" = String, Path, description = "The connector's key."),
        ("version" = String, Path, description = "A version, or a pin that leads to one: `latest`, `1.x.x`, `1.2.x`."),
    ),
    responses((status = 200, description = "The version.", body = VersionFilesOut), (status = 404, description = "No such version in this project.", body = ErrorBody)))]
pub(crate) async fn version(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path((key, version)): Path<(String, String)>,
) -> Result<Json<VersionFilesOut>, ApiError> {
    let VersionFiles { key, entry, files, diagnostics } = engine.connector_version(&caller, &key, &version).await?;
    let files = files.into_iter().map(|file| FileOut { name: file.name, text: file.text }).collect();
    Ok(Json(VersionFilesOut { key, version: entry.into(), files, diagnostics: to_json(&diagnostics) }))
}

/// Pushes a version of a connector, in use at once. The body is its files as JSON, or one merged file as YAML.
#[utoipa::path(post, path = "/connectors", tag = "Connectors", request_body(content((PushConnector = "application/json"), (String = "application/yaml"))),
    responses(
        (status = 201, description = "The version.", body = PushOut),
        (status = 200, description = "The same version with the same files was there already.", body = PushOut),
        (status = 400, description = "The connector has errors: `diagnostics` lists all of them, and nothing was changed.", body = ErrorBody),
        (status = 409, description = "The version is there with other files, or the project has too many.", body = ErrorBody),
    ))]
pub(crate) async fn push(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ConnectorFiles(files): ConnectorFiles,
) -> Result<(StatusCode, Json<PushOut>), ApiError> {
    let PushOutcome { version, connector, warnings, created, overrides, is_latest } =
        engine.push_connector(&caller, files).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let out = PushOut {
        key: version.key.clone(),
        title: connector.title.clone(),
        version: VersionOut::pushed(&version, is_latest),
        created,
        overrides,
        warnings: to_json(&warnings),
    };
    Ok((status, Json(out)))
}

/// Deletes a version that the project pushed, and gives it back.
#[utoipa::path(delete, path = "/connectors/{key}/versions/{version}", tag = "Connectors",
    params(
        ("key" = String, Path, description = "The connector's key."),
        ("version" = String, Path, description = "The version."),
    ),
    responses(
        (status = 200, description = "The version as it was.", body = VersionOut),
        (status = 404, description = "The project pushed no such version.", body = ErrorBody),
        (status = 409, description = "A profile is pinned to it, or accounts would be left without a connector.", body = ErrorBody),
    ))]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path((key, version)): Path<(String, String)>,
) -> Result<Json<VersionOut>, ApiError> {
    let deleted = engine.delete_connector_version(&caller, &key, &version).await?;
    Ok(Json(VersionOut::pushed(&deleted, false)))
}

/// Reads the operator's connectors directory again; calls go on meanwhile.
#[utoipa::path(post, path = "/connectors/reload", tag = "Connectors",
    responses(
        (status = 200, description = "What changed. A connector with errors is named in `refused`; where it was good before, that version stays in use.", body = ReloadOut),
        (status = 409, description = "The directory cannot be read; nothing was changed.", body = ErrorBody),
    ))]
pub(crate) async fn reload(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ReloadOut>, ApiError> {
    let Reloaded { added, changed, removed, refused, kept, report } = engine.reload_connectors(&caller).await?;
    Ok(Json(ReloadOut { added, changed, removed, refused, kept, report }))
}

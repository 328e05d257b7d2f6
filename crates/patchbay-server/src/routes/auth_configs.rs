//! Connector profiles, under the wire's name of auth configs.

#![expect(clippy::option_option, reason = "a patch tells null, which clears, from absence, which leaves")]

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use patchbay_engine::{Engine, Error, InstalledConnector, NewProfile, Origin, ProfilePatch, ProfileQuery};
use patchbay_model::{EnabledActions, Metadata, Profile, ProfileId};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::wire;
use crate::{
    error::{ApiError, ErrorBody},
    extract::{ApiJson, Authenticated, QueryMap},
};

/// A connector profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfileOut {
    id: String,
    name: String,
    connector_key: String,
    connector_label: Option<String>,
    logo_url: Option<String>,
    categories: Vec<String>,
    active: bool,
    default: bool,
    release_stage: Option<&'static str>,
    /// The version that runs: what the pin leads to.
    connector_version: Option<String>,
    /// `latest`, `1.x.x`, `1.2.x` or one version; null follows the latest.
    connector_pinned_version: Option<String>,
    /// `custom` where the project pushed the connector, else `patchbay`.
    connector_owner: &'static str,
    environment: String,
    authentication_config_key: String,
    authentication_config_label: Option<String>,
    /// The actions it allows; null allows all.
    enabled_actions: Option<Vec<String>>,
    /// Values of the set-up fields that are not secret.
    #[schema(value_type = Object)]
    setup_information: Metadata,
    /// What the provider holds against the app; null when nothing. It ends when the provider takes the app again, or
    /// the set-up values change.
    alarm: Option<wire::AlarmOut>,
    created_at: String,
    updated_at: String,
}

impl ProfileOut {
    async fn of(engine: &Engine, profile: &Profile) -> Result<Self, Error> {
        Ok(Self::new(profile, engine.connector_for_profile(profile).await?.as_ref()))
    }

    fn new(profile: &Profile, installed: Option<&InstalledConnector>) -> Self {
        let connector = installed.map(|installed| &installed.connector);
        let method = connector.and_then(|connector| connector.auth_method(&profile.auth_config_key));
        Self {
            id: profile.id.to_string(),
            name: profile.name.clone(),
            connector_key: profile.connector.clone(),
            connector_label: connector.map(|connector| connector.title.clone()),
            logo_url: connector.map(|connector| connector.icon.clone()),
            categories: connector.map(|connector| connector.categories.clone()).unwrap_or_default(),
            active: profile.active,
            default: profile.default,
            release_stage: connector.map(|connector| connector.release_stage.as_str()),
            connector_version: connector.map(|connector| connector.version.to_string()),
            connector_pinned_version: profile.version_pin.clone(),
            connector_owner: wire::owner(installed.map_or(Origin::Instance, |installed| installed.origin)),
            environment: profile.environment.clone(),
            authentication_config_key: profile.auth_config_key.clone(),
            authentication_config_label: method.map(|method| method.label.clone()),
            enabled_actions: match &profile.enabled_actions {
                EnabledActions::All => None,
                EnabledActions::Only(actions) => Some(actions.iter().cloned().collect()),
            },
            setup_information: profile.setup_information.clone(),
            alarm: profile.alarm.as_ref().map(wire::AlarmOut::new),
            created_at: profile.created_at.to_rfc3339(),
            updated_at: profile.updated_at.to_rfc3339(),
        }
    }
}

/// A page of profiles.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfilePage {
    page: u32,
    page_size: u32,
    total: u64,
    data: Vec<ProfileOut>,
}

/// Lists the project's connector profiles.
#[utoipa::path(get, path = "/auth_configs", tag = "Connector profiles",
    params(
        ("page" = Option<u32>, Query, description = "The page, from 1."),
        ("page_size" = Option<u32>, Query, description = "Profiles on a page, 1 to 100; 25 when absent."),
        ("enabled" = Option<bool>, Query, description = "Only enabled or disabled ones."),
        ("connector_key" = Option<String>, Query, description = "Only of this connector."),
    ),
    responses((status = 200, description = "The page.", body = ProfilePage)))]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<ProfilePage>, ApiError> {
    let (page, page_size) = (query.number(&["page"], 1)?, query.number(&["page_size"], 25)?);
    let filter = ProfileQuery {
        connector: query.text(&["connector_key", "connector", "provider"]),
        active: query.boolean(&["enabled", "active"])?,
        page,
        page_size,
    };
    let found = engine.list_profiles(&caller, filter).await?;
    let mut data = Vec::with_capacity(found.items.len());
    for profile in &found.items {
        data.push(ProfileOut::of(&engine, profile).await?);
    }
    Ok(Json(ProfilePage { page, page_size, total: found.total, data }))
}

/// What a profile is made from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateProfile {
    /// The connector.
    #[serde(alias = "connector", alias = "provider")]
    connector_key: String,
    /// Display name; the connector's when absent.
    #[serde(default)]
    name: Option<String>,
    /// The authentication method; the connector's first when absent.
    #[serde(default)]
    authentication_config_key: Option<String>,
    #[serde(default)]
    environment: Option<String>,
    /// `latest`, `1.x.x`, `1.2.x` or one version; without it the latest runs.
    #[serde(default)]
    connector_pinned_version: Option<String>,
    /// Enabled, unless false.
    #[serde(default, alias = "enabled")]
    active: Option<bool>,
    /// Whether sessions that name only the connector use it.
    #[serde(default)]
    default: Option<bool>,
    /// The public ids of the actions it allows; all when absent.
    #[serde(default)]
    enabled_actions: Option<Vec<String>>,
    /// Values of the set-up fields, secret and not.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    setup_information: Option<Map<String, Value>>,
}

fn enabled(actions: Option<Vec<String>>) -> EnabledActions {
    actions.map_or(EnabledActions::All, |actions| EnabledActions::Only(actions.into_iter().collect()))
}

/// Makes a connector profile.
#[utoipa::path(post, path = "/auth_configs", tag = "Connector profiles", request_body = CreateProfile,
    responses((status = 201, description = "The profile.", body = ProfileOut), (status = 400, description = "The request is not valid.", body = ErrorBody)))]
pub(crate) async fn create(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<CreateProfile>,
) -> Result<(StatusCode, Json<ProfileOut>), ApiError> {
    let new = NewProfile {
        connector: body.connector_key,
        name: body.name,
        auth_config_key: body.authentication_config_key,
        environment: body.environment,
        version_pin: body.connector_pinned_version,
        active: body.active.unwrap_or(true),
        default: body.default.unwrap_or(false),
        enabled_actions: enabled(body.enabled_actions),
        setup: wire::typed(body.setup_information.unwrap_or_default(), "setup_information")?,
    };
    let profile = engine.create_profile(&caller, new).await?;
    Ok((StatusCode::CREATED, Json(ProfileOut::of(&engine, &profile).await?)))
}

/// Reads a connector profile.
#[utoipa::path(get, path = "/auth_configs/{id}", tag = "Connector profiles", params(("id" = String, Path, description = "The profile.")),
    responses((status = 200, description = "The profile.", body = ProfileOut), (status = 404, description = "No such profile in this project.", body = ErrorBody)))]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<ProfileOut>, ApiError> {
    let profile = engine.get_profile(&caller, &ProfileId::new(id)).await?;
    Ok(Json(ProfileOut::of(&engine, &profile).await?))
}

/// What to change of a profile; absent fields stay, null clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchProfile {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, alias = "enabled")]
    active: Option<bool>,
    #[serde(default)]
    default: Option<bool>,
    #[serde(default)]
    environment: Option<String>,
    /// `latest`, `1.x.x`, `1.2.x` or one version; null follows the latest.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    connector_pinned_version: Option<Option<String>>,
    /// The public ids of the actions it allows; null allows all.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    enabled_actions: Option<Option<Vec<String>>>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    setup_information: Option<Map<String, Value>>,
}

/// Tells `null` from absence.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes a connector profile.
#[utoipa::path(patch, path = "/auth_configs/{id}", tag = "Connector profiles", params(("id" = String, Path, description = "The profile.")), request_body = PatchProfile,
    responses((status = 200, description = "The profile as it is now.", body = ProfileOut), (status = 400, description = "The request is not valid.", body = ErrorBody), (status = 404, description = "No such profile in this project.", body = ErrorBody)))]
pub(crate) async fn patch(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<PatchProfile>,
) -> Result<Json<ProfileOut>, ApiError> {
    let patch = ProfilePatch {
        name: body.name,
        active: body.active,
        default: body.default,
        environment: body.environment,
        version_pin: body.connector_pinned_version,
        enabled_actions: body.enabled_actions.map(enabled),
        setup: wire::typed(body.setup_information.unwrap_or_default(), "setup_information")?,
    };
    let profile = engine.patch_profile(&caller, &ProfileId::new(id), patch).await?;
    Ok(Json(ProfileOut::of(&engine, &profile).await?))
}

/// Deletes a connector profile that no account uses, and gives it back as it was.
#[utoipa::path(delete, path = "/auth_configs/{id}", tag = "Connector profiles", params(("id" = String, Path, description = "The profile.")),
    responses((status = 200, description = "The profile as it was.", body = ProfileOut), (status = 404, description = "No such profile in this project.", body = ErrorBody), (status = 409, description = "Accounts use it.", body = ErrorBody)))]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<ProfileOut>, ApiError> {
    let profile = engine.delete_profile(&caller, &ProfileId::new(id)).await?;
    Ok(Json(ProfileOut::of(&engine, &profile).await?))
}

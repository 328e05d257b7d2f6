//! Linked accounts.

#![expect(clippy::option_option, reason = "a patch tells null, which clears, from absence, which leaves")]

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::IntoResponse,
};
use patchbay_connector::Connector;
use patchbay_engine::{AccountPatch, AccountQuery, AccountView, Engine};
use patchbay_model::{AccountId, Metadata, ProfileId};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{account_status, wire};
use crate::{
    error::{ApiError, ErrorBody},
    extract::{ApiJson, Authenticated, QueryMap},
};

/// A linked account. Secrets are never part of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountOut {
    id: String,
    provider: String,
    provider_name: Option<String>,
    /// `active`, `inactive` (its profile is disabled), `suspended`, `error`, `expired` or `archived`.
    status: &'static str,
    #[schema(value_type = Option<Vec<Object>>)]
    status_reasons: Option<Value>,
    origin_owner_id: String,
    origin_owner_name: String,
    origin_username: Option<String>,
    /// The values of its fields that are not secret.
    #[schema(value_type = Object)]
    setup_information: Metadata,
    label: Option<String>,
    #[schema(value_type = Object)]
    metadata: Metadata,
    shared: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    integration_id: String,
    authentication_config_key: String,
    environment: String,
    created_at: String,
    updated_at: String,
}

impl AccountOut {
    fn new(view: &AccountView) -> Self {
        let account = &*view.account;
        Self {
            id: account.id.to_string(),
            provider: account.connector.clone(),
            provider_name: view.connector_title.clone(),
            status: account_status::name(view.status()),
            status_reasons: wire::status_reasons(&account.status_reasons),
            origin_owner_id: account.owner.id.clone(),
            origin_owner_name: account.owner.name.clone(),
            origin_username: account.owner.username.clone(),
            setup_information: account.setup_information.clone(),
            label: account.label.clone(),
            metadata: account.metadata.clone(),
            shared: account.shared,
            kind: account.kind.as_str(),
            integration_id: account.profile_id.to_string(),
            authentication_config_key: account.auth_config_key.clone(),
            environment: account.environment.clone(),
            created_at: account.created_at.to_rfc3339(),
            updated_at: account.updated_at.to_rfc3339(),
        }
    }
}

/// Lists linked accounts, newest first. The header `x-total-count` tells how many there are on all pages.
#[utoipa::path(
    get, path = "/accounts", tag = "Accounts",
    params(
        ("page" = Option<u32>, Query, description = "The page, from 1."),
        ("page_size" = Option<u32>, Query, description = "Accounts on a page, 1 to 100; 25 when absent."),
        ("providers" = Option<String>, Query, description = "Only of these connectors, comma-separated; `provider` is the older name."),
        ("account_ids" = Option<String>, Query, description = "Only these accounts, comma-separated."),
        ("origin_owner_id" = Option<String>, Query, description = "Only of this owner."),
        ("origin_owner_ids" = Option<String>, Query, description = "Only of these owners, comma-separated."),
        ("status" = Option<String>, Query, description = "Only in these states, comma-separated."),
        ("search" = Option<String>, Query, description = "Only those that hold this text in id, label, connector or owner."),
        ("type" = Option<String>, Query, description = "`production` or `test`."),
        ("connector_profile_id" = Option<String>, Query, description = "Only of these profiles, comma-separated."),
    ),
    responses((status = 200, description = "The page's accounts.", body = Vec<AccountOut>), (status = 400, description = "A filter is not valid.", body = ErrorBody))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<impl IntoResponse, ApiError> {
    let query = AccountQuery {
        ids: query.list(&["account_ids", "account_id"]).into_iter().map(AccountId::new).collect(),
        connectors: query.list(&["provider", "providers", "connector", "connectors"]),
        owner_ids: query.list(&["origin_owner_id", "origin_owner_ids", "owner_id", "owner_ids"]),
        statuses: account_status::filter(&query.list(&["status", "statuses"]))?,
        kind: wire::kind(query.text(&["type"]).as_deref().filter(|text| !text.is_empty()))?,
        search: query.text(&["search"]),
        profile_ids: query
            .list(&["connector_profile_id", "integration_id", "auth_config_id"])
            .into_iter()
            .map(ProfileId::new)
            .collect(),
        reconnect_due: query.boolean(&["relink_due"])?.unwrap_or(false),
        page: query.number(&["page"], 1)?,
        page_size: query.number(&["page_size"], 25)?,
    };
    let page = engine.list_accounts(&caller, query).await?;
    let accounts = page.items.iter().map(AccountOut::new).collect::<Vec<_>>();
    Ok(([("x-total-count", page.total.to_string())], Json(accounts)))
}

/// Reads a linked account.
#[utoipa::path(get, path = "/accounts/{id}", tag = "Accounts", params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = AccountOut), (status = 404, description = "No such account in this project.", body = ErrorBody)))]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<AccountOut>, ApiError> {
    Ok(Json(AccountOut::new(&engine.get_account(&caller, &AccountId::new(id)).await?)))
}

/// What to change of an account; absent fields stay. New field values are tried at the provider first.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchAccount {
    #[serde(default, alias = "owner_id")]
    origin_owner_id: Option<String>,
    #[serde(default, alias = "owner_name")]
    origin_owner_name: Option<String>,
    #[serde(default, alias = "owner_username", deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    origin_username: Option<Option<String>>,
    /// Must stay what it is; sent by older clients.
    #[serde(default, alias = "connector")]
    provider: Option<String>,
    /// Field values, secret and not.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    credentials: Option<Map<String, Value>>,
    /// Field values that are not secret.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    setup_information: Option<Map<String, Value>>,
    /// Secret field values.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    secrets: Option<Map<String, Value>>,
    /// Must stay what it is.
    #[serde(default)]
    authentication_config_key: Option<String>,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    label: Option<Option<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
    /// `production` or `test`.
    #[serde(default, rename = "type")]
    kind: Option<String>,
    /// Moves the account to another profile of the same connector.
    #[serde(default, alias = "connector_profile_id", alias = "auth_config_id")]
    integration_id: Option<String>,
    #[serde(default)]
    shared: Option<bool>,
    /// `suspended` pauses calls, `active` resumes them.
    #[serde(default)]
    status: Option<String>,
}

/// Tells `null` (clear it) from absence (leave it).
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes a linked account.
#[utoipa::path(patch, path = "/accounts/{id}", tag = "Accounts", params(("id" = String, Path, description = "The account.")), request_body = PatchAccount,
    responses((status = 200, description = "The account as it is now.", body = AccountOut), (status = 400, description = "The request is not valid.", body = ErrorBody), (status = 404, description = "No such account in this project.", body = ErrorBody)))]
pub(crate) async fn patch(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<PatchAccount>,
) -> Result<Json<AccountOut>, ApiError> {
    let id = AccountId::new(id);
    if body.provider.is_some() || body.authentication_config_key.is_some() {
        let view = engine.get_account(&caller, &id).await?;
        for (path, sent, is) in [
            ("provider", &body.provider, &view.account.connector),
            ("authentication_config_key", &body.authentication_config_key, &view.account.auth_config_key),
        ] {
            if sent.as_ref().is_some_and(|sent| sent != is) {
                return Err(
                    wire::invalid(path, &format!("{path} cannot be changed; link another account instead")).into()
                );
            }
        }
    }
    let mut credentials = Vec::new();
    for (values, path) in
        [(body.credentials, "credentials"), (body.setup_information, "setup_information"), (body.secrets, "secrets")]
    {
        credentials.extend(wire::typed(values.unwrap_or_default(), path)?);
    }
    let status = body.status.as_deref().map(|status| {
        account_status::stored(status)
            .ok_or_else(|| wire::invalid("status", "status can be set to active or suspended"))
    });
    let patch = AccountPatch {
        owner_id: body.origin_owner_id,
        owner_name: body.origin_owner_name,
        owner_username: body.origin_username,
        label: body.label,
        metadata: body.metadata,
        kind: wire::kind(body.kind.as_deref())?,
        shared: body.shared,
        status: status.transpose()?,
        environment: body.environment,
        profile_id: body.integration_id.map(ProfileId::new),
        credentials,
    };
    Ok(Json(AccountOut::new(&engine.patch_account(&caller, &id, patch).await?)))
}

/// A linked account as it was, and what its provider said to its end.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletedOut {
    #[serde(flatten)]
    account: AccountOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<DeletionOut>,
}

/// Whether the provider honours the account's credentials no more.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletionOut {
    /// `confirmed`, `unsupported` (the provider cannot be asked), `nothing` (there was no token) or `failed`.
    status: &'static str,
    /// What it means and what to do, for a person.
    message: String,
}

/// Deletes a linked account with its credentials, and gives it back as it was. The credentials are taken back at the
/// provider first, where it can be asked; what it says is in `revocation` and keeps no account.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "Accounts", params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account as it was.", body = DeletedOut), (status = 404, description = "No such account in this project.", body = ErrorBody)))]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<DeletedOut>, ApiError> {
    let view = engine.delete_account(&caller, &AccountId::new(id)).await?;
    let provider = view.connector_title.as_deref().unwrap_or(&view.account.connector);
    let revocation = view
        .revocation
        .as_ref()
        .map(|revocation| DeletionOut { status: revocation.as_str(), message: revocation.message(provider) });
    Ok(Json(DeletedOut { account: AccountOut::new(&view), revocation }))
}

/// What an account can do: its connector, category and the actions that its profile allows.
#[utoipa::path(get, path = "/accounts/{id}/meta", tag = "Accounts", params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account's abilities.", body = Object), (status = 404, description = "No such account in this project.", body = ErrorBody)))]
pub(crate) async fn meta(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let view = engine.get_account(&caller, &AccountId::new(id)).await?;
    let profile = engine.get_profile(&caller, &view.account.profile_id).await?;
    let connector = view.connector.as_ref();
    let category = connector.and_then(|connector| connector.categories.first().cloned());
    let allowed = |connector: &Arc<Connector>| {
        connector.actions.iter().filter(|action| profile.enabled_actions.allows(&action.public_id)).count()
    };
    let actions = connector.map_or(0, allowed);
    Ok(Json(json!({ "provider": view.account.connector, "category": category, "models": {}, "actions": actions })))
}

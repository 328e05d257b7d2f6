//! Linked accounts.

use axum::{
    Json,
    extract::{Path, State},
    response::IntoResponse,
};
use patchbay_engine::{Engine, Field};
use patchbay_model::AccountId;

use super::account_filter::account_query;
use crate::{
    dto::{
        account_status::AccountStatusOut,
        accounts::{AccountMetaOut, AccountOut, DeletedAccountOut, PatchAccount},
        problems::with_name,
        responses::{BodyErrors, ConflictErrors, KeyErrors, ProviderErrors, ValidationErrors},
        shared::{AccountKindOut, PageParams},
    },
    error::ApiError,
    extract::{Authenticated, QueryMap, WireJson},
};

/// Lists linked accounts.
///
/// The newest account is first. The header `x-total-count` is the number of accounts on all pages. `GET /v2/accounts`
/// shows more about each account; both lists take the same filters. An empty filter matches nothing. Scope:
/// `platform:read`.
#[utoipa::path(
    get, path = "/accounts", tag = "Accounts", operation_id = "accounts_list",
    params(
        PageParams,
        ("providers" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only accounts of these connectors, comma-separated. `provider`, `connector` and `connectors` are other names.", example = json!(["spotdraft"])),
        ("account_ids" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only these accounts, comma-separated."),
        ("origin_owner_id" = Option<String>, Query, description = "Only accounts of this owner. `owner_id` is another name."),
        ("origin_owner_ids" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only accounts of these owners, comma-separated. `owner_ids` is another name."),
        ("status" = Option<Vec<AccountStatusOut>>, Query, style = Form, explode = false, description = "Only accounts in these states, comma-separated."),
        ("search" = Option<String>, Query, max_length = 200, description = "Only accounts with this text in their ID, label, connector or owner."),
        ("type" = Option<AccountKindOut>, Query, description = "Only accounts of this type."),
        ("connector_profile_id" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only accounts of these connector profiles, comma-separated. `integration_id` and `auth_config_id` are other names."),
        ("relink_due" = Option<bool>, Query, description = "If true, only accounts that must be reconnected soon."),
    ),
    responses(
        KeyErrors, ValidationErrors,
        (status = 200, description = "The accounts of the page.", body = Vec<AccountOut>, headers(("x-total-count" = u64, description = "The number of accounts on all pages."))),
    )
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<impl IntoResponse, ApiError> {
    let query = account_query(query)?;
    let page = engine.accounts.list(&caller, query).await?;
    let accounts = page.items.iter().map(AccountOut::new).collect::<Vec<_>>();
    Ok(([("x-total-count", page.total.to_string())], Json(accounts)))
}

/// Returns a linked account.
///
/// `GET /v2/accounts/{id}` shows more. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/accounts/{id}", tag = "Accounts", operation_id = "accounts_get",
    params(("id" = String, Path, description = "The account's ID.")),
    responses(KeyErrors, (status = 200, description = "The account.", body = AccountOut))
)]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<AccountOut>, ApiError> {
    Ok(Json(AccountOut::new(&engine.accounts.get(&caller, &AccountId::new(id)).await?)))
}

/// Changes a linked account.
///
/// The provider verifies new field values before they are stored. Scope: `platform:write`.
#[utoipa::path(
    patch, path = "/accounts/{id}", tag = "Accounts", operation_id = "accounts_patch",
    params(("id" = String, Path, description = "The account's ID.")),
    request_body(content = PatchAccount, example = json!({ "label": "Main workspace", "metadata": { "plan": "pro" } })),
    responses(
        KeyErrors, BodyErrors, ConflictErrors, ProviderErrors,
        (status = 200, description = "The changed account.", body = AccountOut),
    )
)]
pub(crate) async fn patch(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    WireJson(body): WireJson<PatchAccount>,
) -> Result<Json<AccountOut>, ApiError> {
    let changed = engine.accounts.patch(&caller, &AccountId::new(id), body.into_patch()?).await;
    let changed = changed.map_err(|error| with_name(error, Field::Connector, "provider"));
    Ok(Json(AccountOut::new(&changed?)))
}

/// Deletes a linked account.
///
/// Patchbay first asks the provider to revoke the account's credentials, if the provider supports it. The account is
/// deleted in any case; `revocation` shows the outcome. The response is the deleted account. Scope: `platform:write`.
#[utoipa::path(
    delete, path = "/accounts/{id}", tag = "Accounts", operation_id = "accounts_delete",
    params(("id" = String, Path, description = "The account's ID.")),
    responses(KeyErrors, (status = 200, description = "The deleted account.", body = DeletedAccountOut))
)]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<DeletedAccountOut>, ApiError> {
    Ok(Json(DeletedAccountOut::new(&engine.accounts.delete(&caller, &AccountId::new(id)).await?)))
}

/// Returns what a linked account can do.
///
/// Its connector, category, and the number of actions that its connector profile allows. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/accounts/{id}/meta", tag = "Accounts", operation_id = "accounts_meta",
    params(("id" = String, Path, description = "The account's ID.")),
    responses(KeyErrors, (status = 200, description = "What the account can do.", body = AccountMetaOut))
)]
pub(crate) async fn meta(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<AccountMetaOut>, ApiError> {
    Ok(Json(AccountMetaOut::new(&engine.accounts.get(&caller, &AccountId::new(id)).await?)))
}

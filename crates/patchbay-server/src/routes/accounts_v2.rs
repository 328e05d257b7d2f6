//! Linked accounts under their newer names (`connector`, `owner_id`, `connector_profile_id`).

use axum::{
    Json,
    extract::{Path, State},
};
use patchbay_engine::Engine;
use patchbay_model::AccountId;

use super::account_filter::account_query;
use crate::{
    dto::{
        account_status::AccountStatusOut,
        accounts_v2::{AccountPageV2, AccountV2},
        responses::{KeyErrors, ValidationErrors},
        shared::{AccountKindOut, PageParams},
    },
    error::ApiError,
    extract::{Authenticated, QueryMap},
};

/// Lists linked accounts.
///
/// The newest account is first. An empty filter matches nothing. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/v2/accounts", tag = "Accounts", operation_id = "accounts_v2_list",
    params(
        PageParams,
        ("search" = Option<String>, Query, max_length = 200, description = "Only accounts with this text in their ID, label, connector or owner."),
        ("account_ids" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only these accounts, comma-separated."),
        ("connector" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only accounts of these connectors, comma-separated. `provider` and `providers` are other names.", example = json!(["spotdraft"])),
        ("connector_profile_id" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only accounts of these connector profiles, comma-separated. `integration_id` and `auth_config_id` are other names."),
        ("owner_id" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only accounts of these owners, comma-separated. `owner_ids`, `origin_owner_id` and `origin_owner_ids` are other names."),
        ("status" = Option<Vec<AccountStatusOut>>, Query, style = Form, explode = false, description = "Only accounts in these states, comma-separated."),
        ("type" = Option<AccountKindOut>, Query, description = "Only accounts of this type."),
        ("relink_due" = Option<bool>, Query, description = "If true, only accounts that must be reconnected soon (`relink.due_from` has passed)."),
    ),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The page.", body = AccountPageV2))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<AccountPageV2>, ApiError> {
    let filter = account_query(query)?;
    let (page, page_size) = (filter.page, filter.page_size);
    let found = engine.accounts.list(&caller, filter).await?;
    let data = found.items.iter().map(AccountV2::new).collect();
    Ok(Json(AccountPageV2 { page, page_size, total: found.total, data }))
}

/// Returns a linked account.
///
/// With its token's expiry, its missing scopes and the alarm of its connector profile. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/v2/accounts/{id}", tag = "Accounts", operation_id = "accounts_v2_get",
    params(("id" = String, Path, description = "The account's ID.")),
    responses(KeyErrors, (status = 200, description = "The account.", body = AccountV2))
)]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<AccountV2>, ApiError> {
    Ok(Json(AccountV2::new(&engine.accounts.get(&caller, &AccountId::new(id)).await?)))
}

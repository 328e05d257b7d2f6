//! Linked accounts under their newer names (`connector`, `owner_id`, `connector_profile_id`).

use axum::{
    Json,
    extract::{Path, State},
};
use patchbay_engine::{AccountQuery, Engine};
use patchbay_model::{AccountId, ProfileId};

use crate::{
    dto::{
        account_status::{AccountStatusOut, status_filter},
        accounts_v2::{AccountPageV2, AccountV2},
        responses::{KeyErrors, ValidationErrors},
        shared::{AccountKindOut, PageParams, account_kind},
    },
    error::ApiError,
    extract::{Authenticated, QueryMap},
};

/// Lists linked accounts.
///
/// The newest account is first. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/v2/accounts", tag = "Accounts", operation_id = "accounts_v2_list",
    params(
        PageParams,
        ("search" = Option<String>, Query, max_length = 200, description = "Only accounts with this text in their ID, label, connector or owner."),
        ("account_ids" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only these accounts, comma-separated."),
        ("connector" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only accounts of these connectors, comma-separated.", example = json!(["spotdraft"])),
        ("connector_profile_id" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only accounts of these connector profiles, comma-separated."),
        ("owner_id" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only accounts of these owners, comma-separated."),
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
    let PageParams { page, page_size } = query.page()?;
    let filter = AccountQuery {
        ids: query.list(&["account_ids", "account_id"]).into_iter().map(AccountId::new).collect(),
        connectors: query.list(&["connector", "connectors"]),
        owner_ids: query.list(&["owner_id", "owner_ids"]),
        statuses: status_filter(&query.list(&["status", "statuses"]))?,
        profile_ids: query.list(&["connector_profile_id"]).into_iter().map(ProfileId::new).collect(),
        kind: account_kind(query.text(&["type"]).as_deref())?,
        reconnect_due: query.boolean(&["relink_due"])?.unwrap_or(false),
        search: query.text(&["search"]),
        page,
        page_size,
    };
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

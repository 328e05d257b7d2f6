//! Linked accounts under their newer names (`connector`, `owner_id`, `connector_profile_id`).

use axum::{
    Json,
    extract::{Path, State},
};
use patchbay_engine::{AccountQuery, AccountView, Engine};
use patchbay_model::{Account, AccountId, ExpiryCause, Metadata, ProfileId, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{account_status, wire};
use crate::{
    error::{ApiError, ErrorBody},
    extract::{Authenticated, QueryMap},
};

/// A linked account. Secrets are never part of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountV2 {
    id: String,
    connector: String,
    connector_name: Option<String>,
    logo_url: Option<String>,
    connector_profile_id: String,
    connector_profile_name: Option<String>,
    owner_id: String,
    owner_name: String,
    owner_username: Option<String>,
    /// `active`, `inactive` (its profile is disabled), `suspended`, `error`, `expired` or `archived`.
    status: &'static str,
    /// Why it is so: `{code, description, timestamp}`.
    #[schema(value_type = Option<Vec<Object>>)]
    status_reasons: Option<Value>,
    label: Option<String>,
    /// `production` or `test`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The values of its fields that are not secret.
    #[schema(value_type = Object)]
    setup_information: Metadata,
    #[schema(value_type = Object)]
    metadata: Metadata,
    shared: bool,
    environment: String,
    authentication_config_key: String,
    /// The connector's version when it was linked last.
    connector_version: String,
    /// What is known of the token that the provider minted; null where the account works without one.
    token: Option<TokenOut>,
    /// Until when somebody must act, as far as is known; null when nothing is known to end.
    relink: Option<RelinkOut>,
    /// The scopes that actions need and that the provider did not grant: those actions answer 412 until the account is
    /// linked again.
    missing_scopes: Vec<String>,
    /// What the provider holds against the profile's app; null when nothing.
    profile_alarm: Option<wire::AlarmOut>,
    created_at: String,
    updated_at: String,
}

/// What is known of a token; never the token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenOut {
    issued_at: String,
    /// When it ends; null when the provider names no end.
    expires_at: Option<String>,
    /// When it is renewed by itself; null when nothing renews it.
    renews_at: Option<String>,
    /// When what renews it ends; null when nothing renews it, or the provider does not say.
    refresh_expires_at: Option<String>,
    /// What the provider granted; empty when it did not say.
    scopes: Vec<String>,
    /// The profile whose app minted it.
    connector_profile_id: String,
    /// When that profile had last changed by then.
    profile_changed_at: String,
    /// The app's client id; null where the app is the account's own.
    client_id: Option<String>,
    /// Whether that is an app which the profile had before: it goes on renewing the token until the account is linked
    /// again.
    is_of_earlier_app: bool,
}

/// An end after which the account does not work until it is linked again.
#[derive(Serialize, ToSchema)]
pub(crate) struct RelinkOut {
    /// The account must be linked again before this moment. A renewal may move it.
    before: String,
    /// From when on people are told: two weeks ahead, or for the last tenth of the life of what ends.
    due_from: String,
    /// What ends: `refresh_token`, `access_token` (nothing renews it) or `client_certificate`.
    cause: &'static str,
    /// For a person.
    message: String,
}

impl AccountV2 {
    fn new(view: &AccountView) -> Self {
        let account = &view.account;
        Self {
            id: account.id.to_string(),
            connector: account.connector.clone(),
            connector_name: view.connector_title.clone(),
            logo_url: view.logo_url.clone(),
            connector_profile_id: account.profile_id.to_string(),
            connector_profile_name: view.profile_name.clone(),
            owner_id: account.owner.id.clone(),
            owner_name: account.owner.name.clone(),
            owner_username: account.owner.username.clone(),
            status: account_status::name(view.status()),
            status_reasons: wire::status_reasons(&account.status_reasons),
            label: account.label.clone(),
            kind: account.kind.as_str(),
            setup_information: account.setup_information.clone(),
            metadata: account.metadata.clone(),
            shared: account.shared,
            environment: account.environment.clone(),
            authentication_config_key: account.auth_config_key.clone(),
            connector_version: account.connector_version.clone(),
            token: account.token.as_ref().map(|token| TokenOut {
                issued_at: token.issued_at.to_rfc3339(),
                expires_at: token.expires_at.map(Timestamp::to_rfc3339),
                renews_at: account.refresh_at.filter(|_| !ends_for_good(account)).map(Timestamp::to_rfc3339),
                refresh_expires_at: token.refresh_expires_at.map(Timestamp::to_rfc3339),
                scopes: token.scopes.clone(),
                connector_profile_id: token.profile_id.to_string(),
                profile_changed_at: token.profile_changed_at.to_rfc3339(),
                client_id: token.client_id.clone(),
                is_of_earlier_app: view.uses_previous_client,
            }),
            relink: account.next_expiry().zip(view.expiry_notice.as_ref()).map(|(expiry, message)| RelinkOut {
                before: expiry.at.to_rfc3339(),
                due_from: expiry.notify_from.to_rfc3339(),
                cause: expiry.cause.as_str(),
                message: message.clone(),
            }),
            missing_scopes: view.missing_scopes.clone(),
            profile_alarm: view.profile_alarm.as_ref().map(wire::AlarmOut::new),
            created_at: account.created_at.to_rfc3339(),
            updated_at: account.updated_at.to_rfc3339(),
        }
    }
}

/// Whether nothing renews the account's token.
fn ends_for_good(account: &Account) -> bool {
    account.expiries.iter().any(|expiry| expiry.cause == ExpiryCause::AccessToken)
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountPageV2 {
    page: u32,
    page_size: u32,
    /// How many there are on all pages.
    total: u64,
    data: Vec<AccountV2>,
}

/// Lists linked accounts, newest first.
#[utoipa::path(
    get, path = "/v2/accounts", tag = "Accounts",
    params(
        ("page" = Option<u32>, Query, description = "The page, from 1."),
        ("page_size" = Option<u32>, Query, description = "Accounts on a page, 1 to 100; 25 when absent."),
        ("search" = Option<String>, Query, description = "Only those that hold this text in id, label, connector or owner."),
        ("connector" = Option<String>, Query, description = "Only of these connectors, comma-separated."),
        ("connector_profile_id" = Option<String>, Query, description = "Only of these profiles, comma-separated."),
        ("owner_id" = Option<String>, Query, description = "Only of these owners, comma-separated."),
        ("status" = Option<String>, Query, description = "Only in these states, comma-separated."),
        ("type" = Option<String>, Query, description = "`production` or `test`."),
        ("relink_due" = Option<bool>, Query, description = "True: only those that must be linked again soon (`relink.due_from` has come)."),
    ),
    responses((status = 200, description = "A page of accounts.", body = AccountPageV2), (status = 400, description = "A filter is not valid.", body = ErrorBody))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<AccountPageV2>, ApiError> {
    let (page, page_size) = (query.number(&["page"], 1)?, query.number(&["page_size"], 25)?);
    let wanted = AccountQuery {
        ids: query.list(&["account_ids", "account_id"]).into_iter().map(AccountId::new).collect(),
        connectors: query.list(&["connector", "connectors"]),
        owner_ids: query.list(&["owner_id", "owner_ids"]),
        statuses: account_status::filter(&query.list(&["status", "statuses"]))?,
        profile_ids: query.list(&["connector_profile_id"]).into_iter().map(ProfileId::new).collect(),
        kind: wire::kind(query.text(&["type"]).as_deref().filter(|text| !text.is_empty()))?,
        reconnect_due: query.boolean(&["relink_due"])?.unwrap_or(false),
        search: query.text(&["search"]),
        page,
        page_size,
    };
    let found = engine.list_accounts(&caller, wanted).await?;
    let data = found.items.iter().map(AccountV2::new).collect();
    Ok(Json(AccountPageV2 { page, page_size, total: found.total, data }))
}

/// Reads a linked account.
#[utoipa::path(get, path = "/v2/accounts/{id}", tag = "Accounts", params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = AccountV2), (status = 404, description = "No such account in this project.", body = ErrorBody)))]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<AccountV2>, ApiError> {
    Ok(Json(AccountV2::new(&engine.get_account(&caller, &AccountId::new(id)).await?)))
}

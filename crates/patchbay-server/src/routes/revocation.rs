//! The revocation of many accounts, for example after a breach.

use axum::{Json, extract::State};
use patchbay_engine::Engine;

use crate::{
    dto::{
        responses::{BodyErrors, KeyErrors},
        revocation::{RevocationReportOut, RevokeAccounts},
    },
    error::ApiError,
    extract::{ApiJson, Authenticated},
};

/// Revokes linked accounts, at their providers and here.
///
/// Use it after a breach. The accounts remain and can be reconnected. At most 500 accounts are revoked by one request;
/// `remaining` says how many are left. With `dry_run` nothing is changed. Scope: `platform:write`.
#[utoipa::path(
    post, path = "/accounts/revoke", tag = "Accounts", operation_id = "accounts_revoke",
    request_body(content = RevokeAccounts, example = json!({ "connector": "spotdraft", "dry_run": true })),
    responses(
        KeyErrors, BodyErrors,
        (status = 200, description = "The outcome for each account.", body = RevocationReportOut),
    )
)]
pub(crate) async fn revoke(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<RevokeAccounts>,
) -> Result<Json<RevocationReportOut>, ApiError> {
    let query = body.into_query()?;
    let dry_run = query.is_dry_run;
    Ok(Json(RevocationReportOut::new(&engine.revocations.revoke(&caller, query).await?, dry_run)))
}

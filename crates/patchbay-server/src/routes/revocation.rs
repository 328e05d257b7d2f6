//! Taking many accounts back at once, for the day of a breach.

use axum::{Json, extract::State};
use patchbay_engine::{Engine, Error, RevocationQuery, RevocationReport, RevokedAccount};
use patchbay_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::wire;
use crate::{
    error::{ApiError, ErrorBody},
    extract::{ApiJson, Authenticated},
};

/// Which accounts to take back; at least one of `connector`, `since` and `until`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeAccounts {
    /// Only of this connector.
    #[serde(default, alias = "provider", alias = "connector_key")]
    connector: Option<String>,
    /// Only those linked at or after this moment (RFC 3339).
    #[serde(default)]
    since: Option<String>,
    /// Only those linked before this moment (RFC 3339).
    #[serde(default)]
    until: Option<String>,
    /// Says what would be done, and does nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What became of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedOut {
    id: String,
    provider: String,
    origin_owner_id: String,
    origin_owner_name: String,
    created_at: String,
    /// `confirmed` by the provider, `unsupported` (it cannot be asked), `nothing` (there was no token) or `failed`;
    /// null for a dry run.
    revocation: Option<&'static str>,
    /// For a person.
    message: String,
    /// Whether its credentials are gone from this server.
    wiped: bool,
}

/// What became of all of them.
#[derive(Serialize, ToSchema)]
pub struct RevocationOut {
    dry_run: bool,
    accounts: Vec<RevokedOut>,
    /// How many are left: ask again.
    remaining: u64,
}

impl RevocationOut {
    /// From the engine's report.
    pub fn new(report: &RevocationReport, dry_run: bool) -> Self {
        let revoked = |revoked: &RevokedAccount| RevokedOut {
            id: revoked.account.id.to_string(),
            provider: revoked.account.connector.clone(),
            origin_owner_id: revoked.account.owner.id.clone(),
            origin_owner_name: revoked.account.owner.name.clone(),
            created_at: revoked.account.created_at.to_rfc3339(),
            revocation: revoked.revocation.as_ref().map(patchbay_engine::Revocation::as_str),
            message: revoked.message.clone(),
            wiped: revoked.is_wiped,
        };
        Self { dry_run, accounts: report.accounts.iter().map(revoked).collect(), remaining: report.remaining }
    }
}

/// Takes accounts back at their providers and wipes their credentials here: for the day of a breach. They stay, to be
/// linked again.
#[utoipa::path(post, path = "/accounts/revoke", tag = "Accounts", operation_id = "revoke", request_body = RevokeAccounts,
    responses((status = 200, description = "What the providers confirmed, account by account.", body = RevocationOut), (status = 400, description = "The request is not valid.", body = ErrorBody)))]
pub(crate) async fn revoke(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<RevokeAccounts>,
) -> Result<Json<RevocationOut>, ApiError> {
    let query = RevocationQuery {
        connector: body.connector.filter(|connector| !connector.is_empty()),
        since: moment("since", body.since.as_deref())?,
        until: moment("until", body.until.as_deref())?,
        is_dry_run: body.dry_run,
    };
    Ok(Json(RevocationOut::new(&engine.revoke_accounts(&caller, query).await?, body.dry_run)))
}

fn moment(path: &str, text: Option<&str>) -> Result<Option<Timestamp>, Error> {
    let parse = |text: &str| {
        text.parse().map_err(|_| wire::invalid(path, "a moment is written like 2026-05-01T00:00:00Z (RFC 3339)"))
    };
    text.filter(|text| !text.is_empty()).map(parse).transpose()
}

//! The revocation of many accounts.

use patchbay_engine::{Error, RevocationQuery, RevocationReport, RevokedAccount};
use patchbay_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{accounts::RevocationStatus, problems::invalid};

/// The accounts to revoke: at least one of `connector`, `since` and `until`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeAccounts {
    /// Only accounts of this connector. `provider` and `connector_key` are other names.
    #[serde(default, alias = "provider", alias = "connector_key")]
    #[schema(example = "spotdraft")]
    connector: Option<String>,
    /// Only accounts that were linked at or after this time.
    #[serde(default)]
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Only accounts that were linked before this time.
    #[serde(default)]
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Reports what would be done and does nothing.
    #[serde(default)]
    dry_run: bool,
}

impl RevokeAccounts {
    /// Returns the engine's query.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an empty connector, which must not stand for all connectors, and for a time that is not
    /// RFC 3339.
    pub(crate) fn into_query(self) -> Result<RevocationQuery, Error> {
        if self.connector.as_ref().is_some_and(|connector| connector.trim().is_empty()) {
            return Err(invalid("connector", "connector is empty; omit it to revoke the accounts of all connectors"));
        }
        Ok(RevocationQuery {
            connector: self.connector,
            since: timestamp("since", self.since.as_deref())?,
            until: timestamp("until", self.until.as_deref())?,
            is_dry_run: self.dry_run,
        })
    }
}

fn timestamp(path: &str, text: Option<&str>) -> Result<Option<Timestamp>, Error> {
    let message = || format!("{path} must be a time such as 2026-05-01T00:00:00Z (RFC 3339)");
    let parse = |text: &str| text.parse().map_err(|_| invalid(path, &message()));
    text.map(parse).transpose()
}

/// The outcome for one account.
#[derive(Serialize, ToSchema)]
#[schema(as = RevokedAccount)]
pub(crate) struct RevokedAccountOut {
    /// The account's ID.
    id: String,
    /// The connector's key.
    provider: String,
    origin_owner_id: String,
    origin_owner_name: String,
    /// When it was linked first.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Null for a dry run.
    #[schema(required)]
    revocation: Option<RevocationStatus>,
    /// What was done, or would be done, for a person.
    message: String,
    /// Whether its credentials were deleted here.
    wiped: bool,
}

/// The outcome for all accounts.
#[derive(Serialize, ToSchema)]
#[schema(as = RevocationReport)]
pub struct RevocationReportOut {
    dry_run: bool,
    /// 500 at most.
    #[schema(max_items = 500)]
    accounts: Vec<RevokedAccountOut>,
    /// The number of accounts that remain. Send the request again to revoke them.
    remaining: u64,
}

impl RevocationReportOut {
    /// Returns the shape in which the API and the command line show a report.
    pub fn new(report: &RevocationReport, dry_run: bool) -> Self {
        let revoked = |revoked: &RevokedAccount| RevokedAccountOut {
            id: revoked.account.id.to_string(),
            provider: revoked.account.connector.clone(),
            origin_owner_id: revoked.account.owner.id.clone(),
            origin_owner_name: revoked.account.owner.name.clone(),
            created_at: revoked.account.created_at,
            revocation: revoked.revocation.as_ref().map(RevocationStatus::from),
            message: revoked.message.clone(),
            wiped: revoked.is_wiped,
        };
        Self { dry_run, accounts: report.accounts.iter().map(revoked).collect(), remaining: report.remaining }
    }
}

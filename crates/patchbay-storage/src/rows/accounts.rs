//! Linked accounts, with their sealed secrets.

use std::collections::BTreeMap;

use patchbay_model::{Account, AccountId, AccountStatus, Owner, ProfileId, ProjectId, Sealed, Timestamp};

use super::{Columns, Row};
use crate::Result;

/// Counts accounts by connector and status: `$1` is the number of connectors.
pub(crate) const COUNT_ACCOUNTS: &str = "SELECT connector, status, count(*) AS accounts FROM accounts \
     WHERE connector IN (SELECT DISTINCT connector FROM accounts ORDER BY connector LIMIT $1) \
     GROUP BY connector, status ORDER BY connector, status";

/// Returns a connector, a status and the number of accounts.
pub(crate) fn account_count<C: Columns>(row: &C) -> Result<(String, AccountStatus, u64)> {
    let row = Row::new("accounts", row, "connector");
    Ok((row.get("connector")?, row.parse("status")?, row.get::<i64>("accounts")?.unsigned_abs()))
}

/// Returns an account with these secrets.
pub(crate) fn account<C: Columns>(row: &C, secrets: BTreeMap<String, Sealed>) -> Result<Account> {
    let row = Row::new("accounts", row, "id");
    Ok(Account {
        id: AccountId::new(row.id.clone()),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        profile_id: ProfileId::new(row.get::<String>("profile_id")?),
        connector: row.get("connector")?,
        connector_version: row.get("connector_version")?,
        auth_config_key: row.get("auth_config_key")?,
        environment: row.get("environment")?,
        owner: Owner { id: row.get("owner_id")?, name: row.get("owner_name")?, username: row.get("owner_username")? },
        label: row.get("label")?,
        kind: row.parse("kind")?,
        shared: row.get("shared")?,
        status: row.parse("status")?,
        status_reasons: row.json("status_reasons")?,
        setup_information: row.json("setup_information")?,
        secrets,
        metadata: row.json("metadata")?,
        token: row.get::<Option<&str>>("token")?.map(|_| row.json("token")).transpose()?,
        missing_scopes: row.json("missing_scopes")?,
        refresh_at: row.get::<Option<i64>>("refresh_at")?.map(Timestamp::from_micros),
        expiries: row.json("expiries")?,
        revision: row.get("revision")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Returns the IDs of the accounts in these rows.
pub(crate) fn named_accounts<C: Columns>(rows: &[C]) -> Result<Vec<(ProjectId, AccountId)>> {
    let account = |row| {
        let row = Row::new("accounts", row, "id");
        Ok((ProjectId::new(row.get::<String>("project_id")?), AccountId::new(row.id.clone())))
    };
    rows.iter().map(account).collect()
}

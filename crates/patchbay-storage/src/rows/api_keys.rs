//! API keys, as hashes.

use std::collections::BTreeSet;

use patchbay_model::{ApiKey, ApiKeyId, ApiScope, ProjectId};

use super::{Columns, Row};
use crate::Result;

/// Returns an API key.
pub(crate) fn api_key<C: Columns>(row: &C) -> Result<ApiKey> {
    let row = Row::new("api_keys", row, "id");
    let scopes: &str = row.get("scopes")?;
    let scopes = scopes.split_whitespace().map(str::parse::<ApiScope>).collect::<std::result::Result<BTreeSet<_>, _>>();
    Ok(ApiKey {
        id: ApiKeyId::new(row.id.clone()),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        name: row.get("name")?,
        hash: row.hash("hash")?,
        scopes: scopes.map_err(|error| row.wrong("scopes", error))?,
        enabled: row.get("enabled")?,
        created_at: row.time("created_at")?,
        seal: row.seal()?,
    })
}

//! Connect sessions.

use patchbay_model::{AccountId, ConnectSession, OrganizationId, Owner, ProfileId, ProjectId, SessionId};

use super::{Columns, Row};
use crate::Result;

/// Returns a connect session.
pub(crate) fn session<C: Columns>(row: &C) -> Result<ConnectSession> {
    let row = Row::new("connect_sessions", row, "id");
    Ok(ConnectSession {
        id: SessionId(row.get("id")?),
        organization_id: OrganizationId::new(row.get::<String>("organization_id")?),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        token_hash: row.hash("token_hash")?,
        owner: Owner { id: row.get("owner_id")?, name: row.get("owner_name")?, username: row.get("owner_username")? },
        categories: row.json("categories")?,
        connector: row.get("connector")?,
        profile_id: row.get::<Option<String>>("profile_id")?.map(ProfileId::new),
        account_id: row.get::<Option<String>>("account_id")?.map(AccountId::new),
        label: row.get("label")?,
        metadata: row.json("metadata")?,
        kind: row.parse("kind")?,
        multiple: row.get("multiple")?,
        allowed_origins: row.json("allowed_origins")?,
        confirm_url: row.get("confirm_url")?,
        linked_account_id: row.get::<Option<String>>("linked_account_id")?.map(AccountId::new),
        external_trigger_token: row.get("external_trigger_token")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

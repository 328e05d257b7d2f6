//! Members of the organization, and their browser sessions.

use patchbay_model::{BrowserSession, Member, MemberId, OrganizationId, PasswordHash};

use super::{Columns, Row};
use crate::Result;

/// Returns a member.
pub(crate) fn member<C: Columns>(row: &C) -> Result<Member> {
    let row = Row::new("members", row, "id");
    Ok(Member {
        id: MemberId::new(row.id.clone()),
        organization_id: OrganizationId::new(row.get::<String>("organization_id")?),
        name: row.get("name")?,
        password: row.get::<Option<String>>("password_hash")?.map(PasswordHash),
        created_at: row.time("created_at")?,
        seal: row.seal()?,
    })
}

/// Returns a browser session.
pub(crate) fn browser_session<C: Columns>(row: &C) -> Result<BrowserSession> {
    let row = Row::without_id("browser_sessions", row);
    Ok(BrowserSession {
        hash: row.hash("hash")?,
        member_id: MemberId::new(row.get::<String>("member_id")?),
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        seal: row.seal()?,
    })
}

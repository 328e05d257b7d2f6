//! One-time login tokens, as hashes.

use patchbay_model::{LoginToken, ProjectId};

use super::{Columns, Row};
use crate::Result;

/// Returns a login token.
pub(crate) fn login_token<C: Columns>(row: &C) -> Result<LoginToken> {
    let row = Row::without_id("login_tokens", row);
    Ok(LoginToken {
        hash: row.hash("hash")?,
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        expires_at: row.time("expires_at")?,
        seal: row.seal()?,
    })
}

//! Connection attempts.

use patchbay_model::{AccountId, AttemptError, AttemptId, ConnectionAttempt, FailureReason, ProjectId, SessionId};

use super::{Columns, Row};
use crate::Result;

/// Returns a connection attempt.
pub(crate) fn attempt<C: Columns>(row: &C) -> Result<ConnectionAttempt> {
    let row = Row::new("connection_attempts", row, "id");
    let code: Option<String> = row.get("error_code")?;
    let description: Option<String> = row.get("error_description")?;
    let reason: Option<String> = row.get("error_reason")?;
    let reason = reason.map(|text| text.parse::<FailureReason>()).transpose();
    let reason = reason.map_err(|error| row.wrong("error_reason", error))?;
    Ok(ConnectionAttempt {
        id: AttemptId::new(row.id.clone()),
        session_id: SessionId(row.get("session_id")?),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        status: row.parse("status")?,
        account_id: row.get::<Option<String>>("account_id")?.map(AccountId::new),
        error: code.zip(description).map(|(code, description)| AttemptError { code, description, reason }),
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

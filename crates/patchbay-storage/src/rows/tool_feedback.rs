//! What people and agents say of tools.

use patchbay_model::{AccountId, ProjectId, ToolFeedback};

use super::{Columns, Row};
use crate::Result;

/// Returns a message about a tool.
pub(crate) fn tool_feedback<C: Columns>(row: &C) -> Result<ToolFeedback> {
    let row = Row::new("tool_feedback", row, "key");
    Ok(ToolFeedback {
        key: row.id.clone(),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        account_id: row.get::<Option<String>>("account_id")?.map(AccountId::new),
        tool: row.get("tool")?,
        text: row.get("text")?,
        created_at: row.time("created_at")?,
    })
}

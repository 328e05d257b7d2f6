//! What people and agents say of tools.

use crate::{AccountId, ProjectId, Timestamp};

/// What somebody said of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolFeedback {
    /// The id of the message. A message about several tools has one for all of them.
    pub key: String,
    /// The project.
    pub project_id: ProjectId,
    /// The account with which the tool was used, if it is known.
    pub account_id: Option<AccountId>,
    /// The tool: an action's public id.
    pub tool: String,
    /// What was said.
    pub text: String,
    /// When it was said.
    pub created_at: Timestamp,
}

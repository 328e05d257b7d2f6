//! What agents cost, and what they say of tools.

use patchbay_engine::{NewFeedback, ParamStyle, ToolMode};
use patchbay_model::{AccountId, ToolFeedback};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The bytes that count as a token.
const BYTES_PER_TOKEN: usize = 4;

/// How actions become tools.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ToolMode)]
pub(crate) enum ToolModeOut {
    Individual,
    SearchExecute,
    Meta,
}

/// How tools take inputs.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ParamStyle)]
pub(crate) enum ParamStyleOut {
    Nested,
    FlatPrefixed,
    FlatSmart,
}

/// What the tools of a mode cost.
#[derive(Serialize, ToSchema)]
#[schema(as = ToolCost)]
pub(crate) struct ToolCostOut {
    /// The mode, as in `tool-mode`.
    tool_mode: ToolModeOut,
    /// The style, as in `param-style`.
    param_style: ParamStyleOut,
    /// The number of tools.
    #[schema(example = 4)]
    tools: usize,
    /// The size of their definitions as JSON.
    #[schema(example = 3200)]
    bytes: usize,
    /// The tokens that a model reads before each conversation: an estimate.
    #[schema(example = 800)]
    tokens: usize,
}

impl ToolCostOut {
    pub(crate) fn new(mode: ToolMode, style: ParamStyle, tools: usize, bytes: usize) -> Self {
        let tool_mode = match mode {
            ToolMode::Individual => ToolModeOut::Individual,
            ToolMode::SearchExecute => ToolModeOut::SearchExecute,
            ToolMode::Meta => ToolModeOut::Meta,
        };
        let param_style = match style {
            ParamStyle::Nested => ParamStyleOut::Nested,
            ParamStyle::FlatPrefixed => ParamStyleOut::FlatPrefixed,
            ParamStyle::FlatSmart => ParamStyleOut::FlatSmart,
        };
        Self { tool_mode, param_style, tools, bytes, tokens: bytes.div_ceil(BYTES_PER_TOKEN) }
    }
}

/// What the tools of accounts cost, in each mode.
#[derive(Serialize, ToSchema)]
#[schema(as = ToolCosts)]
pub(crate) struct ToolCostsOut {
    /// Each mode; `individual` in each style.
    pub(crate) data: Vec<ToolCostOut>,
}

/// Feedback on tools.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "feedback": "It found the right contract at once.", "account_id": "V1StGXR8z5jdHi6BmyT1x", "tool_names": ["spotdraft_list_contracts"] }))]
pub(crate) struct SubmitFeedback {
    /// What was good or bad, at most 10,000 characters.
    feedback: String,
    /// The account with which the tools were used.
    #[serde(default)]
    account_id: Option<String>,
    /// The tools, 1 to 50: the IDs of actions.
    tool_names: Vec<String>,
}

impl SubmitFeedback {
    pub(crate) fn into_new(self) -> NewFeedback {
        NewFeedback {
            text: self.feedback,
            account_id: self.account_id.filter(|id| !id.trim().is_empty()).map(AccountId::new),
            tools: self.tool_names,
        }
    }
}

/// Feedback that was kept.
#[derive(Serialize, ToSchema)]
#[schema(as = SubmittedFeedback)]
pub(crate) struct SubmittedFeedbackOut {
    /// That it was kept, for a person.
    message: String,
    /// Its ID.
    key: String,
    #[schema(format = DateTime)]
    submitted_at: String,
    /// The same as `key`; existing clients read it.
    trace_id: String,
}

impl SubmittedFeedbackOut {
    pub(crate) fn new(kept: &[ToolFeedback]) -> Self {
        let first = kept.first();
        let key = first.map(|message| message.key.clone()).unwrap_or_default();
        let submitted_at = first.map(|message| message.created_at.to_rfc3339()).unwrap_or_default();
        Self { message: "Feedback successfully stored".to_owned(), trace_id: key.clone(), key, submitted_at }
    }
}

/// Feedback on one tool.
#[derive(Serialize, ToSchema)]
#[schema(as = ToolFeedback)]
pub(crate) struct FeedbackOut {
    /// Its ID. Feedback on several tools has one entry for each, with the same ID.
    key: String,
    /// The tool: an action's ID.
    #[schema(example = "spotdraft_list_contracts")]
    tool_name: String,
    /// The account with which the tool was used; null if it is not known.
    #[schema(required)]
    account_id: Option<String>,
    /// What was said.
    feedback: String,
    #[schema(format = DateTime)]
    submitted_at: String,
}

impl FeedbackOut {
    pub(crate) fn new(message: ToolFeedback) -> Self {
        Self {
            key: message.key,
            tool_name: message.tool,
            account_id: message.account_id.map(|id| id.to_string()),
            feedback: message.text,
            submitted_at: message.created_at.to_rfc3339(),
        }
    }
}

/// The newest feedback on tools.
#[derive(Serialize, ToSchema)]
#[schema(as = ToolFeedbackList)]
pub(crate) struct FeedbackListOut {
    #[schema(max_items = 200)]
    pub(crate) data: Vec<FeedbackOut>,
}

//! What people and agents say of tools. It is kept for a year, and shown beside the action.

use std::sync::Arc;

use patchbay_model::{AccountId, ApiScope, Clock, Entropy, ToolFeedback};
use patchbay_storage::Storage;

use crate::{Caller, EngineParts, Error, Problem, accounts::store::CachedAccounts, validation::invalid};

/// The longest message, in characters.
const MAX_TEXT_CHARS: usize = 10_000;
/// The most tools of a message.
const MAX_TOOLS: usize = 50;
/// The longest name of a tool, in characters.
const MAX_TOOL_CHARS: usize = 200;
/// The most messages that are shown.
const MAX_SHOWN: u32 = 200;

/// A message about tools.
#[derive(Clone, Debug)]
pub struct NewFeedback {
    /// What was said.
    pub text: String,
    /// The account with which the tools were used.
    pub account_id: Option<AccountId>,
    /// The tools.
    pub tools: Vec<String>,
}

/// What people and agents say of tools.
pub struct Feedback {
    storage: Arc<dyn Storage>,
    accounts: Arc<CachedAccounts>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Feedback {
    pub(crate) fn new(parts: &EngineParts, accounts: Arc<CachedAccounts>) -> Self {
        let (storage, clock, entropy) = (parts.storage.clone(), parts.clock.clone(), parts.entropy.clone());
        Self { storage, accounts, clock, entropy }
    }

    /// Keeps a message, and returns it for each of its tools.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an empty or too long message, and without a tool; 404 `AccountNotFoundError` for an account that
    /// the project does not have.
    pub async fn submit(&self, caller: &Caller, new: NewFeedback) -> Result<Vec<ToolFeedback>, Error> {
        caller.require(ApiScope::ActionsExecute)?;
        check(&new)?;
        if let Some(account) = &new.account_id {
            self.accounts.get(&caller.project_id, account).await?;
        }
        let (key, created_at) = (self.entropy.uuid().to_string(), self.clock.now());
        let mut tools = new.tools;
        tools.sort();
        tools.dedup();
        let messages = tools.into_iter().map(|tool| ToolFeedback {
            key: key.clone(),
            project_id: caller.project_id.clone(),
            account_id: new.account_id.clone(),
            tool,
            text: new.text.clone(),
            created_at,
        });
        let messages = messages.collect::<Vec<_>>();
        self.storage.tool_feedback().append(&messages).await?;
        Ok(messages)
    }

    /// Returns the newest messages, about one tool or about all.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError` if the caller lacks `connectors:read`; errors of the storage.
    pub async fn newest(&self, caller: &Caller, tool: Option<&str>) -> Result<Vec<ToolFeedback>, Error> {
        caller.require(ApiScope::ConnectorsRead)?;
        Ok(self.storage.tool_feedback().newest(&caller.project_id, tool, MAX_SHOWN).await?)
    }
}

/// Checks a message. Its text and its tools are stored in every backend, which not every character can be.
fn check(new: &NewFeedback) -> Result<(), Error> {
    let mut problems = Vec::new();
    let mut add = |path: &str, code, message: String| {
        problems.push(Problem { path: path.into(), code, message });
    };
    if new.text.trim().is_empty() {
        add("feedback", "required", "feedback is empty; say what was good or bad about the tools".to_owned());
    } else if new.text.chars().count() > MAX_TEXT_CHARS {
        add("feedback", "max_length", format!("feedback has more than {MAX_TEXT_CHARS} characters"));
    }
    if new.tools.is_empty() || new.tools.len() > MAX_TOOLS {
        add("tool_names", "range", format!("tool_names must have 1 to {MAX_TOOLS} names"));
    }
    let is_wrong = |tool: &String| tool.trim().is_empty() || tool.chars().count() > MAX_TOOL_CHARS;
    if new.tools.iter().any(is_wrong) {
        add(
            "tool_names",
            "length",
            format!("a name in tool_names is empty or longer than {MAX_TOOL_CHARS} characters"),
        );
    }
    if new.text.contains('\0') || new.tools.iter().any(|tool| tool.contains('\0')) {
        add("feedback", "control_character", "the character NUL cannot be stored".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems)) }
}

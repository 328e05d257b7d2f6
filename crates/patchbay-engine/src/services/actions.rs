//! Running actions.

use patchbay_model::{AccountId, CallId, ProfileId};
use serde_json::{Map, Value};

use super::{Caller, Engine};
use crate::Error;

/// A run of an action.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The account to act with.
    pub account_id: AccountId,
    /// Runs under this profile in place of the account's; same project and connector, else 400.
    pub profile_id: Option<ProfileId>,
    /// The action's public id.
    pub action: String,
    /// Path inputs.
    pub path: Map<String, Value>,
    /// Query inputs.
    pub query: Map<String, Value>,
    /// Header inputs, names in any case. `x-account-id` among them is ignored: SDKs send it twice.
    pub headers: Map<String, Value>,
    /// Body inputs.
    pub body: Map<String, Value>,
}

/// What an action answered.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// The run's id.
    pub call_id: CallId,
    /// `{data, next, …}` as the connector gives it; `data` and `next` are always there.
    pub result: Map<String, Value>,
}

impl Engine {
    /// Checks the inputs (400 with every problem), then runs the action within the time budget.
    /// Unknown action 404 `ActionNotFoundError` with the nearest names; action not enabled 403
    /// `ActionNotEnabledError`; account of another project 404; suspended account or disabled profile 412.
    pub async fn run_action(&self, _caller: &Caller, _request: RunRequest) -> Result<RunOutcome, Error> {
        todo!()
    }
}

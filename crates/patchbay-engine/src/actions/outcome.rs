//! The result of an action.

use patchbay_model::CallId;
use serde_json::{Map, Value};

use crate::RunTrace;

/// The result of an action.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// The run's id.
    pub call_id: CallId,
    /// `{data, next, …}` as the connector defines it; `data` and `next` always exist.
    pub result: Map<String, Value>,
    /// The trace, if the request asked for it.
    pub trace: Option<RunTrace>,
}

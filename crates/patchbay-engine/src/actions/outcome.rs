//! The result of an action.

use std::sync::Arc;

use patchbay_model::{CallId, Reservation};
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
    /// Whether the call may have changed something outside of this server. If the result cannot be written then, the call must
    /// not be offered again.
    pub may_have_effect: bool,
    /// The memory of the result if it may be large.
    pub memory: Option<Arc<Reservation>>,
}

//! The errors of a server that has no memory or no turn left for large values.

use patchbay_model::MemorySpent;

use crate::{Error, ErrorCode};

/// The `Retry-After` of a request that was refused, in seconds. A large call lasts about as long.
pub(crate) const BUSY_RETRY_AFTER_SECS: u64 = 5;

/// Returns the 503 for a value for which the budget of the process has no memory left. `what` says in a clause what did not
/// happen.
pub fn memory_spent(what: &str, spent: MemorySpent) -> Error {
    let message = if spent.wanted > spent.limit {
        format!("{what}: {spent}; request less at once, or let the operator raise `limits.memoryMebibytes`")
    } else {
        format!("{what}: {spent}; try again in {BUSY_RETRY_AFTER_SECS} s, or request less at once")
    };
    Error::new(ErrorCode::ServerBusy, message).with_retry_after(BUSY_RETRY_AFTER_SECS)
}

/// Returns the 503 for work for which too much other work waits.
pub(crate) fn too_many_waiting() -> Error {
    let message = format!("too many large bodies wait for their turn; try again in {BUSY_RETRY_AFTER_SECS} s");
    Error::new(ErrorCode::ServerBusy, message).with_retry_after(BUSY_RETRY_AFTER_SECS)
}

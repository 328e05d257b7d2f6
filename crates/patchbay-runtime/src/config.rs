//! The operator's choices that concern a run.

use tokio::time::{Duration, Instant};

/// The bounds of every run.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeConfig {
    /// The largest response that is read from a provider, in bytes after decompression.
    pub max_response_bytes: usize,
    /// The time that a whole call may take.
    pub call_budget: Duration,
}

impl RuntimeConfig {
    /// Returns the deadline of a call that starts now.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.call_budget
    }
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self { max_response_bytes: 32 * 1024 * 1024, call_budget: Duration::from_mins(1) }
    }
}

//! The limits of runs that the operator configures.

use tokio::time::{Duration, Instant};

/// The limits of every run.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeConfig {
    /// The maximum size of a provider's response, in bytes after decompression.
    pub max_response_bytes: usize,
    /// The maximum duration of a whole call.
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

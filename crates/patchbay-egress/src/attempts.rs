//! The attempts of a request that were followed by another one, for logs.

use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

/// An attempt after which the request was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The status of the response; none if the connection was lost.
    pub status: Option<u16>,
    /// When it was sent.
    pub started: Instant,
    /// How long its response took.
    pub duration: Duration,
}

/// Notes the attempts of a request except the last one, whose outcome is that of the request.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<Vec<Attempt>>);

impl Attempts {
    /// Notes an attempt that ended now.
    pub(crate) fn note(&self, started: Instant, status: Option<u16>) {
        let attempt = Attempt { status, started, duration: started.elapsed() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(attempt);
    }

    /// Returns the attempts, in order.
    pub fn take(&self) -> Vec<Attempt> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

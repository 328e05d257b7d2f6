//! Refreshes of tokens.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{Counters, Family, Places, label::label};

/// The number of connectors that are labels.
const MAX_CONNECTORS: usize = 500;

label! {
    /// What came of a token request.
    RefreshOutcome {
        /// There is a new token.
        Success = "success",
        /// The provider says that the grant has ended.
        Rejected = "rejected",
        /// It failed, and is tried again.
        Failed = "failed",
    }
}

/// The refreshes of tokens.
#[derive(Debug)]
pub struct Refreshes {
    pub(crate) connectors: Family<String, Counters<RefreshOutcome>>,
    lag_millis: AtomicU64,
}

impl Default for Refreshes {
    fn default() -> Self {
        let connectors = Family::new(Places::new(MAX_CONNECTORS), Counters::default);
        Self { connectors, lag_millis: AtomicU64::default() }
    }
}

impl Refreshes {
    /// Counts a token request.
    pub fn count(&self, connector: &str, outcome: RefreshOutcome) {
        self.connectors.with(connector, |counters| counters.of(outcome).add_one());
    }

    /// Notes for how long the refresh that is overdue longest had been due when the worker looked.
    pub fn set_lag(&self, lag: Duration) {
        self.lag_millis.store(u64::try_from(lag.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn lag(&self) -> Duration {
        Duration::from_millis(self.lag_millis.load(Ordering::Relaxed))
    }
}

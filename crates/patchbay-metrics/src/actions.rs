//! Runs of actions.

use std::time::Duration;

use crate::{Counters, Family, Histogram, Places, label::label};

/// The number of connectors that are labels.
const MAX_CONNECTORS: usize = 500;
/// The number of actions that are labels, over all connectors.
const MAX_ACTIONS: usize = 2_000;

label! {
    /// What became of a run.
    RunOutcome {
        /// It succeeded.
        Success = "success",
        /// It was refused or failed, and another try without a change fails too (4xx).
        ClientError = "client_error",
        /// A rate limit refused it (429).
        RateLimited = "rate_limited",
        /// The provider or the server failed (5xx).
        ServerError = "server_error",
        /// Its caller went away (499).
        Cancelled = "cancelled",
    }
}

impl RunOutcome {
    /// Returns the outcome of a status.
    pub fn of_status(status: u16) -> Self {
        match status {
            0..400 => Self::Success,
            429 => Self::RateLimited,
            499 => Self::Cancelled,
            400..500 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}

/// The runs of a connector's actions.
#[derive(Debug)]
pub(crate) struct OfConnector {
    pub(crate) durations: Histogram,
    pub(crate) actions: Family<String, Counters<RunOutcome>>,
}

/// The runs of all actions.
#[derive(Debug)]
pub struct ActionRuns(pub(crate) Family<String, OfConnector>);

impl Default for ActionRuns {
    fn default() -> Self {
        let places = Places::new(MAX_ACTIONS);
        Self(Family::new(Places::new(MAX_CONNECTORS), move || OfConnector {
            durations: Histogram::default(),
            actions: Family::new(places.clone(), Counters::default),
        }))
    }
}

impl ActionRuns {
    /// Counts a run. The names must be those of a connector: what a caller sent could be anything.
    pub fn observe(&self, connector: &str, action: &str, outcome: RunOutcome, duration: Duration) {
        self.0.with(connector, |runs| {
            runs.durations.observe(duration);
            runs.actions.with(action, |counters| counters.of(outcome).add_one());
        });
    }
}

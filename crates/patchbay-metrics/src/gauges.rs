//! What is measured when somebody asks, not when it happens.

/// Figures of the moment. What is `None` could not be read, and is left out.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// The version of the program.
    pub version: &'static str,
    /// Whether the database answers.
    pub has_storage: bool,
    /// Accounts by connector and status.
    pub accounts: Option<Vec<(String, &'static str, u64)>>,
    /// Deliveries to webhooks by state.
    pub webhook_queue: Option<Vec<(&'static str, u64)>>,
    /// The age of the oldest delivery that waits, in seconds; 0 without one.
    pub webhook_oldest_seconds: Option<f64>,
    /// Webhooks whose circuit breaker is open.
    pub webhooks_open: Option<u64>,
    /// Runs that were written to the logs.
    pub log_rows: u64,
    /// Runs that are missing in the logs, by reason.
    pub log_dropped: Vec<(&'static str, u64)>,
    /// The size of the logs in bytes.
    pub log_bytes: Option<u64>,
    /// For how long the database has been away, in seconds; 0 while it is there.
    pub stale_seconds: f64,
}

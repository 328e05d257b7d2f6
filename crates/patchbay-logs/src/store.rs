//! The interface of a backend.

use async_trait::async_trait;
use patchbay_model::Timestamp;
use patchbay_storage::StorageError;

use crate::{
    buckets::Histogram,
    cursor::Cursor,
    dimension::Dimension,
    filter::{LogFilter, Order},
    row::{ListedStep, RunId, RunRow},
};

/// The result of a call of a backend.
pub type Result<T> = std::result::Result<T, StorageError>;

/// The largest number of rows that are counted for the total of a list, and the last row that a page by number can show.
pub const MAX_EXACT_TOTAL: u64 = 10_000;

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// After this number of rows.
    Offset(u64),
    /// After this row.
    After(Cursor),
}

/// A list of runs.
#[derive(Clone, Debug)]
pub struct RunQuery {
    /// The project's id.
    pub project: String,
    /// The conditions.
    pub filter: LogFilter,
    /// The order.
    pub order: Order,
    /// Where the page begins.
    pub start: PageStart,
    /// The number of rows on the page.
    pub size: u32,
}

/// A page of runs, without their steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunPage {
    /// The runs.
    pub rows: Vec<RunRow>,
    /// The number of runs on all pages; none if there are more than [`MAX_EXACT_TOTAL`], or if counting took too long.
    pub total: Option<u64>,
    /// The number of runs that were counted.
    pub total_at_least: u64,
    /// Where the next page begins; none on the last page.
    pub next: Option<Cursor>,
    /// The time from which on everything was searched; none if everything was.
    pub searched_from: Option<Timestamp>,
}

/// A list of steps over all runs, newest run first, steps in order.
#[derive(Clone, Debug)]
pub struct StepQuery {
    /// The project's id.
    pub project: String,
    /// The conditions of the run. Its `success` is that of the step.
    pub filter: LogFilter,
    /// Whether steps without a request to the provider are left out, and attempts are counted in place of steps.
    pub only_attempts: bool,
    /// Where the page begins.
    pub start: PageStart,
    /// The number of steps on the page.
    pub size: u32,
}

/// A page of steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepPage {
    /// The steps.
    pub rows: Vec<ListedStep>,
    /// The number of steps, or of attempts, on all pages; none as in [`RunPage`].
    pub total: Option<u64>,
    /// The number that were counted.
    pub total_at_least: u64,
    /// Where the next page begins; none on the last page.
    pub next: Option<Cursor>,
    /// The time from which on everything was searched; none if everything was.
    pub searched_from: Option<Timestamp>,
}

/// The length of the intervals of an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Interval {
    /// One interval for everything.
    #[default]
    None,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day (UTC).
    Day,
    /// A week that begins on Monday (UTC).
    Week,
    /// A month (UTC).
    Month,
}

/// Counts of runs by groups and intervals.
#[derive(Clone, Debug)]
pub struct AggregateQuery {
    /// The project's id.
    pub project: String,
    /// The conditions.
    pub filter: LogFilter,
    /// The groups.
    pub dimensions: Vec<Dimension>,
    /// The length of the intervals.
    pub interval: Interval,
    /// The number of such lengths in an interval.
    pub period: u32,
}

/// The runs of one group in one interval.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateRow {
    /// When the interval begins; none if there is only one.
    pub time: Option<Timestamp>,
    /// The value of each dimension.
    pub values: Vec<Option<String>>,
    /// The number of runs that failed.
    pub errors: u64,
    /// The durations of all runs.
    pub durations: Histogram,
}

/// An aggregate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aggregates {
    /// The groups, oldest interval first.
    pub rows: Vec<AggregateRow>,
    /// The time from which on everything was counted; none if everything was.
    pub searched_from: Option<Timestamp>,
}

/// The values of a dimension with their numbers of runs, most frequent first.
pub type DimensionValues = Vec<(Dimension, Vec<(String, u64)>)>;

/// What is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// The age up to which rows are kept, in days; 0 keeps them without limit.
    pub days: u32,
    /// The size of the database above which the oldest rows are dropped; 0 sets no limit.
    pub max_bytes: u64,
    /// The age up to which roll-ups are kept, in days; 0 keeps them without limit.
    pub rollup_days: u32,
}

/// What the store contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogStatus {
    /// The number of runs.
    pub runs: u64,
    /// The number of steps.
    pub steps: u64,
    /// The size in bytes.
    pub bytes: u64,
    /// The number of segments or partitions.
    pub segments: u64,
    /// The start of the oldest run.
    pub oldest: Option<Timestamp>,
    /// The start of the newest run.
    pub newest: Option<Timestamp>,
}

/// A backend of the logs.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// Appends runs with their steps in one transaction.
    ///
    /// # Errors
    /// A [`StorageError`]; then nothing is stored.
    async fn append(&self, rows: &[RunRow]) -> Result<()>;
    /// Returns a page of runs.
    ///
    /// # Errors
    /// A [`StorageError`] if the backend fails.
    async fn runs(&self, query: &RunQuery) -> Result<RunPage>;
    /// Returns a run of a project with its steps.
    ///
    /// # Errors
    /// A [`StorageError`] if the backend fails.
    async fn run(&self, project: &str, id: RunId) -> Result<Option<RunRow>>;
    /// Returns a page of steps.
    ///
    /// # Errors
    /// A [`StorageError`] if the backend fails.
    async fn steps(&self, query: &StepQuery) -> Result<StepPage>;
    /// Counts runs.
    ///
    /// # Errors
    /// A [`StorageError`] if the backend fails.
    async fn aggregate(&self, query: &AggregateQuery) -> Result<Aggregates>;
    /// Does a part of the work that appending leaves for later, such as building an index. Returns false if nothing is left.
    ///
    /// # Errors
    /// A [`StorageError`] if the backend fails.
    async fn tidy(&self) -> Result<bool>;
    /// Deletes what is past its retention. Returns the number of deleted runs.
    ///
    /// # Errors
    /// A [`StorageError`] if the backend fails.
    async fn retain(&self, now: Timestamp, retention: &Retention) -> Result<u64>;
    /// Returns what the store contains.
    ///
    /// # Errors
    /// A [`StorageError`] if the backend fails.
    async fn status(&self) -> Result<LogStatus>;
    /// Waits for running statements and closes the database.
    async fn close(&self);
}

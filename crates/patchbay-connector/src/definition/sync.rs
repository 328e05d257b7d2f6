//! `dataSync`: how an action's records are kept in step with the provider.

use crate::expr::Template;

/// How an action's records are kept in step.
#[derive(Debug)]
pub struct DataSync {
    /// Whether they may be.
    pub allowed: bool,
    /// The fields that name a record.
    pub index_fields: Vec<String>,
    /// Path of the records in the answer.
    pub data_key: Option<String>,
    /// How a run pages.
    pub pagination: Option<SyncPagination>,
    /// How a run asks for changes alone.
    pub incremental: Option<SyncIncremental>,
    /// The most pages of a run.
    pub max_pages: Option<u64>,
    /// The most minutes of a run.
    pub max_minutes: Option<u64>,
}

/// Where a parameter of the action is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncParameter {
    /// Its name.
    pub key: String,
    /// Its group of inputs.
    pub location: super::InputLocation,
}

/// How a run pages.
#[derive(Debug)]
pub struct SyncPagination {
    /// The manner.
    pub mode: SyncPages,
    /// Path of the records in a page.
    pub data_key: Option<String>,
    /// Stops once this is true.
    pub stop: Option<Template>,
}

/// The manner of paging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncPages {
    /// By the provider's token.
    Cursor {
        /// Path of the next token.
        next_key: String,
        /// Where the token goes.
        parameter: SyncParameter,
    },
    /// By a number of records to skip.
    Offset {
        /// Where the offset goes.
        parameter: SyncParameter,
        /// The limit's name.
        limit_key: Option<String>,
        /// The limit, when the caller gives none.
        default_limit: Option<u64>,
    },
    /// By the page's number.
    Page {
        /// Where the number goes.
        parameter: SyncParameter,
        /// The page size's name.
        size_key: Option<String>,
        /// The first page.
        start: u64,
        /// The page size, when the caller gives none.
        default_size: Option<u64>,
    },
}

/// How a run asks for changes alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncIncremental {
    /// By a moment.
    TimeFilter {
        /// How the moment is written.
        format: TimeFormat,
        /// Seconds taken off the moment, against clocks that differ.
        safety_seconds: u64,
        /// Where the moment goes.
        parameter: SyncParameter,
        /// Path of a record's moment of change.
        updated_at: Option<String>,
    },
    /// By a token of the last run.
    DeltaToken {
        /// Path of the token in the answer.
        path: String,
        /// Whether the last page alone has it.
        only_on_final_page: bool,
        /// Where the token goes.
        parameter: SyncParameter,
    },
}

/// How a moment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// ISO 8601.
    Iso8601,
    /// Seconds since 1970.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMillis,
}

//! `dataSync`: how an action's records are synchronized with the provider.

use crate::expr::Template;

/// How an action's records are synchronized.
#[derive(Debug)]
pub struct DataSync {
    /// Whether synchronization is allowed.
    pub allowed: bool,
    /// The fields that identify a record.
    pub index_fields: Vec<String>,
    /// Path of the records in the response.
    pub data_key: Option<String>,
    /// How a synchronization pages.
    pub pagination: Option<SyncPagination>,
    /// How a synchronization requests changes only.
    pub incremental: Option<SyncIncremental>,
    /// The maximum number of pages.
    pub max_pages: Option<u64>,
    /// The maximum duration in minutes.
    pub max_minutes: Option<u64>,
}

/// A parameter of the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncParameter {
    /// The name.
    pub key: String,
    /// The group of inputs.
    pub location: super::InputLocation,
}

/// How a synchronization pages.
#[derive(Debug)]
pub struct SyncPagination {
    /// The kind of pagination.
    pub mode: SyncPages,
    /// Path of the records in a page.
    pub data_key: Option<String>,
    /// The synchronization stops when this is true.
    pub stop: Option<Template>,
}

/// A kind of pagination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncPages {
    /// With the provider's cursor.
    Cursor {
        /// Path of the next cursor.
        next_key: String,
        /// The parameter that carries the cursor.
        parameter: SyncParameter,
    },
    /// With a number of records to skip.
    Offset {
        /// The parameter that carries the offset.
        parameter: SyncParameter,
        /// The name of the limit.
        limit_key: Option<String>,
        /// The limit, if the caller sets none.
        default_limit: Option<u64>,
    },
    /// With a page number.
    Page {
        /// The parameter that carries the number.
        parameter: SyncParameter,
        /// The name of the page size.
        size_key: Option<String>,
        /// The number of the first page.
        start: u64,
        /// The page size, if the caller sets none.
        default_size: Option<u64>,
    },
}

/// How a synchronization requests changes only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncIncremental {
    /// With the time of the last change.
    TimeFilter {
        /// How the time is written.
        format: TimeFormat,
        /// Seconds that are subtracted from the time, because clocks differ.
        safety_seconds: u64,
        /// The parameter that carries the time.
        parameter: SyncParameter,
        /// Path of a record's time of change.
        updated_at: Option<String>,
    },
    /// With a token of the previous synchronization.
    DeltaToken {
        /// Path of the token in the response.
        path: String,
        /// Whether only the last page contains it.
        only_on_final_page: bool,
        /// The parameter that carries the token.
        parameter: SyncParameter,
    },
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// ISO 8601.
    Iso8601,
    /// Seconds since 1970.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMillis,
}

//! Reads rows as values, the same for every backend: a file for each noun.
//!
//! An error names the table, the row and the column.

mod accounts;
mod api_keys;
mod attempts;
mod calls;
mod connectors;
mod idempotency_keys;
pub(crate) mod inbox;
mod login_tokens;
mod members;
mod organizations;
mod pending_authorizations;
mod profiles;
mod projects;
mod refresh_leases;
pub(crate) mod sealed_records;
mod sessions;
mod tool_feedback;
pub(crate) mod webhooks;

use std::{error::Error, str::FromStr};

use patchbay_model::{KeyHash, Sealed, Timestamp};
use serde::de::DeserializeOwned;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type, postgres::PgRow, sqlite::SqliteRow};

use crate::{Cause, Result, StorageError};

pub(crate) use self::{
    accounts::{COUNT_ACCOUNTS, account, account_count, named_accounts},
    api_keys::api_key,
    attempts::attempt,
    calls::call,
    connectors::version,
    idempotency_keys::request,
    login_tokens::login_token,
    members::{browser_session, member},
    organizations::organization,
    pending_authorizations::record,
    profiles::profile,
    projects::project,
    refresh_leases::{due_lease, lease_outcome},
    sessions::session,
    tool_feedback::tool_feedback,
};

/// A type of Rust that a column of every backend can be read as.
pub(crate) trait Value<'r>: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> {}

impl<'r, T> Value<'r> for T where T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> {}

/// The columns of a row of any backend.
pub(crate) trait Columns {
    /// Reads a column.
    ///
    /// # Errors
    ///
    /// If the column does not exist or has another type.
    fn value<'r, T: Value<'r>>(&'r self, column: &str) -> sqlx::Result<T>;

    /// Reads a column as text, whatever its type.
    fn text(&self, column: &str) -> Option<String>;
}

impl Columns for SqliteRow {
    fn value<'r, T: Value<'r>>(&'r self, column: &str) -> sqlx::Result<T> {
        self.try_get(column)
    }

    fn text(&self, column: &str) -> Option<String> {
        self.try_get_unchecked(column).ok()
    }
}

impl Columns for PgRow {
    fn value<'r, T: Value<'r>>(&'r self, column: &str) -> sqlx::Result<T> {
        self.try_get(column)
    }

    fn text(&self, column: &str) -> Option<String> {
        self.try_get_unchecked(column).ok()
    }
}

/// A row of a known table.
pub(crate) struct Row<'r, C> {
    table: &'static str,
    columns: &'r C,
    /// The row's id, for error messages.
    pub(crate) id: String,
}

impl<'r, C: Columns> Row<'r, C> {
    /// Wraps a row whose id is in `id_column`.
    pub(crate) fn new(table: &'static str, row: &'r C, id_column: &str) -> Self {
        let id = row.text(id_column).unwrap_or_else(|| "?".to_owned());
        Self { table, columns: row, id }
    }

    /// Wraps a row whose id must not appear in a message.
    pub(crate) fn without_id(table: &'static str, row: &'r C) -> Self {
        Self { table, columns: row, id: "?".to_owned() }
    }

    pub(crate) fn get<T: Value<'r>>(&self, column: &str) -> Result<T> {
        self.columns.value(column).map_err(|error| self.wrong(column, error))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let text: &str = self.get(column)?;
        serde_json::from_str(text).map_err(|error| self.wrong(column, error))
    }

    pub(crate) fn parse<T: FromStr<Err: Error + Send + Sync + 'static>>(&self, column: &str) -> Result<T> {
        let text: &str = self.get(column)?;
        text.parse().map_err(|error| self.wrong(column, error))
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp> {
        self.get(column).map(Timestamp::from_micros)
    }

    pub(crate) fn hash(&self, column: &str) -> Result<KeyHash> {
        let bytes: &[u8] = self.get(column)?;
        bytes.try_into().map(KeyHash).map_err(|_| self.wrong(column, "it is not 32 bytes long"))
    }

    pub(crate) fn seal(&self) -> Result<Option<Sealed>> {
        Ok(self.get::<Option<Vec<u8>>>("seal")?.map(Sealed::from_bytes))
    }

    pub(crate) fn wrong(&self, column: &str, cause: impl Into<Cause>) -> StorageError {
        StorageError::Inconsistent {
            table: self.table,
            row: self.id.clone(),
            column: column.to_owned(),
            source: cause.into(),
        }
    }
}

/// Serializes a value as JSON.
pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StorageError::Other(error.into()))
}

/// Returns `LIMIT` and `OFFSET` of a page. Pages count from 1.
pub(crate) fn window(page: u32, page_size: u32) -> (i64, i64) {
    (i64::from(page_size), i64::from(page.saturating_sub(1)).saturating_mul(i64::from(page_size)))
}

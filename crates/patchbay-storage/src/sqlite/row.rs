//! Converts columns to values. An error names the table, the row and the column.

use std::{error::Error, str::FromStr};

use patchbay_model::{KeyHash, Sealed, Timestamp};
use serde::de::DeserializeOwned;
use sqlx::{ColumnIndex, Decode, Row as _, Sqlite, Type, sqlite::SqliteRow};

use crate::{Cause, Result, StorageError};

/// A row of a known table.
pub(super) struct Row<'r> {
    pub(super) table: &'static str,
    pub(super) columns: &'r SqliteRow,
    /// The row's id, for error messages.
    pub(super) id: String,
}

impl<'r> Row<'r> {
    /// Wraps a row whose id is in `id_column`.
    pub(super) fn new(table: &'static str, row: &'r SqliteRow, id_column: &str) -> Self {
        let id = row.try_get_unchecked::<String, _>(id_column).unwrap_or_else(|_| "?".to_owned());
        Self { table, columns: row, id }
    }

    pub(super) fn get<T>(&self, column: &str) -> Result<T>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
        for<'c> &'c str: ColumnIndex<SqliteRow>,
    {
        self.columns.try_get(column).map_err(|error| self.wrong(column, error))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let text: &str = self.get(column)?;
        serde_json::from_str(text).map_err(|error| self.wrong(column, error))
    }

    pub(super) fn parse<T: FromStr<Err: Error + Send + Sync + 'static>>(&self, column: &str) -> Result<T> {
        let text: &str = self.get(column)?;
        text.parse().map_err(|error| self.wrong(column, error))
    }

    pub(super) fn time(&self, column: &str) -> Result<Timestamp> {
        self.get(column).map(Timestamp::from_micros)
    }

    pub(super) fn hash(&self, column: &str) -> Result<KeyHash> {
        let bytes: &[u8] = self.get(column)?;
        bytes.try_into().map(KeyHash).map_err(|_| self.wrong(column, "it is not 32 bytes long"))
    }

    pub(super) fn seal(&self) -> Result<Option<Sealed>> {
        Ok(self.get::<Option<Vec<u8>>>("seal")?.map(Sealed::from_bytes))
    }

    pub(super) fn wrong(&self, column: &str, cause: impl Into<Cause>) -> StorageError {
        StorageError::Inconsistent {
            table: self.table,
            row: self.id.clone(),
            column: column.to_owned(),
            source: cause.into(),
        }
    }
}

/// Serializes a value as JSON.
pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StorageError::Other(error.into()))
}

/// Returns `LIMIT` and `OFFSET` of a page. Pages count from 1.
pub(super) fn window(page: u32, page_size: u32) -> (i64, i64) {
    (i64::from(page_size), i64::from(page.saturating_sub(1)).saturating_mul(i64::from(page_size)))
}

//! Statements as pieces of text and values, so that each backend writes its own placeholders.

use async_trait::async_trait;
use sqlx::{
    AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row as _, Sqlite, SqliteConnection, postgres::PgRow,
    sqlite::SqliteRow,
};

use patchbay_storage::StorageError;

use crate::store::Result;

/// A part of a statement.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Word(&'static str),
    Int(Option<i64>),
    Value(Option<String>),
    Bytes(Vec<u8>),
}

/// A statement. What it gets as text is written by this crate; everything else is bound.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sql {
    pieces: Vec<Piece>,
    is_kept: bool,
}

impl Sql {
    /// Begins a statement with this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())], is_kept: false }
    }

    /// Keeps the prepared statement for the next time.
    pub(crate) fn keep(mut self) -> Self {
        self.is_kept = true;
        self
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: impl Into<String>) -> &mut Self {
        self.pieces.push(Piece::Text(text.into()));
        self
    }

    /// Appends constant text.
    pub(crate) fn word(&mut self, text: &'static str) -> &mut Self {
        self.pieces.push(Piece::Word(text));
        self
    }

    /// Appends a number.
    pub(crate) fn int(&mut self, value: impl Into<Option<i64>>) -> &mut Self {
        self.pieces.push(Piece::Int(value.into()));
        self
    }

    /// Appends a text value.
    pub(crate) fn value(&mut self, value: impl Into<Option<String>>) -> &mut Self {
        self.pieces.push(Piece::Value(value.into()));
        self
    }

    /// Appends bytes.
    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.pieces.push(Piece::Bytes(value.to_vec()));
        self
    }

    /// Appends another statement.
    pub(crate) fn append(&mut self, other: &Self) -> &mut Self {
        self.pieces.extend(other.pieces.iter().cloned());
        self
    }

    /// Appends ` IN (…)` with these numbers, which are not bound: their number varies.
    pub(crate) fn in_numbers(&mut self, numbers: &[i64]) -> &mut Self {
        if numbers.is_empty() {
            return self.word(" IN (NULL)");
        }
        let list = numbers.iter().map(ToString::to_string).collect::<Vec<_>>();
        self.push(format!(" IN ({})", list.join(",")))
    }

    /// Appends ` IN (…)` with these texts.
    pub(crate) fn in_values(&mut self, values: &[String]) -> &mut Self {
        self.word(" IN (");
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.word(",");
            }
            self.value(value.clone());
        }
        self.word(")")
    }
}

/// A row of a result. Columns are numbered from 0.
pub(crate) trait Cells: Send {
    /// Returns a number.
    fn int(&self, column: usize) -> Result<i64>;
    /// Returns a number or nothing.
    fn opt_int(&self, column: usize) -> Result<Option<i64>>;
    /// Returns a text or nothing.
    fn opt_text(&self, column: usize) -> Result<Option<String>>;
    /// Returns bytes.
    fn bytes(&self, column: usize) -> Result<Vec<u8>>;
}

macro_rules! cells {
    ($row:ty) => {
        impl Cells for $row {
            fn int(&self, column: usize) -> Result<i64> {
                Ok(self.try_get(column)?)
            }
            fn opt_int(&self, column: usize) -> Result<Option<i64>> {
                Ok(self.try_get(column)?)
            }
            fn opt_text(&self, column: usize) -> Result<Option<String>> {
                Ok(self.try_get(column)?)
            }
            fn bytes(&self, column: usize) -> Result<Vec<u8>> {
                Ok(self.try_get(column)?)
            }
        }
    };
}

cells!(SqliteRow);
cells!(PgRow);

/// A connection on which statements run, within its transaction if it has one.
#[async_trait]
pub(crate) trait Session: Send {
    /// The rows of its results.
    type Row: Cells;
    /// The function that returns where a text contains another one.
    const POSITION: &'static str;
    /// Runs a statement and returns its rows.
    async fn rows(&mut self, sql: Sql) -> Result<Vec<Self::Row>>;
    /// Runs a statement and returns the number of changed rows.
    async fn execute(&mut self, sql: Sql) -> Result<u64>;
}

/// A connection to SQLite.
pub(crate) struct Lite<'c>(pub(crate) &'c mut SqliteConnection);

macro_rules! session {
    ($connection:ident, $database:ty, $row:ty, $position:literal, $error:expr) => {
        impl $connection<'_> {
            fn built(sql: Sql) -> QueryBuilder<$database> {
                let mut builder = QueryBuilder::new("");
                for piece in sql.pieces {
                    match piece {
                        Piece::Text(text) => builder.push(text),
                        Piece::Word(text) => builder.push(text),
                        Piece::Int(value) => builder.push_bind(value),
                        Piece::Value(value) => builder.push_bind(value),
                        Piece::Bytes(value) => builder.push_bind(value),
                    };
                }
                builder
            }
        }

        #[async_trait]
        impl Session for $connection<'_> {
            type Row = $row;
            const POSITION: &'static str = $position;

            async fn rows(&mut self, sql: Sql) -> Result<Vec<$row>> {
                let is_kept = sql.is_kept;
                let found = Self::built(sql).build().persistent(is_kept).fetch_all(&mut *self.0).await;
                found.map_err($error)
            }

            async fn execute(&mut self, sql: Sql) -> Result<u64> {
                let is_kept = sql.is_kept;
                let done = Self::built(sql).build().persistent(is_kept).execute(&mut *self.0).await;
                Ok(done.map_err($error)?.rows_affected())
            }
        }
    };
}

/// A connection to PostgreSQL.
pub(crate) struct Pg<'c>(pub(crate) &'c mut PgConnection);

session!(Lite, Sqlite, SqliteRow, "instr", StorageError::from);
session!(Pg, Postgres, PgRow, "strpos", pg_error);

/// Maps an error of PostgreSQL (<https://www.postgresql.org/docs/current/errcodes-appendix.html>): while the server stops, has too
/// many connections or is full, and when two transactions clashed, the work is worth another try.
pub(crate) fn pg_error(error: sqlx::Error) -> StorageError {
    let sqlx::Error::Database(database) = &error else { return error.into() };
    let code = database.code().unwrap_or_default().into_owned();
    match code.get(..2) {
        Some("08" | "40" | "53" | "57") => {
            StorageError::Unavailable { remedy: "check the PostgreSQL server of the logs", source: error.into() }
        }
        _ => StorageError::Other(error.into()),
    }
}

/// Runs several statements without values on SQLite.
pub(crate) async fn run_script(connection: &mut SqliteConnection, script: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(script)).execute(connection).await?;
    Ok(())
}

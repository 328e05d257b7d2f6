//! Copies a whole database into an empty one of the other backend, or of its own.
//!
//! The rows are read in one snapshot, in the order of their primary keys, and written in one transaction. Before it commits, each
//! table of the target is read again: its number of rows and the hash of their values must be those that were read. Ids are kept.
//! Columns are those of the schema, so that a new one is not forgotten; a new table fails a test (`tables`).

mod cells;
mod postgres_end;
mod sqlite_end;
mod tables;

use async_trait::async_trait;
use patchbay_model::Timestamp;

use self::{
    cells::{Cell, Column},
    tables::{CALLS, Counted, NOT_COPIED, TABLES, Table},
};
use crate::{MetaStore, Result, Storage, StorageError, postgres::PostgresStorage, sqlite::SqliteStorage};

/// The name of the record of a database that was moved, in the [`MetaStore`].
const MOVED_TO: &str = "moved_to";

/// Hashes parts to 32 bytes, so that different lists of parts have different hashes.
pub type HashParts<'a> = &'a (dyn Fn(&[&[u8]]) -> [u8; 32] + Sync);

/// A database of a known backend.
pub enum AnyStorage<'a> {
    /// A file.
    Sqlite(&'a SqliteStorage),
    /// A PostgreSQL database. The caller must be on the runtime that opened it.
    Postgres(&'a PostgresStorage),
}

/// A table that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub table: &'static str,
    /// The number of its rows.
    pub rows: u64,
    /// The hash of their values.
    pub hash: [u8; 32],
}

/// One side of a transfer: a transaction.
#[async_trait]
trait End: Send {
    /// Returns the names of the tables.
    async fn tables(&mut self) -> Result<Vec<String>>;
    /// Returns the columns of a table, by name.
    async fn columns(&mut self, table: &Table) -> Result<Vec<Column>>;
    /// Returns rows after a key, in the order of the keys.
    async fn page(&mut self, table: &Table, columns: &[Column], after: Option<&[Cell]>) -> Result<Vec<Vec<Cell>>>;
    /// Returns whether the table has a row.
    async fn has_rows(&mut self, table: &Table) -> Result<bool>;
    /// Adds rows, whose values are of the kinds of the columns.
    async fn add(&mut self, table: &Table, columns: &[Column], rows: Vec<Vec<Cell>>) -> Result<()>;
    /// Fills the columns that repeat others, after all rows were added.
    async fn repeat(&mut self, table: &Table) -> Result<()>;
    /// Returns the largest number that a column has given.
    async fn count_of(&mut self, table: &Table, counted: Counted) -> Result<i64>;
    /// Sets the largest number that a column has given.
    async fn set_count(&mut self, table: &Table, counted: Counted, last: i64) -> Result<()>;
    /// Ends the transaction, and stores what was added.
    async fn commit(self: Box<Self>) -> Result<()>;
}

impl AnyStorage<'_> {
    /// Begins to read everything in one snapshot.
    async fn source(&self) -> Result<Box<dyn End>> {
        match self {
            Self::Sqlite(storage) => sqlite_end::source(storage).await,
            Self::Postgres(storage) => postgres_end::source(storage).await,
        }
    }

    /// Begins to write.
    async fn target(&self) -> Result<Box<dyn End>> {
        match self {
            Self::Sqlite(storage) => sqlite_end::target(storage).await,
            Self::Postgres(storage) => postgres_end::target(storage).await,
        }
    }

    fn meta(&self) -> &dyn MetaStore {
        match self {
            Self::Sqlite(storage) => storage.meta(),
            Self::Postgres(storage) => storage.meta(),
        }
    }
}

/// Copies everything from one database to another, which must be empty; the records of calls only `with_calls`. If it fails, the
/// target is as it was.
///
/// # Errors
/// [`StorageError::Conflict`] if the target is not empty; [`StorageError::Other`] if a table of it has other rows than were read;
/// errors of the backends.
pub async fn copy_all(
    from: &AnyStorage<'_>,
    to: &AnyStorage<'_>,
    with_calls: bool,
    hash: HashParts<'_>,
) -> Result<Vec<CopiedTable>> {
    let (mut source, mut target) = (from.source().await?, to.target().await?);
    for table in &TABLES {
        if target.has_rows(table).await? {
            return Err(StorageError::Conflict("the target is not empty; give an empty database"));
        }
    }
    check_known(&source.tables().await?)?;
    let mut copied = Vec::new();
    let tables = TABLES.iter().filter(|table| with_calls || table.name != CALLS);
    for table in tables.clone() {
        copied.push(copy_table(&mut *source, &mut *target, table, hash).await?);
    }
    for (table, copied) in tables.zip(&copied) {
        let columns = target.columns(table).await?;
        let mut summary = Summary::new(hash);
        let mut after = None;
        while let Some(rows) = next_page(&mut *target, table, &columns, &mut after).await? {
            rows.iter().for_each(|row| summary.add(row));
        }
        if (summary.rows, summary.hash) != (copied.rows, copied.hash) {
            let cause = format!("{} has other rows in the target than were read: nothing was stored", table.name);
            return Err(StorageError::Other(cause.into()));
        }
    }
    target.commit().await?;
    Ok(copied)
}

/// Returns whether a transfer copies a table or leaves it out on purpose.
fn is_known(table: &str) -> bool {
    NOT_COPIED.contains(&table) || TABLES.iter().any(|known| known.name == table)
}

/// Rejects a database with a table that this version does not know: its rows would be lost.
fn check_known(tables: &[String]) -> Result<()> {
    match tables.iter().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => {
            Err(StorageError::Other(format!("this version does not know how to copy the table {name}").into()))
        }
    }
}

/// The number of rows, and their hash so far.
struct Summary<'a> {
    rows: u64,
    hash: [u8; 32],
    hash_parts: HashParts<'a>,
}

impl<'a> Summary<'a> {
    fn new(hash_parts: HashParts<'a>) -> Self {
        Self { rows: 0, hash: [0; 32], hash_parts }
    }

    fn add(&mut self, row: &[Cell]) {
        let mut bytes = Vec::new();
        row.iter().for_each(|cell| cell.identify(&mut bytes));
        self.hash = (self.hash_parts)(&[&self.hash, &bytes]);
        self.rows += 1;
    }
}

/// Returns the next rows of a table; none after the last.
async fn next_page(
    end: &mut dyn End,
    table: &Table,
    columns: &[Column],
    after: &mut Option<Vec<Cell>>,
) -> Result<Option<Vec<Vec<Cell>>>> {
    let rows = end.page(table, columns, after.as_deref()).await?;
    let Some(last) = rows.last() else { return Ok(None) };
    let place = |key: &&str| columns.iter().position(|column| column.name == **key);
    *after = Some(table.key.iter().filter_map(place).map(|place| last[place].clone()).collect());
    Ok(Some(rows))
}

async fn copy_table(
    source: &mut dyn End,
    target: &mut dyn End,
    table: &'static Table,
    hash: HashParts<'_>,
) -> Result<CopiedTable> {
    let (from, to) = (source.columns(table).await?, target.columns(table).await?);
    if !from.iter().map(|column| &column.name).eq(to.iter().map(|column| &column.name)) {
        let cause = format!("{} has other columns in the target: {from:?}, {to:?}", table.name);
        return Err(StorageError::Other(cause.into()));
    }
    let mut summary = Summary::new(hash);
    let mut after = None;
    while let Some(rows) = next_page(source, table, &from, &mut after).await? {
        let mut converted = Vec::with_capacity(rows.len());
        for row in rows {
            summary.add(&row);
            let cells = row.into_iter().zip(&to).map(|(cell, column)| cell.converted(column.kind));
            converted.push(cells.collect::<Result<Vec<_>>>()?);
        }
        if !table.is_derived {
            target.add(table, &to, converted).await?;
        }
    }
    target.repeat(table).await?;
    if let Some(counted) = table.counted {
        let last = source.count_of(table, counted).await?;
        target.set_count(table, counted, last).await?;
    }
    Ok(CopiedTable { table: table.name, rows: summary.rows, hash: summary.hash })
}

/// Records in a database that it was moved, so that no server uses it from now on.
///
/// # Errors
/// Errors of the backend.
pub async fn mark_moved(storage: &AnyStorage<'_>, target: &str, now: Timestamp) -> Result<()> {
    let record = format!("{} {target}", now.as_micros());
    storage.meta().set(MOVED_TO, record.as_bytes()).await
}

/// Returns where a database was moved; none if it was not.
///
/// # Errors
/// Errors of the backend.
pub async fn moved_to(storage: &dyn Storage) -> Result<Option<String>> {
    let record = storage.meta().get(MOVED_TO).await?;
    Ok(record.map(|record| {
        let text = String::from_utf8_lossy(&record).into_owned();
        text.split_once(' ').map_or(text.clone(), |(_, target)| target.to_owned())
    }))
}

/// Returns the tables of a database that a transfer neither copies nor leaves out on purpose, and those of its list that the
/// database lacks, for the test of the list.
///
/// # Errors
/// Errors of the backend.
#[cfg(feature = "conformance")]
pub async fn forgotten_tables(storage: &AnyStorage<'_>) -> Result<Vec<String>> {
    let tables = storage.source().await?.tables().await?;
    let missing = TABLES.iter().map(|table| table.name.to_owned()).filter(|name| !tables.contains(name));
    Ok(tables.iter().filter(|name| !is_known(name)).cloned().chain(missing).collect())
}

//! Opening and closing the database file.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};

use super::{SqliteStorage, error::CHECK_PERMISSIONS};
use crate::{Result, StorageError};

/// How long a statement waits for another process (a backup, say) before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// A file up to this size is checked whole at the start; a larger one would hold up the start.
const CHECKED_WHOLE: u64 = 8 * 1024 * 1024;
/// What the first migration writes into the file's header.
const APPLICATION_ID: i64 = 0x5074_6368;

impl SqliteStorage {
    /// Opens the database, made with mode 0600 where it is missing, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self> {
        create_private(path).map_err(unopened)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            // A secret that was answered as stored must survive the power cut after it. Writes are few:
            // records of calls come in batches.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            // Deleted secrets leave no bytes behind.
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            // SQLite itself ends a transaction that meets a full disk (sqlite.org/lang_transaction.html, section
            // 3); the driver then rolls back what is over, and counts it as open for ever. Such a connection
            // begins no transaction again: it gives way to a new one.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }));
        let writer = writer.connect_with(options.clone()).await?;
        check_sound(&writer, path).await?;
        check_ours(&writer).await?;
        write_ahead(&writer).await?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(READERS).max_lifetime(None);
        let readers = readers.connect_lazy_with(options.read_only(true));
        Ok(Self { writer, readers })
    }

    /// Waits for running statements, folds the write-ahead log into the file and closes it.
    pub async fn close(&self) {
        self.readers.close().await;
        // Left for the next start if it fails: the log is part of the database.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await;
        self.writer.close().await;
    }

    /// Limits the file to its size of now, so that a test sees what a full disk does.
    #[cfg(test)]
    pub(crate) async fn forbid_growth(&self) -> Result<()> {
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&self.writer).await?;
        let limit = format!("PRAGMA max_page_count = {pages}");
        sqlx::query(sqlx::AssertSqlSafe(limit)).execute(&self.writer).await?;
        Ok(())
    }

    /// Refuses every write, so that a test sees what a read-only disk does.
    #[cfg(test)]
    pub(crate) async fn forbid_writes(&self) -> Result<()> {
        sqlx::query("PRAGMA query_only = ON").execute(&self.writer).await?;
        Ok(())
    }
}

fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map(drop)
}

fn unopened(error: io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StorageError::ReadOnly(error.into()),
        io::ErrorKind::StorageFull => StorageError::Full(error.into()),
        _ => StorageError::Unavailable { remedy: CHECK_PERMISSIONS, source: error.into() },
    }
}

async fn check_sound(writer: &SqlitePool, path: &Path) -> Result<()> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > CHECKED_WHOLE) {
        return Ok(());
    }
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(writer).await?;
    if verdict == "ok" { Ok(()) } else { Err(StorageError::Corrupt(verdict.into())) }
}

/// Refuses another program's database before anything is written to it.
async fn check_ours(writer: &SqlitePool) -> Result<()> {
    let id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(writer).await?;
    // The list of migrations comes before the first of them.
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '\\_sqlx\\_%' ESCAPE '\\' AND type = 'table'";
    let tables: i64 = sqlx::query_scalar(tables).fetch_one(writer).await?;
    if id == APPLICATION_ID || tables == 0 {
        Ok(())
    } else {
        Err(StorageError::Corrupt("it belongs to another program".into()))
    }
}

/// The mode is a property of the file, so that every later connection has it.
async fn write_ahead(writer: &SqlitePool) -> Result<()> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(writer).await?;
    if mode == "wal" {
        return Ok(());
    }
    Err(StorageError::Unavailable {
        remedy: "put the data directory on a local disk",
        source: format!("its file system cannot share memory between processes (journal mode {mode})").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_is_told_apart() {
        for (kind, words) in [
            (io::ErrorKind::PermissionDenied, "read-only"),
            (io::ErrorKind::ReadOnlyFilesystem, "read-only"),
            (io::ErrorKind::StorageFull, "the disk is full"),
            (io::ErrorKind::NotADirectory, "check the data directory"),
        ] {
            let message = unopened(kind.into()).to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}

//! Opening and closing the database file.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use sqlx::{
    ConnectOptions, SqlitePool,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::SqliteStorage;
use crate::{Result, StorageError};

/// How long a statement waits for another process (a backup, say) before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// A file up to this size is checked whole at the start; a larger one would hold up the start.
const CHECKED_WHOLE: u64 = 8 * 1024 * 1024;

impl SqliteStorage {
    /// Opens the database, made with mode 0600 where it is missing, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self> {
        create_private(path).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StorageError::ReadOnly,
            io::ErrorKind::StorageFull => StorageError::Full,
            _ => StorageError::Unavailable(format!("{}: {error}", path.display())),
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            // A secret that was answered as stored must survive the power cut after it. Writes are few:
            // records of calls come in batches.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            // Deleted secrets leave no bytes behind.
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let writer = writer.connect_with(options.clone()).await?;
        check(&writer, path).await?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await.map_err(|error| match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => StorageError::Newer,
            MigrateError::Execute(error) => error.into(),
            other => StorageError::Other(other.to_string()),
        })?;
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
}

fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map(drop)
}

async fn check(writer: &SqlitePool, path: &Path) -> Result<()> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > CHECKED_WHOLE) {
        return Ok(());
    }
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(writer).await?;
    if verdict == "ok" { Ok(()) } else { Err(StorageError::Corrupt(verdict)) }
}

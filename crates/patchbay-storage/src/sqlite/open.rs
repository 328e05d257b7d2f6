//! Opens and closes the database file.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};

use super::{SqliteStorage, error::CHECK_PERMISSIONS, soundness::Soundness};
use crate::{Result, SchemaVersions, StorageError, schema::newest_version};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a statement waits for a lock of another process, for example a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_READERS: u32 = 4;
/// The largest file that is checked for damage at the start. The check of a larger file would delay the start.
const MAX_CHECKED_BYTES: u64 = 8 * 1024 * 1024;
/// The free space below which a failure of the disk means that it is full.
const MIN_FREE_BYTES_TO_OPEN: u64 = 1024 * 1024;
/// The `application_id` that the first migration writes to the file's header.
const APPLICATION_ID: i64 = 0x5074_6368;

impl SqliteStorage {
    /// Opens the database file and migrates its schema. If the file does not exist, creates it with mode 0600.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if the file is damaged or belongs to another program, [`StorageError::Newer`] if a newer
    /// version of Patchbay wrote it, [`StorageError::ReadOnly`], [`StorageError::Full`] or [`StorageError::Unavailable`] if
    /// the file cannot be opened or written.
    pub async fn open(path: &Path) -> Result<Self> {
        Self::open_file(path).await.map_err(|error| name_full_disk(path, error))
    }

    async fn open_file(path: &Path) -> Result<Self> {
        create_private(path).map_err(unopened)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            // A committed secret must survive a power failure. Writes are few: call records are written in batches.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            // Overwrites deleted secrets with zeros (sqlite.org/pragma.html#pragma_secure_delete).
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            // SQLite itself rolls back a transaction when the disk is full (sqlite.org/lang_transaction.html, section
            // 3). The driver then rolls back again, and counts the transaction as open permanently. Such a connection
            // cannot begin a transaction, so it is replaced by a new one.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }));
        let writer = writer.connect_with(options.clone()).await?;
        let is_checked = check_sound(&writer, path).await?;
        check_ours(&mut *writer.acquire().await?).await?;
        write_ahead(&writer).await?;
        let schema = versions(&mut *writer.acquire().await?).await?;
        if schema.stored > schema.own {
            return Err(newer(schema));
        }
        MIGRATIONS.run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(MAX_READERS).max_lifetime(None);
        let read_only = options.read_only(true);
        let readers = readers.connect_lazy_with(read_only.clone());
        let directory = directory_of(path).to_owned();
        Ok(Self { writer, readers, directory, read_only, soundness: Arc::new(Soundness::new(is_checked)) })
    }

    /// Returns the version of the schema of a file, without a change.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if the file is damaged or belongs to another program, another error if it cannot be read.
    pub async fn schema(path: &Path) -> Result<SchemaVersions> {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(BUSY_TIMEOUT);
        let mut connection = SqliteConnection::connect_with(&options.disable_statement_logging()).await?;
        check_ours(&mut connection).await?;
        let versions = versions(&mut connection).await;
        // Nothing was written.
        let _ = connection.close().await;
        versions
    }

    /// Waits for running statements, writes the write-ahead log back to the database file, and closes it.
    pub async fn close(&self) {
        self.readers.close().await;
        // If it fails, the next start does it: the log is part of the database.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await;
        self.writer.close().await;
    }

    /// Limits the file to its current size, to simulate a full disk.
    #[cfg(test)]
    pub(crate) async fn forbid_growth(&self) -> Result<()> {
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&self.writer).await?;
        let limit = format!("PRAGMA max_page_count = {pages}");
        sqlx::query(sqlx::AssertSqlSafe(limit)).execute(&self.writer).await?;
        Ok(())
    }

    /// Rejects every write, to simulate a read-only disk.
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

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the number of bytes that the server may still write to the disk of `directory`; none if the system does not say.
pub(super) fn free_bytes(directory: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// SQLite reports a full disk as an input/output error if it cannot create or grow its shared-memory file.
fn name_full_disk(path: &Path, error: StorageError) -> StorageError {
    let directory = directory_of(path);
    let Some(free) = free_bytes(directory).filter(|free| *free < MIN_FREE_BYTES_TO_OPEN) else { return error };
    match error {
        StorageError::Unavailable { source, .. } | StorageError::Other(source) | StorageError::Full(source) => {
            StorageError::Full(format!("{free} bytes are free in {}: {source}", directory.display()).into())
        }
        other => other,
    }
}

/// Checks a small file for damage, also for indexes that do not match their tables. Returns false for a large file, which
/// is not checked.
async fn check_sound(writer: &SqlitePool, path: &Path) -> Result<bool> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > MAX_CHECKED_BYTES) {
        return Ok(false);
    }
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(writer).await?;
    if verdict == "ok" { Ok(true) } else { Err(StorageError::Corrupt(verdict.into())) }
}

/// Rejects another program's database before anything is written to it.
async fn check_ours(connection: &mut SqliteConnection) -> Result<()> {
    let id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    // The table of migrations is created before the first migration runs.
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '\\_sqlx\\_%' ESCAPE '\\' AND type = 'table'";
    let tables: i64 = sqlx::query_scalar(tables).fetch_one(connection).await?;
    if id == APPLICATION_ID || tables == 0 {
        Ok(())
    } else {
        Err(StorageError::Corrupt("it belongs to another program".into()))
    }
}

/// Reads the version of the schema.
async fn versions(connection: &mut SqliteConnection) -> Result<SchemaVersions> {
    let own = newest_version(&MIGRATIONS);
    let has_migrations: bool =
        sqlx::query_scalar("SELECT count(*) > 0 FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_one(&mut *connection)
            .await?;
    if !has_migrations {
        return Ok(SchemaVersions { stored: 0, own });
    }
    let stored = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";
    Ok(SchemaVersions { stored: sqlx::query_scalar(stored).fetch_one(connection).await?, own })
}

fn newer(schema: SchemaVersions) -> StorageError {
    let SchemaVersions { stored, own } = schema;
    StorageError::Newer(format!("its schema has version {stored}; this server is for version {own}").into())
}

/// Switches the file to write-ahead logging. The mode is persistent: later connections use it.
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
    fn each_error_of_the_file_system_has_its_message() {
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

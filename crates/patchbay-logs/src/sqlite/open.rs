//! Opens the file. A file that is damaged is set aside, and a new one begins.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use patchbay_model::Timestamp;
use patchbay_storage::StorageError;
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{SqliteLimits, SqliteLogs, segments};
use crate::{
    dictionaries::{self, Dictionaries, Name},
    row::{Party, Source, StepKind, Target},
    sql::run_script,
    store::Result,
};

/// How long a statement waits for a lock of another process, for example a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The number of connections that read.
const MAX_READERS: u32 = 4;
/// The `application_id` in the file's header.
const APPLICATION_ID: i64 = 0x5074_6C67;
/// The version of the schema, in the file's header.
const SCHEMA_VERSION: i64 = 1;

impl SqliteLogs {
    /// Opens the file. If it does not exist, creates it with mode 0600.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if the file is damaged or belongs to another program, [`StorageError::Newer`] if a newer version
    /// of Patchbay wrote it, another error if it cannot be opened or written.
    pub async fn open(path: &Path, limits: SqliteLimits) -> Result<Self> {
        create_private(path).map_err(unopened)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            // A power failure may cost the last moments of the log, and damages nothing.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            // See the storage of accounts: after a full disk, the driver counts a transaction as open permanently.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            // Both are properties of the file: connections that only read cannot set them.
            .connect_with(
                options.clone().journal_mode(SqliteJournalMode::Wal).auto_vacuum(SqliteAutoVacuum::Incremental),
            )
            .await?;
        prepare(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(MAX_READERS).max_lifetime(None);
        let readers = readers.connect_lazy_with(options.read_only(true));
        let open = Mutex::new(segments::open_segment(&writer).await?);
        Ok(Self { path: path.to_owned(), writer, readers, open, dictionaries: Arc::<Dictionaries>::default(), limits })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives a damaged file another name, which says when. Returns it.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn set_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
        let named = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let aside = named(&format!(".damaged-{}", now.as_seconds()));
        std::fs::rename(path, &aside)?;
        // What these files contain belongs to the damaged one.
        for suffix in ["-wal", "-shm"] {
            let mut to = aside.as_os_str().to_owned();
            to.push(suffix);
            match std::fs::rename(named(suffix), to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(aside)
    }
}

fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map(drop)
}

fn unopened(error: io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StorageError::ReadOnly(error.into()),
        io::ErrorKind::StorageFull => StorageError::Full(error.into()),
        _ => StorageError::Unavailable {
            remedy: "check the data directory's owner and permissions",
            source: error.into(),
        },
    }
}

async fn pragma(connection: &mut SqliteConnection, text: &'static str) -> Result<i64> {
    Ok(sqlx::query_scalar(text).fetch_one(connection).await?)
}

/// Checks whose file it is, and creates what is missing.
async fn prepare(writer: &SqlitePool) -> Result<()> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let id = pragma(&mut transaction, "PRAGMA application_id").await?;
    let version = pragma(&mut transaction, "PRAGMA user_version").await?;
    let tables = pragma(&mut transaction, "SELECT count(*) FROM sqlite_schema").await?;
    if id != APPLICATION_ID && tables > 0 {
        return Err(StorageError::Corrupt("it belongs to another program".into()));
    }
    if version > SCHEMA_VERSION {
        let message = format!("its schema has version {version}; this server is for version {SCHEMA_VERSION}");
        return Err(StorageError::Newer(message.into()));
    }
    let number = "INTEGER PRIMARY KEY";
    let script = [
        dictionaries::table::<Target>(number),
        dictionaries::table::<Party>(number),
        dictionaries::table::<Source>(number),
        dictionaries::table::<StepKind>(number),
        dictionaries::table::<Name>(number),
        include_str!("schema.sql").to_owned(),
        format!("PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {SCHEMA_VERSION};\n"),
    ];
    run_script(&mut transaction, script.concat()).await?;
    transaction.commit().await?;
    Ok(())
}

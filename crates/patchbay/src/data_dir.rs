//! The data directory: database, key ring, lock. One process at a time owns it.
//!
//! Guarantees: only the user who created the directory can read it and its files; a second process is rejected with
//! the first one's process id, and also if the lock file was removed; a database whose key ring is missing is never opened
//! with a new one, and a key ring whose database is missing or empty never begins with a new one.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use anyhow::{Context, bail};
use patchbay_engine::{activate_shared_key, check_key_ring, seal_older_rows};
use patchbay_model::{Clock, Entropy};
use patchbay_storage::{Storage, VAULT_CANARY, transfer::moved_to};
use patchbay_vault::{KeyRing, Vault};

use crate::database::{Database, PostgresTarget};

/// The free space below which a failure of the start means that the disk is full.
const MIN_FREE_BYTES_TO_START: u64 = 1024 * 1024;

/// The name of the socket on which the owning server accepts commands.
pub const CONTROL_SOCKET: &str = "control.sock";

/// A data directory that this process owns until the value is dropped.
pub struct DataDir {
    path: PathBuf,
    /// The locked file. The system releases the lock when the process ends, even if it is killed.
    _lock: File,
    /// The locked database: the lock file may be removed, the database may not. It is closed when the directory is
    /// dropped, after the storage: closing any descriptor of the file releases the locks of SQLite in this process
    /// (<https://sqlite.org/howtocorrupt.html>, section 2.2).
    database_lock: OnceLock<File>,
}

impl DataDir {
    /// Creates the directory if it does not exist, and locks it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| {
            format!(
                "cannot create the data directory {}; choose another with --data-dir or PATCHBAY_DATA_DIR",
                path.display()
            )
        })?;
        let lock = lock(path)?;
        Ok(Self { path: path.to_owned(), _lock: lock, database_lock: OnceLock::new() })
    }

    /// Creates and locks the directory of a server or a command whose database is PostgreSQL, if there is a `target`. Nothing is
    /// created for a URL that cannot be used.
    pub fn open_with(path: &Path, target: Option<&PostgresTarget>) -> anyhow::Result<Self> {
        target.map_or(Ok(()), PostgresTarget::check)?;
        Self::open(path)
    }

    /// Returns the path of the database.
    pub fn database(&self) -> PathBuf {
        Self::database_of(&self.path)
    }

    /// Returns the path of the database of the data directory `path`.
    pub fn database_of(path: &Path) -> PathBuf {
        path.join("patchbay.db")
    }

    /// Returns the path of the logs.
    pub fn logs(&self) -> PathBuf {
        Self::logs_of(&self.path)
    }

    /// Returns the path of the logs of the data directory `path`.
    pub fn logs_of(path: &Path) -> PathBuf {
        path.join("logs.db")
    }

    /// Returns the path of the key ring.
    pub fn key_ring(&self) -> PathBuf {
        Self::key_ring_of(&self.path)
    }

    /// Returns the path of the key ring of the data directory `path`.
    pub fn key_ring_of(path: &Path) -> PathBuf {
        path.join("keyring.json")
    }

    /// Returns the path of the control socket.
    pub fn control_socket(&self) -> PathBuf {
        self.path.join(CONTROL_SOCKET)
    }

    /// Records the URL at which users reach the server, for commands that run while it is stopped.
    pub fn record_url(&self, url: &str) {
        let path = Self::url_of(&self.path);
        if std::fs::read_to_string(&path).is_ok_and(|known| known == url) {
            return;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        if let Err(error) = file.and_then(|mut file| file.write_all(url.as_bytes())) {
            tracing::warn!(%error, path = %path.display(), "cannot record the server's URL for `patchbay login-link`");
        }
    }

    /// Returns the URL of the last server that used the data directory `path`; none if no server recorded one.
    pub fn last_url(path: &Path) -> Option<String> {
        std::fs::read_to_string(Self::url_of(path)).ok().filter(|url| !url.is_empty())
    }

    fn url_of(path: &Path) -> PathBuf {
        path.join("server-url")
    }

    /// Opens the database and the key ring. Creates both at the first start. The database is the file in this directory, or
    /// the PostgreSQL database of `target`; the key ring is in this directory in both cases.
    ///
    /// # Errors
    /// The ring or the database is missing, empty, damaged or belongs to another one; another process uses the database.
    pub async fn unlock(
        &self,
        target: Option<&PostgresTarget>,
        clock: &dyn Clock,
        entropy: &Arc<dyn Entropy>,
    ) -> anyhow::Result<(Database, Vault)> {
        let (database, ring) = match target {
            None => {
                let ring = self.load_or_create_key_ring(clock, &**entropy)?;
                self.lock_database()?;
                (Database::open_file(&self.database()).await?, ring)
            }
            Some(target) => {
                let database = Database::connect(target).await?;
                let ring = self.key_ring_of_server(&*database.storage(), clock, &**entropy).await?;
                (database, ring)
            }
        };
        let (storage, vault) = (database.storage(), Vault::new(ring, entropy.clone()));
        if let Some(target) = moved_to(&*storage).await? {
            bail!("{}", was_moved(&target));
        }
        check_key_ring(&*storage, &vault).await?;
        // Before anything is sealed.
        if let Some(key) = activate_shared_key(&*storage, &vault).await? {
            bail!(
                "the key ring {} does not have the key {key}, which the other servers of the database use; copy the key ring from \
                 one of them",
                self.key_ring().display()
            );
        }
        if !vault.ring().has_sealed_rows() {
            seal_older_rows(&*storage, &vault).await?;
        }
        self.mark_in_use(&vault);
        Ok((database, vault))
    }

    /// Opens the database file, which is created if it does not exist, and the key ring, which must exist. Whether they belong
    /// together is not checked: the database may be empty.
    ///
    /// # Errors
    /// The ring is missing or damaged, or the file is.
    pub async fn open_for_move(&self, entropy: &Arc<dyn Entropy>) -> anyhow::Result<(Database, Vault)> {
        let path = self.key_ring();
        let ring = KeyRing::load(&path).with_context(|| {
            format!(
                "cannot use the key ring {}: it moves with the directory, and the database is sealed by it",
                path.display()
            )
        })?;
        self.lock_database()?;
        Ok((Database::open_file(&self.database()).await?, Vault::new(ring, entropy.clone())))
    }

    fn load_or_create_key_ring(&self, clock: &dyn Clock, entropy: &dyn Entropy) -> anyhow::Result<KeyRing> {
        let path = self.key_ring();
        if path.exists() {
            return Self::reject_lost_database(&self.path)?
                .with_context(|| format!("the key ring {} was removed during the start", path.display()));
        }
        let database = self.database();
        if is_filled(&database) || is_filled(&database.with_extension("db-wal")) {
            bail!("{}", lost_key_ring(&path));
        }
        self.create_key_ring(clock, entropy)
    }

    /// Returns the key ring of a database outside of this directory, or creates it if the database is new.
    async fn key_ring_of_server(
        &self,
        storage: &dyn Storage,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<KeyRing> {
        let path = self.key_ring();
        if path.exists() {
            return KeyRing::load(&path).with_context(|| format!("cannot use the key ring {}", path.display()));
        }
        if storage.meta().get(VAULT_CANARY).await?.is_some() {
            bail!("{}", lost_key_ring(&path));
        }
        self.create_key_ring(clock, entropy)
    }

    fn create_key_ring(&self, clock: &dyn Clock, entropy: &dyn Entropy) -> anyhow::Result<KeyRing> {
        let path = self.key_ring();
        let ring = KeyRing::generate(entropy, clock.now());
        KeyRing::create(&path, &ring).with_context(|| format!("cannot write the key ring {}", path.display()))?;
        Ok(ring)
    }

    /// Returns the key ring of the data directory `path`; none if it has none. Changes nothing.
    ///
    /// # Errors
    /// The ring cannot be used, or it has sealed a database that is now missing or empty.
    pub fn reject_lost_database(path: &Path) -> anyhow::Result<Option<KeyRing>> {
        let (file, database) = (Self::key_ring_of(path), Self::database_of(path));
        if !file.exists() {
            return Ok(None);
        }
        let ring = KeyRing::load(&file).with_context(|| format!("cannot use the key ring {}", file.display()))?;
        if ring.is_in_use() && !is_filled(&database) {
            bail!(
                "the key ring {} has sealed a database, but {} is {}. Restore the database from your backup. To start \
                 without its accounts, choose another --data-dir, or move the key ring away (nothing was changed)",
                file.display(),
                database.display(),
                if database.exists() { "empty" } else { "missing" }
            );
        }
        Ok(Some(ring))
    }

    /// Records in the ring's file that it has sealed a database and its rows, so that a lost database and rows that somebody
    /// else wrote are recognized.
    fn mark_in_use(&self, vault: &Vault) {
        if vault.ring().is_in_use() && vault.ring().has_sealed_rows() {
            return;
        }
        let marked = vault.ring().marked_in_use().marked_with_sealed_rows();
        match KeyRing::replace(&self.key_ring(), &marked) {
            Ok(()) => vault.replace_ring(marked),
            Err(error) => tracing::warn!(
                %error, path = %self.key_ring().display(),
                "cannot record in the key ring that it is in use; until then, a lost database looks like a first start, and each \
                 start trusts rows without a seal"
            ),
        }
    }

    /// Locks the database file (flock(2), which is independent of SQLite's own locks). Creates it if it does not exist.
    pub fn lock_database(&self) -> anyhow::Result<()> {
        let path = self.database();
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file
            .with_context(|| format!("cannot open the database {}; check its owner and permissions", path.display()))?;
        match file.try_lock() {
            Ok(()) => drop(self.database_lock.set(file)),
            Err(TryLockError::WouldBlock) => bail!(
                "another Patchbay already uses the database {}, although its lock file is gone; stop it first, or choose \
                 another with --data-dir",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        Ok(())
    }
}

/// Adds that the disk is full to an error of the start, if it is: the system and SQLite report it in many ways.
pub fn name_full_disk(directory: &Path, error: anyhow::Error) -> anyhow::Error {
    let is_named = format!("{error:#}").contains("the disk is full");
    let is_reported = error.chain().any(|cause| {
        let cause = cause.downcast_ref::<std::io::Error>();
        cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::StorageFull)
    });
    let free = rustix::fs::statvfs(directory).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    if is_named || !(is_reported || free.is_some_and(|free| free < MIN_FREE_BYTES_TO_START)) {
        return error;
    }
    error.context(format!("the disk is full; free some space in {} and start again", directory.display()))
}

/// Returns the error of a database that was moved.
pub fn was_moved(target: &str) -> String {
    format!(
        "this database was moved to {target}, and is no longer used: start Patchbay with that one (docs/operate/postgresql.md \
         says how to go back)"
    )
}

fn lost_key_ring(path: &Path) -> String {
    format!(
        "the key ring {} is missing, but its database exists. Restore the key ring from your backup: without it the linked \
         accounts' secrets cannot be read",
        path.display()
    )
}

/// Returns whether a file exists and is not empty.
pub fn is_filled(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() > 0)
}

fn lock(directory: &Path) -> anyhow::Result<File> {
    let path = directory.join("patchbay.lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(|| {
            format!(
                "cannot write to the data directory {}; check its owner and permissions, or choose another with --data-dir",
                directory.display()
            )
        })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // Best effort: the message is useful without the process id too.
            let _ = file.read_to_string(&mut owner);
            let owner = owner.trim();
            let by = if owner.is_empty() { String::new() } else { format!(" (process {owner})") };
            bail!(
                "another Patchbay{by} already uses the data directory {}; stop it first, or choose another with --data-dir",
                directory.display()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id()).with_context(|| format!("cannot write the lock {}", path.display()))?;
    Ok(file)
}

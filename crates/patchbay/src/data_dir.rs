//! The data directory: database, key ring, lock. One process at a time owns it.
//!
//! Guarantees: only the user who created the directory can read it and its files; a second process is rejected with
//! the first one's process id; a database whose key ring is missing is never opened with a new one.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use patchbay_model::{Clock, Entropy};
use patchbay_storage::sqlite::SqliteStorage;
use patchbay_vault::KeyRing;

/// The name of the socket on which the owning server accepts commands.
pub const CONTROL_SOCKET: &str = "control.sock";

/// A data directory that this process owns until the value is dropped.
pub struct DataDir {
    path: PathBuf,
    /// The locked file. The system releases the lock when the process ends, even if it is killed.
    _lock: File,
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
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Returns the path of the database.
    pub fn database(&self) -> PathBuf {
        Self::database_of(&self.path)
    }

    /// Returns the path of the database of the data directory `path`.
    pub fn database_of(path: &Path) -> PathBuf {
        path.join("patchbay.db")
    }

    /// Returns the path of the key ring.
    pub fn key_ring(&self) -> PathBuf {
        self.path.join("keyring.json")
    }

    /// Returns the path of the control socket.
    pub fn control_socket(&self) -> PathBuf {
        self.path.join(CONTROL_SOCKET)
    }

    /// Opens the database and the key ring. Creates both at the first start.
    pub async fn unlock(&self, clock: &dyn Clock, entropy: &dyn Entropy) -> anyhow::Result<(SqliteStorage, KeyRing)> {
        let ring = self.load_or_create_key_ring(clock, entropy)?;
        let storage = SqliteStorage::open(&self.database())
            .await
            .with_context(|| format!("cannot open the database {}", self.database().display()))?;
        Ok((storage, ring))
    }

    fn load_or_create_key_ring(&self, clock: &dyn Clock, entropy: &dyn Entropy) -> anyhow::Result<KeyRing> {
        let path = self.key_ring();
        if path.exists() {
            return KeyRing::load(&path).with_context(|| format!("cannot use the key ring {}", path.display()));
        }
        if self.database().exists() {
            bail!(
                "the key ring {} is missing, but its database exists. Restore the key ring from your backup: \
                 without it the linked accounts' secrets cannot be read",
                path.display()
            );
        }
        let ring = KeyRing::generate(entropy, clock.now());
        KeyRing::create(&path, &ring).with_context(|| format!("cannot write the key ring {}", path.display()))?;
        Ok(ring)
    }
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
    writeln!(file, "{}", std::process::id())
        .with_context(|| format!("cannot write the lock {}; is the disk full?", path.display()))?;
    Ok(file)
}

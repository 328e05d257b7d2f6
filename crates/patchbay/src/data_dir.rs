//! The data directory: database, key ring, lock. One server at a time owns it.
//!
//! Promises: a directory that it makes, and every file in it, is readable by its owner alone; a second owner is
//! refused with the first one's process id; a database without its key ring is never opened with a fresh one.

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

/// The name of the socket on which the directory's owner takes commands.
pub const CONTROL_SOCKET: &str = "control.sock";

/// An owned data directory. Dropping it gives it up.
pub struct DataDir {
    path: PathBuf,
    /// Held for its lock, which the system releases even when the process is killed.
    _lock: File,
}

impl DataDir {
    /// Makes the directory where it is missing, and locks it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| {
            format!(
                "the data directory {} cannot be made; choose another with --data-dir or PATCHBAY_DATA_DIR",
                path.display()
            )
        })?;
        let lock = lock(path)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.path.join("patchbay.db")
    }

    /// Where the key ring is.
    pub fn key_ring(&self) -> PathBuf {
        self.path.join("keyring.json")
    }

    /// Where the owner of the directory listens for commands.
    pub fn control_socket(&self) -> PathBuf {
        self.path.join(CONTROL_SOCKET)
    }

    /// Opens the database and the key ring; makes both at the first start.
    pub async fn unlock(&self, clock: &dyn Clock, entropy: &dyn Entropy) -> anyhow::Result<(SqliteStorage, KeyRing)> {
        let ring = self.load_or_make_key_ring(clock, entropy)?;
        let storage = SqliteStorage::open(&self.database())
            .await
            .with_context(|| format!("the database {} cannot be opened", self.database().display()))?;
        Ok((storage, ring))
    }

    fn load_or_make_key_ring(&self, clock: &dyn Clock, entropy: &dyn Entropy) -> anyhow::Result<KeyRing> {
        let path = self.key_ring();
        if path.exists() {
            return KeyRing::load(&path).with_context(|| format!("the key ring {} cannot be used", path.display()));
        }
        if self.database().exists() {
            bail!(
                "the key ring {} is missing, but the database beside it exists: restore the key ring from your backup; \
                 without it the linked accounts' secrets cannot be read",
                path.display()
            );
        }
        let ring = KeyRing::generate(entropy, clock.now());
        KeyRing::create(&path, &ring).with_context(|| format!("the key ring {} cannot be written", path.display()))?;
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
                "the data directory {} cannot be written to; check its owner and permissions, or choose another with --data-dir",
                directory.display()
            )
        })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // Best effort: the message is as good without the number.
            let _ = file.read_to_string(&mut owner);
            let owner = owner.trim();
            let by = if owner.is_empty() { String::new() } else { format!(" (process {owner})") };
            bail!(
                "another Patchbay{by} already uses the data directory {}; stop it first, or choose another with --data-dir",
                directory.display()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("the lock {} cannot be taken", path.display()));
        }
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
        .with_context(|| format!("the lock {} cannot be written; is the disk full?", path.display()))?;
    Ok(file)
}

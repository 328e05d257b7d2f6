//! Errors of the key rotation. After each of them every value still opens, and running the rotation again resumes it.

use patchbay_model::KeyId;
use patchbay_storage::StorageError;
use patchbay_vault::KeyRingError;

/// An error of the key rotation.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The database failed.
    #[error("{0}")]
    Storage(#[from] StorageError),
    /// The ring's file cannot be written.
    #[error("the key ring cannot be written: {0}; nothing was changed")]
    KeyRing(#[from] KeyRingError),
    /// The rotation was stopped.
    #[error("the rotation was stopped after {done} records; run it again to resume")]
    Stopped {
        /// The records that were sealed again.
        done: u64,
    },
    /// Other servers of the database do not have the new key, and it does not wrap anything.
    #[error(
        "the servers {servers} do not have the new key {key}: copy the key ring to their data directories, and run the rotation again"
    )]
    KeyNotShared {
        /// The key.
        key: KeyId,
        /// The addresses of the servers.
        servers: String,
    },
    /// The ring has no such key.
    #[error("the key ring has no key {0}; see `patchbay keyring status`")]
    UnknownKey(KeyId),
    /// The key wraps new values.
    #[error("the key {0} is the active one; run `patchbay keyring rotate` first")]
    ActiveKey(KeyId),
    /// The key still wraps something.
    #[error("the key {key} still wraps {records} records; run `patchbay keyring rotate` first")]
    KeyInUse {
        /// The key.
        key: KeyId,
        /// How many values.
        records: u64,
    },
}

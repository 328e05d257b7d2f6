//! What the rotation of keys fails with. Whatever it was, everything still opens, and asking again goes on.

use patchbay_model::KeyId;
use patchbay_storage::StorageError;
use patchbay_vault::KeyRingError;

/// Why the keys are not as they were asked to be.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The database failed.
    #[error("{0}")]
    Storage(#[from] StorageError),
    /// The ring's file cannot be written.
    #[error("the key ring cannot be written: {0}; nothing was changed")]
    KeyRing(#[from] KeyRingError),
    /// It was told to stop.
    #[error("the rotation was stopped after {done} records; run it again to go on")]
    Stopped {
        /// The records that were sealed again.
        done: u64,
    },
    /// The ring has no such key.
    #[error("the key ring has no key {0}; see `patchbay keys status`")]
    UnknownKey(KeyId),
    /// The key wraps new values.
    #[error("the key {0} is the active one; run `patchbay keys rotate` first")]
    ActiveKey(KeyId),
    /// The key still wraps something.
    #[error("the key {key} still wraps {records} records; run `patchbay keys rotate` first")]
    KeyInUse {
        /// The key.
        key: KeyId,
        /// How many values.
        records: u64,
    },
}

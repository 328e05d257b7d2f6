//! What the vault and the key ring fail with. No message carries a plaintext or key material.

use std::{io, path::PathBuf};

use patchbay_model::KeyId;

/// Why a sealed value does not open.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum VaultError {
    /// It is shorter than any envelope.
    #[error("the sealed value is cut short; restore it from a backup")]
    Truncated,
    /// It was made by a newer version.
    #[error("the sealed value has format version {0}, which this version of Patchbay does not know; update Patchbay")]
    UnknownVersion(u8),
    /// Its wrapping key is not in the ring.
    #[error("the sealed value is wrapped by key {0}, which the key ring does not hold; restore the complete key ring")]
    UnknownKey(KeyId),
    /// It was changed, or does not belong where it was found.
    #[error("the sealed value was changed or does not belong here; restore it from a backup")]
    Refused,
    /// The ring is not the one that sealed the database.
    #[error(
        "this key ring is not the one that sealed this database; restore the key ring that belongs to it (nothing was changed)"
    )]
    WrongRing,
}

/// Why a key ring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("{path} can be read by other users (mode {mode:04o}); run: chmod 600 {path}")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is there already.
    #[error("{0} exists already and is not overwritten")]
    Exists(PathBuf),
    /// The text is not a key ring.
    #[error("this is not a key ring: {0}; restore the file from a backup")]
    Malformed(String),
}

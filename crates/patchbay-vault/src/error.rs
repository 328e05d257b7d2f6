//! The errors of the vault and of the key ring. No message contains a plaintext or key material.

use std::{io, path::PathBuf};

use patchbay_model::KeyId;

/// The reason that a sealed value does not open.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum VaultError {
    /// The value is shorter than any envelope.
    #[error("the sealed value is truncated; restore it from a backup")]
    Truncated,
    /// A newer version of Patchbay sealed the value.
    #[error(
        "the sealed value has format version {0}, which this version of Patchbay does not support; update Patchbay"
    )]
    UnknownVersion(u8),
    /// The key ring does not contain the value's wrapping key.
    #[error("the sealed value is wrapped by key {0}, which is not in the key ring; restore the complete key ring")]
    UnknownKey(KeyId),
    /// The value fails authentication: it was changed, or it was sealed for another place.
    #[error("the sealed value was changed, or was sealed for another place; restore it from a backup")]
    NotAuthentic,
    /// The value is bound to an address that its reader does not know.
    #[error("the sealed value is bound to an address and was read without it; restore it from a backup")]
    Bound,
    /// The key ring is not the one that sealed the database.
    #[error(
        "this key ring is not the one that sealed this database; restore the key ring that belongs to it (nothing was changed)"
    )]
    WrongKeyRing,
}

/// The reason that a key ring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Other users may read the file.
    #[error("{path} can be read by other users (mode {mode:04o}); run: chmod 600 {path}")]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file exists.
    #[error("{0} exists already and is not overwritten")]
    Exists(PathBuf),
    /// The content is not a key ring.
    #[error("this is not a key ring: {0}; restore the file from a backup")]
    Malformed(String),
}

//! Connectors that a project pushed: versions with their files.

use std::fmt;

use crate::{ProjectId, Sealed, Timestamp};

/// A pushed version of a connector, without its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorVersion {
    /// The project that pushed it. Other projects cannot see it.
    pub project_id: ProjectId,
    /// The connector's key.
    pub key: String,
    /// Its version (Semantic Versioning 2.0.0).
    pub version: String,
    /// The digest of its files. It decides whether a second push of the version has the same files.
    pub digest: FilesDigest,
    /// The number of files.
    pub file_count: u32,
    /// The size of all files together, in bytes.
    pub size_bytes: u64,
    /// When it was pushed.
    pub created_at: Timestamp,
    /// The seal of the row; none in a row of an earlier version.
    pub seal: Option<Sealed>,
}

/// A file of a pushed version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorFile {
    /// Its name, without a directory.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// The SHA-256 digest of the names and contents of a version's files. It does not depend on their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FilesDigest(pub [u8; 32]);

impl fmt::Display for FilesDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

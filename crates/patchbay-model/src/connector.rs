//! Connectors that a project brought itself: pushed versions with their files.

use std::fmt;

use crate::{ProjectId, Timestamp};

/// What is known of a pushed version without reading its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorVersion {
    /// The project that pushed it; no other sees it.
    pub project_id: ProjectId,
    /// The connector's key.
    pub key: String,
    /// Its version, as semantic versioning writes it.
    pub version: String,
    /// The digest of its files: a version that is pushed again is told by it from another one.
    pub digest: FilesDigest,
    /// How many files it has.
    pub file_count: u32,
    /// How long their texts are together, in bytes.
    pub size_bytes: u64,
    /// When it was pushed.
    pub created_at: Timestamp,
}

/// A file of a pushed version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorFile {
    /// Its name, without a folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// SHA-256 of a version's files: names and texts, whatever their order was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FilesDigest(pub [u8; 32]);

impl fmt::Display for FilesDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

//! The port through which the engine reads the instance's connectors.

use patchbay_connector::{Registry, SourceFile};

/// The result of a read.
#[derive(Clone, Debug, Default)]
pub struct SourceRead {
    /// The valid connectors; for one that has become invalid, its last valid version.
    pub registry: Registry,
    /// The diagnostics, rendered for a person; empty without errors.
    pub report: String,
    /// The folders of the connectors with errors.
    pub refused: Vec<String>,
    /// The folders whose last valid version stays in use.
    pub kept: Vec<String>,
}

/// A source of the instance's connectors. Both methods block on disk and processor.
pub trait ConnectorSource: Send + Sync {
    /// Reads all connectors.
    ///
    /// # Errors
    ///
    /// A message for a person if the source cannot be read.
    fn read(&self) -> Result<SourceRead, String>;
    /// Returns the files of the connector that is in use with this key.
    fn files(&self, key: &str) -> Option<Vec<SourceFile>>;
}

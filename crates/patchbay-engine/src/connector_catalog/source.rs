//! Where the instance's connectors come from: the binary knows, the engine asks.

use patchbay_connector::{Registry, SourceFile};

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct SourceRead {
    /// The connectors without an error; where one has become bad, as it was before.
    pub registry: Registry,
    /// What is wrong, rendered for a person; empty when all is well.
    pub report: String,
    /// The folders of the connectors with errors.
    pub refused: Vec<String>,
    /// Those of them whose last good version stays in use.
    pub kept: Vec<String>,
}

/// The instance's connectors, to be read again. Both wait for a disk and a processor.
pub trait ConnectorSource: Send + Sync {
    /// Reads everything again. An error, for a person, when nothing could be read: all stays as it is.
    fn read(&self) -> Result<SourceRead, String>;
    /// The files that the connector in use with this key was read from.
    fn files(&self, key: &str) -> Option<Vec<SourceFile>>;
}

//! What is known of a connector before its files are compiled.

use crate::definition::ReleaseStage;

/// A connector's key and release stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorHeader {
    /// The key.
    pub key: String,
    /// The release stage.
    pub release_stage: ReleaseStage,
}

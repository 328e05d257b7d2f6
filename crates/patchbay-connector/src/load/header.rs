//! Reads a connector's key and release stage without compiling it.

use super::root::{STAGES, connector_key};
use crate::{
    SourceFile,
    definition::ReleaseStage,
    syntax::{self, Reader, Report},
};

/// A connector's key and release stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorHeader {
    /// The key.
    pub key: String,
    /// The release stage.
    pub release_stage: ReleaseStage,
}

/// Reads the key and the release stage from a connector's main file; `None` if they cannot be read. Nothing else of
/// the file is checked.
pub fn read_header(main: &SourceFile) -> Option<ConnectorHeader> {
    let node = syntax::parse(&main.name, &main.text).ok()?;
    let report = Report::default();
    let root = Reader::new(&node, &main.name, &report).mapping_unchecked()?;
    let key = root.get("info")?.mapping_unchecked()?.get("key").and_then(|key| connector_key(&key))?;
    let release_stage = root.get("releaseStage").map_or(Some(ReleaseStage::Ga), |stage| stage.choice(&STAGES))?;
    Some(ConnectorHeader { key, release_stage })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, ReleaseStage)> {
        let file = SourceFile { name: "a.connector.yaml".to_owned(), text: text.to_owned() };
        read_header(&file).map(|header| (header.key, header.release_stage))
    }

    #[test]
    fn key_and_stage_are_read_in_any_spelling() {
        let expected = Some(("acme".to_owned(), ReleaseStage::Beta));
        assert_eq!(read("info: {key: acme}\nreleaseStage: beta # soon\n"), expected);
        assert_eq!(read("releaseStage:\n  'beta'\ninfo:\n  key: \"acme\"\n"), expected);
        assert_eq!(read("{info: {key: acme}, releaseStage: beta, actions: [{releaseStage: ga}]}"), expected);
        assert_eq!(read("info: {key: acme}\n"), Some(("acme".to_owned(), ReleaseStage::Ga)));
        let nested = "info: {key: acme}\nactions:\n  - releaseStage: preview\n";
        assert_eq!(read(nested), Some(("acme".to_owned(), ReleaseStage::Ga)));
    }

    #[test]
    fn files_without_a_valid_header_are_not_read() {
        for text in ["", "[", "info: {}", "info: {key: A}", "info: {key: acme}\nreleaseStage: soon"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

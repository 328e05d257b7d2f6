//! The connectors in `tests/fixtures`, a folder per subject.

use std::{fs, path::Path};

use patchbay_connector::{Connector, SourceFile, load, render};

/// Returns the files of a folder below this crate's, in order of their names.
pub fn connector_files(folder: &str) -> Vec<SourceFile> {
    let mut files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| SourceFile {
            text: fs::read_to_string(&path).unwrap(),
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        })
        .collect::<Vec<_>>();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// Returns the files of a fixture.
pub fn fixture_files(name: &str) -> Vec<SourceFile> {
    connector_files(&format!("tests/fixtures/{name}"))
}

/// Loads the connector that `files` describe.
pub fn load_connector(files: &[SourceFile]) -> Connector {
    let loaded = load(files);
    loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, files)))
}

/// Loads the connector of a fixture.
pub fn fixture(name: &str) -> Connector {
    fixture_with(name, |text| text)
}

/// Loads the connector of a fixture whose text `change` changes.
pub fn fixture_with(name: &str, change: impl Fn(String) -> String) -> Connector {
    let files = fixture_files(name).into_iter().map(|file| SourceFile { text: change(file.text), ..file });
    load_connector(&files.collect::<Vec<_>>())
}

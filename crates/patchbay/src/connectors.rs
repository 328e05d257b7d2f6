//! Where connectors come from: those built into the binary, and a directory that overrides them.
//!
//! A connector with an error is left out and reported; the good ones beside it serve.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use patchbay_connector::{Collision, Registry, Severity, SourceFile, load, render};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../connectors"]
#[include = "*/*.connector.yaml"]
#[include = "*/*.partial.yaml"]
struct BuiltIn;

/// What was read.
pub struct Connectors {
    /// The connectors without an error.
    pub registry: Registry,
    /// What is wrong with the others, rendered for a person; empty when all is well.
    pub report: String,
    /// The folders of the connectors that were left out.
    pub refused: Vec<String>,
}

/// Reads the built-in connectors, then those under `directory`, which win over built-in ones with the
/// same key. A directory that cannot be read is an error: it was asked for.
pub fn read(directory: Option<&Path>) -> anyhow::Result<Connectors> {
    let mut connectors = Connectors { registry: Registry::new(), report: String::new(), refused: Vec::new() };
    for (name, files) in built_in() {
        connectors.add(&name, &files);
    }
    if let Some(directory) = directory {
        for (name, files) in in_directory(directory)? {
            connectors.add(&name, &files);
        }
    }
    for Collision { public_id, connectors: keys } in connectors.registry.collisions() {
        let _ = writeln!(
            connectors.report,
            "warning: `{public_id}` is an action of each of {}; calls run that of the connector with the shorter key",
            keys.join(", ")
        );
    }
    Ok(connectors)
}

impl Connectors {
    fn add(&mut self, name: &str, files: &[SourceFile]) {
        let loaded = load(files);
        let has_errors = loaded.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        if !loaded.diagnostics.is_empty() {
            self.report.push_str(&render(&loaded.diagnostics, files));
        }
        match loaded.connector {
            Some(connector) if !has_errors => {
                self.registry = std::mem::take(&mut self.registry).with(Arc::new(connector));
            }
            _ => self.refused.push(name.to_owned()),
        }
    }
}

/// The files of the connectors in the binary, by folder.
pub fn built_in() -> BTreeMap<String, Vec<SourceFile>> {
    let mut folders: BTreeMap<String, Vec<SourceFile>> = BTreeMap::new();
    for path in BuiltIn::iter() {
        let Some((folder, _)) = path.split_once('/') else { continue };
        let Some(file) = BuiltIn::get(&path) else { continue };
        let text = String::from_utf8_lossy(&file.data).into_owned();
        folders.entry(folder.to_owned()).or_default().push(SourceFile { name: path.to_string(), text });
    }
    folders
}

/// The connector folders directly under `directory`; `directory` may also be one connector's folder.
pub fn in_directory(directory: &Path) -> anyhow::Result<BTreeMap<String, Vec<SourceFile>>> {
    let mut folders: BTreeMap<String, Vec<SourceFile>> = BTreeMap::new();
    let own = yaml_files(directory)?;
    if !own.is_empty() {
        folders.insert(directory.display().to_string(), own);
    }
    for entry in entries(directory)? {
        if entry.is_dir() {
            let files = yaml_files(&entry)?;
            if !files.is_empty() {
                folders.insert(entry.display().to_string(), files);
            }
        }
    }
    Ok(folders)
}

/// A folder's connector files, by name.
pub fn yaml_files(directory: &Path) -> anyhow::Result<Vec<SourceFile>> {
    const SUFFIXES: [&str; 4] = [".connector.yaml", ".connector.s1.yaml", ".partial.yaml", ".s1.partial.yaml"];
    let mut files = Vec::new();
    for path in entries(directory)? {
        let name = path.to_string_lossy().into_owned();
        if path.is_file() && SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            let text = std::fs::read_to_string(&path).with_context(|| format!("{name} cannot be read"))?;
            files.push(SourceFile { name, text });
        }
    }
    Ok(files)
}

fn entries(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listing = std::fs::read_dir(directory).with_context(|| {
        format!(
            "the connectors directory {} cannot be read; check --connectors or PATCHBAY_CONNECTORS",
            directory.display()
        )
    })?;
    let mut paths = listing.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

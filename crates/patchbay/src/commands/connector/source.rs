//! Which files make a connector: a folder, a main file with the partials beside it, or a built-in key.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use patchbay_connector::{Connector, Diagnostic, Severity, SourceFile, load, render};

use crate::connectors;

const MAIN: [&str; 2] = [".connector.s1.yaml", ".connector.yaml"];

/// A connector's files, and where they are.
pub struct Source {
    /// Its folder, or its only file; none when it is built into the binary.
    pub place: Option<PathBuf>,
    /// Its files.
    pub files: Vec<SourceFile>,
}

impl Source {
    /// What is wrong or unwise, and the connector when nothing is wrong.
    pub fn load(&self) -> (Option<Connector>, Vec<Diagnostic>) {
        let loaded = load(&self.files);
        (loaded.connector, loaded.diagnostics)
    }

    /// The connector; its problems are the error.
    pub fn connector(&self) -> anyhow::Result<Connector> {
        let (connector, mut diagnostics) = self.load();
        diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
        connector.with_context(|| format!("the connector cannot be used\n{}", render(&diagnostics, &self.files).trim()))
    }
}

/// The one connector that `name` stands for.
pub fn one(name: &str) -> anyhow::Result<Source> {
    let path = Path::new(name);
    if !path.exists() {
        return built_in(name);
    }
    let mut sources = at(path)?;
    match sources.len() {
        1 => Ok(sources.remove(0)),
        count => bail!("{name} holds {count} connectors; name one of their folders"),
    }
}

/// All connectors at a path: a file, a connector's folder, or a folder of such folders.
pub fn at(path: &Path) -> anyhow::Result<Vec<Source>> {
    if path.is_file() {
        return Ok(vec![file(path)?]);
    }
    let folders = connectors::in_directory(path)?;
    if folders.is_empty() {
        bail!("{} holds no connector; a connector's main file is named NAME.connector.yaml", path.display());
    }
    let sources = folders.into_iter().map(|(folder, files)| Source { place: Some(folder.into()), files });
    Ok(sources.collect())
}

fn built_in(key: &str) -> anyhow::Result<Source> {
    let mut known = connectors::built_in();
    if let Some(files) = known.remove(key) {
        return Ok(Source { place: None, files });
    }
    let known = known.into_keys().collect::<Vec<_>>().join(", ");
    bail!("{key} is neither a file, nor a folder, nor a built-in connector ({known})")
}

/// A file alone, unless it is a main file with partials of the same name beside it.
fn file(path: &Path) -> anyhow::Result<Source> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = MAIN.iter().find_map(|ending| name.strip_suffix(ending));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut files = vec![SourceFile { name: path.display().to_string(), text }];
    if let Some(stem) = stem {
        let beside = connectors::yaml_files(folder)?.into_iter().filter(|file| {
            let name = Path::new(&file.name).file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".partial.yaml") && name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
        });
        files.extend(beside);
    }
    Ok(Source { place: Some(path.to_owned()), files })
}

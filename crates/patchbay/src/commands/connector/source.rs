//! Finds a connector's files: a folder, a main file with the partials next to it, or the key of a built-in connector.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use patchbay_connector::{
    Connector, Diagnostic, Severity, SourceFile, definition::Action, evidence::Evidence, load, nearest, render,
};

use crate::connectors;

const MAIN_SUFFIXES: [&str; 2] = [".connector.s1.yaml", ".connector.yaml"];

/// The files of a connector and their location.
pub struct FoundConnector {
    /// The connector's folder, or its only file. `None` if it is built into the binary.
    pub place: Option<PathBuf>,
    /// The files.
    pub files: Vec<SourceFile>,
}

impl FoundConnector {
    /// Loads the connector. Returns its diagnostics, and the connector if none of them is an error.
    pub fn load(&self) -> (Option<Connector>, Vec<Diagnostic>) {
        let loaded = load(&self.files);
        (loaded.connector, loaded.diagnostics)
    }

    /// Returns the folder of the connector's files. `None` if it is built into the binary.
    pub fn folder(&self) -> Option<&Path> {
        let place = self.place.as_deref()?;
        Some(if place.is_file() { place.parent().unwrap_or(Path::new(".")) } else { place })
    }

    fn evidence(&self) -> Option<Evidence> {
        match &self.place {
            Some(_) => connectors::evidence_beside(&self.files),
            None => connectors::built_in_evidence(self.files.first()?.name.split('/').next()?),
        }
    }

    /// Returns the connector. The error contains all its problems.
    pub fn connector(&self) -> anyhow::Result<Connector> {
        let (connector, mut diagnostics) = self.load();
        diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
        let connector = connector
            .with_context(|| format!("the connector is not valid\n{}", render(&diagnostics, &self.files).trim()))?;
        Ok(connectors::with_evidence(connector, &self.files, self.evidence()))
    }
}

/// Returns an action by its ID. The error suggests a similar one.
pub fn find_action<'c>(connector: &'c Connector, id: &str) -> anyhow::Result<&'c Arc<Action>> {
    connector.action(id).with_context(|| {
        let similar = nearest(id, connector.actions.iter().map(|action| action.id.as_str()));
        let hint = similar.map(|similar| format!("; did you mean `{similar}`?")).unwrap_or_default();
        format!("{} has no action `{id}`{hint}", connector.key)
    })
}

/// Finds the one connector at a path or with a built-in key.
pub fn find_one(name: &str) -> anyhow::Result<FoundConnector> {
    let path = Path::new(name);
    if !path.exists() {
        return built_in(name);
    }
    let mut sources = find_all(path)?;
    match sources.len() {
        1 => Ok(sources.remove(0)),
        count => bail!("{name} contains {count} connectors; name one of their folders"),
    }
}

/// Finds all connectors at a path: a file, a connector's folder, or a folder of such folders.
pub fn find_all(path: &Path) -> anyhow::Result<Vec<FoundConnector>> {
    if path.is_file() {
        return Ok(vec![connector_at_file(path)?]);
    }
    if !path.exists() {
        bail!(
            "{} does not exist; name a connector's folder or main file, or create a connector with \
             `patchbay connector new`",
            path.display()
        );
    }
    let folders = connectors::find_in_directory(path)?;
    if folders.is_empty() {
        bail!("{} contains no connector; the main file of a connector is named NAME.connector.yaml", path.display());
    }
    let sources = folders.into_iter().map(|(folder, files)| FoundConnector { place: Some(folder.into()), files });
    Ok(sources.collect())
}

fn built_in(key: &str) -> anyhow::Result<FoundConnector> {
    let mut known = connectors::built_in();
    if let Some(files) = known.remove(key) {
        return Ok(FoundConnector { place: None, files });
    }
    let known = known.into_keys().collect::<Vec<_>>().join(", ");
    bail!("{key} is not a file, a folder, or the key of a built-in connector ({known})")
}

/// Returns the connector of one file. If it is a main file, includes the partials of the same name next to it.
fn connector_at_file(path: &Path) -> anyhow::Result<FoundConnector> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = MAIN_SUFFIXES.iter().find_map(|ending| name.strip_suffix(ending));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut files = vec![SourceFile { name: path.display().to_string(), text }];
    if let Some(stem) = stem {
        let partials = connectors::yaml_files(folder)?.into_iter().filter(|file| {
            let name = Path::new(&file.name).file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".partial.yaml") && name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
        });
        files.extend(partials);
    }
    Ok(FoundConnector { place: Some(path.to_owned()), files })
}

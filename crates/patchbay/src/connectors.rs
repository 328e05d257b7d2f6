//! The sources of connectors: the built-in ones, and a directory whose connectors override them.
//!
//! A connector with an error is reported and omitted; the others are in use. Built-in connectors are compiled when they
//! are first needed, because an instance uses few of them. A test checks that they have no errors, not each start.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use patchbay_connector::{
    Collision, Connector, ConnectorHeader, LazyConnector, SourceFile, definition::ReleaseStage, evidence::Evidence,
    load, render,
};
use patchbay_engine::{ConnectorSource, SourceRead};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../connectors"]
#[include = "*/*.connector.yaml"]
#[include = "*/*.partial.yaml"]
#[include = "*/*.evidence.json"]
struct EmbeddedConnectors;

// `HEADERS`: the keys of the built-in connectors, which are the names of their folders, with their release stages.
include!(concat!(env!("OUT_DIR"), "/built_in_connectors.rs"));

/// The connectors of this instance. Those of the directory can be reloaded.
pub struct InstanceConnectors {
    directory: Option<PathBuf>,
    /// The built-in connectors, by key.
    built_in: BTreeMap<String, Arc<LazyConnector>>,
    /// The last valid version of each connector in the directory, by folder.
    last_valid: Mutex<BTreeMap<String, ValidConnector>>,
}

/// A connector without errors, and the files from which it was loaded.
#[derive(Clone)]
struct ValidConnector {
    connector: Arc<Connector>,
    files: Arc<[SourceFile]>,
}

impl InstanceConnectors {
    /// Loads the built-in connectors and those in `directory`, which override built-in ones with the same key.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn open(directory: Option<PathBuf>) -> anyhow::Result<(Self, SourceRead)> {
        let built_in = HEADERS.iter().map(|(key, stage)| ((*key).to_owned(), Arc::new(lazy_connector(key, *stage))));
        let built_in = built_in.collect();
        let instance = Self { directory, built_in, last_valid: Mutex::default() };
        let read = instance.reload()?;
        Ok((instance, read))
    }

    /// Reads the directory again, and returns all connectors. For a connector that has errors now, returns its last valid
    /// version.
    fn reload(&self) -> anyhow::Result<SourceRead> {
        let folders = self.directory.as_deref().map(find_in_directory).transpose()?.unwrap_or_default();
        let mut read = SourceRead::default();
        for connector in self.built_in.values() {
            read.registry = read.registry.with_lazy(connector.clone());
        }
        let mut last_valid = self.last_valid.lock().unwrap_or_else(PoisonError::into_inner);
        let mut current = BTreeMap::new();
        for (name, files) in folders {
            let before = last_valid.get(&name);
            let unchanged = before.filter(|before| are_equal(&before.files, &files)).cloned();
            let valid = unchanged.or_else(|| {
                compile(&files, &mut read.report).map(|connector| ValidConnector { connector, files: files.into() })
            });
            let valid = valid.or_else(|| {
                read.refused.push(name.clone());
                read.kept.extend(before.map(|_| name.clone()));
                before.cloned()
            });
            if let Some(valid) = valid {
                read.registry = read.registry.with(valid.connector.clone());
                current.insert(name, valid);
            }
        }
        *last_valid = current;
        // A test checks that built-in connectors do not collide; checking here would compile all of them.
        if last_valid.is_empty() {
            return Ok(read);
        }
        for Collision { public_id, connectors: keys } in read.registry.collisions() {
            let _ = writeln!(
                read.report,
                "warning: the connectors {} all have an action `{public_id}`; calls run that of the connector with the shorter key",
                keys.join(", ")
            );
        }
        Ok(read)
    }
}

impl ConnectorSource for InstanceConnectors {
    fn read(&self) -> Result<SourceRead, String> {
        self.reload().map_err(|error| format!("{error:#}"))
    }

    fn files(&self, key: &str) -> Option<Vec<SourceFile>> {
        let last_valid = self.last_valid.lock().unwrap_or_else(PoisonError::into_inner);
        // If two folders have the same key, the later one is in use, as in the registry.
        let mut files = match last_valid.values().rfind(|valid| valid.connector.key == key) {
            Some(valid) => valid.files.to_vec(),
            None => files_of(self.built_in.get_key_value(key)?.0),
        };
        for file in &mut files {
            file.name = file.name.rsplit('/').next().unwrap_or_default().to_owned();
        }
        Some(files)
    }
}

/// Loads the built-in connectors and those of a directory, once.
pub fn read(directory: Option<&Path>) -> anyhow::Result<SourceRead> {
    Ok(InstanceConnectors::open(directory.map(Path::to_owned))?.1)
}

/// Returns the connector unless it has errors. Appends all diagnostics to the report.
fn compile(files: &[SourceFile], report: &mut String) -> Option<Arc<Connector>> {
    let loaded = load(files);
    if !loaded.diagnostics.is_empty() {
        report.push_str(&render(&loaded.diagnostics, files));
    }
    loaded.connector.map(|connector| Arc::new(with_evidence(connector, files, evidence_beside(files))))
}

/// Returns the connector with its evidence, if that belongs to these files.
pub fn with_evidence(mut connector: Connector, files: &[SourceFile], evidence: Option<Evidence>) -> Connector {
    connector.evidence = evidence.filter(|evidence| evidence.is_of(files));
    connector
}

/// Returns the evidence in the folder of a connector's files.
pub fn evidence_beside(files: &[SourceFile]) -> Option<Evidence> {
    let folder = Path::new(&files.first()?.name).parent()?;
    let mut names = entries(folder).ok()?.into_iter();
    let path = names.find(|path| path.to_string_lossy().ends_with(Evidence::SUFFIX))?;
    Evidence::parse(&std::fs::read_to_string(path).ok()?)
}

/// Returns the evidence of a built-in connector.
pub fn built_in_evidence(folder: &str) -> Option<Evidence> {
    let file = EmbeddedConnectors::get(&format!("{folder}/{folder}{}", Evidence::SUFFIX))?;
    Evidence::parse(&String::from_utf8_lossy(&file.data))
}

fn are_equal(one: &[SourceFile], other: &[SourceFile]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.name == other.name && one.text == other.text)
}

/// Returns a built-in connector that is compiled on first use.
fn lazy_connector(key: &'static str, release_stage: ReleaseStage) -> LazyConnector {
    LazyConnector::new(ConnectorHeader { key: key.to_owned(), release_stage }, move || {
        let files = files_of(key);
        let loaded = load(&files);
        if loaded.connector.is_none() {
            tracing::error!(connector = key, "{}", render(&loaded.diagnostics, &files));
        }
        let evidence = built_in_evidence(key);
        loaded.connector.map(|connector| Arc::new(with_evidence(connector, &files, evidence)))
    })
}

/// Returns the folders of the built-in connectors.
fn folders() -> BTreeSet<String> {
    EmbeddedConnectors::iter().filter_map(|path| Some(path.split_once('/')?.0.to_owned())).collect()
}

/// Returns the files of a built-in connector.
fn files_of(folder: &str) -> Vec<SourceFile> {
    let own = EmbeddedConnectors::iter().filter(|path| path.split_once('/').is_some_and(|(own, _)| own == folder));
    own.filter(|path| path.ends_with(".yaml"))
        .filter_map(|path| {
            let text = String::from_utf8_lossy(&EmbeddedConnectors::get(&path)?.data).into_owned();
            Some(SourceFile { name: path.to_string(), text })
        })
        .collect()
}

/// Returns the files of all built-in connectors, by folder.
pub fn built_in() -> BTreeMap<String, Vec<SourceFile>> {
    folders().into_iter().map(|folder| (folder.clone(), files_of(&folder))).collect()
}

/// Returns the connector folders directly below `directory`, which may also be a connector's folder itself.
pub fn find_in_directory(directory: &Path) -> anyhow::Result<BTreeMap<String, Vec<SourceFile>>> {
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

/// Returns the connector files of a folder, ordered by name.
pub fn yaml_files(directory: &Path) -> anyhow::Result<Vec<SourceFile>> {
    const SUFFIXES: [&str; 4] = [".connector.yaml", ".connector.s1.yaml", ".partial.yaml", ".s1.partial.yaml"];
    let mut files = Vec::new();
    for path in entries(directory)? {
        let name = path.to_string_lossy().into_owned();
        if path.is_file() && SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
            files.push(SourceFile { name, text });
        }
    }
    Ok(files)
}

fn entries(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listing = std::fs::read_dir(directory).with_context(|| {
        format!(
            "cannot read the connectors directory {}; check --connectors or PATCHBAY_CONNECTORS",
            directory.display()
        )
    })?;
    let mut paths = listing.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use patchbay_connector::evidence::EvidenceLevel;

    use super::*;

    const ITEM: &str = "{actionId: list_items, categories: [other], actionType: list, label: Items, description: Lists them., \
                        steps: [{stepId: s, description: Lists., stepFunction: {functionName: request, parameters: {url: /, method: get}}}], \
                        result: {data: $.steps.s.output.data}}";

    fn write_connector(folder: &Path, key: &str, version: &str) {
        let text = format!(
            "Patchbay: 1.0.0\n\
             info: {{title: Acme, key: {key}, version: {version}, description: For a test.}}\n\
             baseUrl: https://api.acme.example\n\
             authentication: [{{custom: {{type: custom, label: Key, authorization: {{type: bearer, token: $.credentials.token}}, \
             configFields: [{{key: token, label: Token, type: password, required: true, secret: true}}], \
             environments: [{{key: production, name: Production}}]}}}}]\n\
             actions: [{ITEM}]\n"
        );
        fs::create_dir_all(folder.join(key)).unwrap();
        fs::write(folder.join(key).join(format!("{key}.connector.yaml")), text).unwrap();
    }

    fn version(read: &SourceRead, key: &str) -> Option<String> {
        read.registry.get(key).map(|connector| connector.version.to_string())
    }

    #[test]
    fn built_in_connectors_have_the_key_and_stage_of_their_headers() {
        let (_, read) = InstanceConnectors::open(None).unwrap();
        let keys = read.registry.keys().map(str::to_owned).collect::<Vec<_>>();
        assert!(keys.len() >= 15, "{keys:?}");
        assert_eq!(keys, folders().into_iter().collect::<Vec<_>>());
        for (folder, files) in built_in() {
            let loaded = load(&files);
            assert!(loaded.diagnostics.is_empty(), "{}", render(&loaded.diagnostics, &files));
            let connector = loaded.connector.unwrap();
            assert_eq!(connector.key, folder);
            let header = HEADERS.iter().find(|(key, _)| *key == folder);
            assert_eq!(header, Some(&(connector.key.as_str(), connector.release_stage)));
            assert_eq!(read.registry.get(&folder).map(|found| &found.key), Some(&folder));
        }
        assert_eq!(read.registry.collisions(), []);
    }

    #[test]
    fn the_evidence_of_built_in_connectors_is_not_stale() {
        let mut with_evidence = 0;
        for (folder, files) in built_in() {
            let Some(evidence) = built_in_evidence(&folder) else { continue };
            with_evidence += 1;
            assert!(evidence.is_of(&files), "{folder} changed: run `patchbay connector prove --write` again");
            let connector = load(&files).connector.unwrap();
            for id in evidence.proven.values().flatten() {
                assert!(connector.action(id).is_some(), "{folder} has no action {id}");
            }
        }
        assert!(with_evidence >= 4, "{with_evidence}");
    }

    #[test]
    fn evidence_beside_a_connector_counts_until_the_connector_changes() {
        let folder = tempfile::tempdir().unwrap();
        write_connector(folder.path(), "acme", "1.0.0");
        let files = yaml_files(&folder.path().join("acme")).unwrap();
        let mut evidence = Evidence { files: patchbay_connector::evidence::fingerprint(&files), ..Evidence::default() };
        let level = EvidenceLevel::ContractProven;
        evidence.proven.insert(level, ["list_items".to_owned()].into());
        fs::write(folder.path().join("acme/acme.evidence.json"), evidence.to_text()).unwrap();
        let (instance, read) = InstanceConnectors::open(Some(folder.path().to_owned())).unwrap();
        let counts = |read: &SourceRead| read.registry.get("acme").unwrap().evidence_counts();
        assert_eq!(counts(&read)[&level], 1);
        write_connector(folder.path(), "acme", "1.0.1");
        assert_eq!(counts(&instance.read().unwrap())[&level], 0);
    }

    #[test]
    fn an_invalid_connector_keeps_its_last_version_and_unchanged_ones_are_reused() {
        let folder = tempfile::tempdir().unwrap();
        write_connector(folder.path(), "acme", "1.0.0");
        write_connector(folder.path(), "beta", "1.0.0");
        let (instance, first) = InstanceConnectors::open(Some(folder.path().to_owned())).unwrap();
        assert_eq!(version(&first, "acme").as_deref(), Some("1.0.0"), "{}", first.report);
        let invalid = folder.path().join("acme/acme.connector.yaml");
        fs::write(&invalid, "Patchbay: 1.0.0\n").unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(folder.path().join("new/new.connector.yaml"), "titel: New\n").unwrap();
        let second = instance.read().unwrap();
        assert_eq!((second.refused.len(), second.kept.len()), (2, 1), "{}", second.report);
        assert!(second.report.contains("acme.connector.yaml") && second.report.contains("new.connector.yaml"));
        assert_eq!(version(&second, "acme").as_deref(), Some("1.0.0"));
        assert!(Arc::ptr_eq(first.registry.get("beta").unwrap(), second.registry.get("beta").unwrap()));
        // `files` returns the files of the version in use.
        let files = instance.files("acme").unwrap();
        assert_eq!(files[0].name, "acme.connector.yaml");
        assert!(files[0].text.contains("version: 1.0.0"));
        write_connector(folder.path(), "acme", "1.1.0");
        assert_eq!(version(&instance.read().unwrap(), "acme").as_deref(), Some("1.1.0"));
    }

    #[test]
    fn removing_an_override_restores_the_built_in_connector() {
        let folder = tempfile::tempdir().unwrap();
        write_connector(folder.path(), "spotdraft", "9.9.9");
        let (instance, read) = InstanceConnectors::open(Some(folder.path().to_owned())).unwrap();
        assert_eq!(version(&read, "spotdraft").as_deref(), Some("9.9.9"), "{}", read.report);
        assert_eq!(instance.files("spotdraft").unwrap().len(), 1);
        fs::remove_dir_all(folder.path().join("spotdraft")).unwrap();
        assert_ne!(version(&instance.read().unwrap(), "spotdraft").as_deref(), Some("9.9.9"));
        assert!(instance.files("spotdraft").unwrap().len() > 1);
        assert!(instance.files("nothing").is_none());
        fs::remove_dir_all(folder.path()).unwrap();
        assert!(instance.read().unwrap_err().contains("cannot read"));
    }
}

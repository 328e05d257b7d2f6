//! Where connectors come from: those built into the binary, and a directory that overrides them.
//!
//! A connector with an error is left out and reported; the good ones beside it serve. Those of the binary are compiled
//! when they are first needed: there are many, and an instance uses a few. That they have no error is tested, not looked
//! at again in every start.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use patchbay_connector::{Collision, Connector, LazyConnector, SourceFile, load, read_header, render};
use patchbay_engine::{ConnectorSource, SourceRead};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../connectors"]
#[include = "*/*.connector.yaml"]
#[include = "*/*.partial.yaml"]
struct BuiltIn;

/// The instance's connectors, which can be read again: those of the directory, that is; the binary stays as it is.
pub struct Instance {
    directory: Option<PathBuf>,
    /// Those of the binary, by key.
    built_in: BTreeMap<String, Arc<LazyConnector>>,
    /// The directory's last good connectors, by folder.
    last: Mutex<BTreeMap<String, Good>>,
}

/// A connector without an error, and the files that it was read from.
#[derive(Clone)]
struct Good {
    connector: Arc<Connector>,
    files: Arc<[SourceFile]>,
}

impl Instance {
    /// The built-in connectors, and those under `directory`, which win over built-in ones with the same key. A directory
    /// that cannot be read is an error: it was asked for.
    pub fn open(directory: Option<PathBuf>) -> anyhow::Result<(Self, SourceRead)> {
        let built_in =
            folders().into_iter().filter_map(|folder| Some((folder.clone(), Arc::new(lazy(folder)?)))).collect();
        let instance = Self { directory, built_in, last: Mutex::default() };
        let read = instance.read_again()?;
        Ok((instance, read))
    }

    /// The built-in connectors, and the directory as it is now. A connector of the directory that has become bad
    /// stays as it was.
    fn read_again(&self) -> anyhow::Result<SourceRead> {
        let folders = self.directory.as_deref().map(in_directory).transpose()?.unwrap_or_default();
        let mut read = SourceRead::default();
        for connector in self.built_in.values() {
            read.registry = read.registry.with_lazy(connector.clone());
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = BTreeMap::new();
        for (name, files) in folders {
            let before = last.get(&name);
            let unchanged = before.filter(|before| same(&before.files, &files)).cloned();
            let good = unchanged
                .or_else(|| compile(&files, &mut read.report).map(|connector| Good { connector, files: files.into() }));
            let good = good.or_else(|| {
                read.refused.push(name.clone());
                read.kept.extend(before.map(|_| name.clone()));
                before.cloned()
            });
            if let Some(good) = good {
                read.registry = read.registry.with(good.connector.clone());
                now.insert(name, good);
            }
        }
        *last = now;
        // Those of the binary are known to have none among themselves, and are not compiled to look again.
        if last.is_empty() {
            return Ok(read);
        }
        for Collision { public_id, connectors: keys } in read.registry.collisions() {
            let _ = writeln!(
                read.report,
                "warning: `{public_id}` is an action of each of {}; calls run that of the connector with the shorter key",
                keys.join(", ")
            );
        }
        Ok(read)
    }
}

impl ConnectorSource for Instance {
    fn read(&self) -> Result<SourceRead, String> {
        self.read_again().map_err(|error| format!("{error:#}"))
    }

    fn files(&self, key: &str) -> Option<Vec<SourceFile>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two folders with one key the later wins, as in the registry.
        let mut files = match last.values().rfind(|good| good.connector.key == key) {
            Some(good) => good.files.to_vec(),
            None => files_of(self.built_in.get_key_value(key)?.0),
        };
        for file in &mut files {
            file.name = file.name.rsplit('/').next().unwrap_or_default().to_owned();
        }
        Some(files)
    }
}

/// All connectors of the binary and of a directory, read once.
pub fn read(directory: Option<&Path>) -> anyhow::Result<SourceRead> {
    Ok(Instance::open(directory.map(Path::to_owned))?.1)
}

/// The connector, unless it has errors. What is wrong or unwise goes to the report.
fn compile(files: &[SourceFile], report: &mut String) -> Option<Arc<Connector>> {
    let loaded = load(files);
    if !loaded.diagnostics.is_empty() {
        report.push_str(&render(&loaded.diagnostics, files));
    }
    loaded.connector.map(Arc::new)
}

fn same(one: &[SourceFile], other: &[SourceFile]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.name == other.name && one.text == other.text)
}

/// Returns a connector of the binary that is compiled at its first use; `None` if its main file has no valid header.
fn lazy(folder: String) -> Option<LazyConnector> {
    let path = format!("{folder}/{folder}.connector.yaml");
    let text = String::from_utf8_lossy(&BuiltIn::get(&path)?.data).into_owned();
    let Some(header) = read_header(&SourceFile { name: path, text }) else {
        tracing::error!(connector = folder, "the connector's main file has no valid key or release stage");
        return None;
    };
    Some(LazyConnector::new(header, move || {
        let files = files_of(&folder);
        let loaded = load(&files);
        if loaded.connector.is_none() {
            tracing::error!(connector = folder, "{}", render(&loaded.diagnostics, &files));
        }
        loaded.connector.map(Arc::new)
    }))
}

/// The folders of the binary.
fn folders() -> BTreeSet<String> {
    BuiltIn::iter().filter_map(|path| Some(path.split_once('/')?.0.to_owned())).collect()
}

/// The files of a folder of the binary.
fn files_of(folder: &str) -> Vec<SourceFile> {
    let own = BuiltIn::iter().filter(|path| path.split_once('/').is_some_and(|(own, _)| own == folder));
    own.filter_map(|path| {
        let text = String::from_utf8_lossy(&BuiltIn::get(&path)?.data).into_owned();
        Some(SourceFile { name: path.to_string(), text })
    })
    .collect()
}

/// The files of the connectors in the binary, by folder.
pub fn built_in() -> BTreeMap<String, Vec<SourceFile>> {
    folders().into_iter().map(|folder| (folder.clone(), files_of(&folder))).collect()
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const ITEM: &str = "{actionId: list_items, categories: [other], actionType: list, label: Items, description: Lists them., \
                        steps: [{stepId: s, description: Lists., stepFunction: {functionName: request, parameters: {url: /, method: get}}}], \
                        result: {data: $.steps.s.output.data}}";

    fn put(folder: &Path, key: &str, version: &str) {
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
        let (_, read) = Instance::open(None).unwrap();
        let keys = read.registry.keys().map(str::to_owned).collect::<Vec<_>>();
        assert!(keys.len() >= 15, "{keys:?}");
        for (folder, files) in built_in() {
            let loaded = load(&files);
            assert!(loaded.diagnostics.is_empty(), "{}", render(&loaded.diagnostics, &files));
            let connector = loaded.connector.unwrap();
            assert_eq!(connector.key, folder);
            let header = lazy(folder.clone()).unwrap().header().clone();
            assert_eq!((header.key, header.release_stage), (connector.key.clone(), connector.release_stage));
            assert_eq!(read.registry.get(&folder).map(|found| &found.key), Some(&folder));
        }
        assert_eq!(read.registry.collisions(), []);
    }

    #[test]
    fn a_bad_connector_stays_as_it_was_and_unchanged_ones_are_not_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "acme", "1.0.0");
        put(folder.path(), "beta", "1.0.0");
        let (instance, first) = Instance::open(Some(folder.path().to_owned())).unwrap();
        assert_eq!(version(&first, "acme").as_deref(), Some("1.0.0"), "{}", first.report);
        let bad = folder.path().join("acme/acme.connector.yaml");
        fs::write(&bad, "Patchbay: 1.0.0\n").unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(folder.path().join("new/new.connector.yaml"), "titel: New\n").unwrap();
        let second = instance.read().unwrap();
        assert_eq!((second.refused.len(), second.kept.len()), (2, 1), "{}", second.report);
        assert!(second.report.contains("acme.connector.yaml") && second.report.contains("new.connector.yaml"));
        assert_eq!(version(&second, "acme").as_deref(), Some("1.0.0"));
        assert!(Arc::ptr_eq(first.registry.get("beta").unwrap(), second.registry.get("beta").unwrap()));
        // The files that are given out are those of what is in use.
        let files = instance.files("acme").unwrap();
        assert_eq!(files[0].name, "acme.connector.yaml");
        assert!(files[0].text.contains("version: 1.0.0"));
        put(folder.path(), "acme", "1.1.0");
        assert_eq!(version(&instance.read().unwrap(), "acme").as_deref(), Some("1.1.0"));
    }

    #[test]
    fn a_built_in_connector_comes_back_when_its_override_goes() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "spotdraft", "9.9.9");
        let (instance, read) = Instance::open(Some(folder.path().to_owned())).unwrap();
        assert_eq!(version(&read, "spotdraft").as_deref(), Some("9.9.9"), "{}", read.report);
        assert_eq!(instance.files("spotdraft").unwrap().len(), 1);
        fs::remove_dir_all(folder.path().join("spotdraft")).unwrap();
        assert_ne!(version(&instance.read().unwrap(), "spotdraft").as_deref(), Some("9.9.9"));
        assert!(instance.files("spotdraft").unwrap().len() > 1);
        assert!(instance.files("nothing").is_none());
        fs::remove_dir_all(folder.path()).unwrap();
        assert!(instance.read().unwrap_err().contains("cannot be read"));
    }
}

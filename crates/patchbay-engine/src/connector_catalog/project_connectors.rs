//! The connectors that one project pushed.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_connector::{Connector, Registry, VersionPin};
use patchbay_model::ConnectorVersion;
use tokio::sync::OnceCell;

use super::PushedVersion;

/// The pushed versions of a project, by key; no list is empty.
#[derive(Default)]
pub(crate) struct ProjectConnectors {
    /// The versions, oldest first.
    connectors: BTreeMap<String, Vec<Arc<PushedVersion>>>,
    /// All connectors of the project, one for each key, cached after the first request for them.
    pub(crate) view: OnceCell<Arc<Registry>>,
}

impl ProjectConnectors {
    /// Creates the set from these versions without compiling them.
    pub(crate) fn uncompiled(versions: impl IntoIterator<Item = ConnectorVersion>) -> Self {
        let mut project_connectors = Self::default();
        for version in versions {
            if let Some(pushed) = PushedVersion::uncompiled(version) {
                project_connectors.put(Arc::new(pushed));
            }
        }
        project_connectors
    }

    /// Returns whether these versions are in the set, and no others.
    pub(crate) fn has_exactly(&self, versions: &[ConnectorVersion]) -> bool {
        let held = self.connectors.values().map(Vec::len).sum::<usize>();
        held == versions.len() && versions.iter().all(|version| self.held(version).is_some())
    }

    /// Returns the set of these versions. Those that are in this set stay compiled.
    pub(crate) fn with_stored(&self, versions: Vec<ConnectorVersion>) -> Self {
        let mut project_connectors = Self::default();
        for version in versions {
            let pushed = self.held(&version).cloned().or_else(|| PushedVersion::uncompiled(version).map(Arc::new));
            if let Some(pushed) = pushed {
                project_connectors.put(pushed);
            }
        }
        project_connectors
    }

    /// Returns the version of the set that is equal to this one.
    fn held(&self, version: &ConnectorVersion) -> Option<&Arc<PushedVersion>> {
        self.connectors.get(&version.key)?.iter().find(|pushed| pushed.info == *version)
    }

    /// Returns a copy without the cached list of all connectors.
    pub(crate) fn without_view(&self) -> Self {
        Self { connectors: self.connectors.clone(), view: OnceCell::new() }
    }

    /// Returns a copy with a compiled version added. Older compiled versions of the connector are evicted; a profile that is
    /// pinned to one of them causes it to be compiled again.
    pub(crate) fn with(&self, version: ConnectorVersion, connector: Arc<Connector>) -> Self {
        let mut project_connectors = self.without_view();
        if let Some(older) = project_connectors.connectors.get_mut(&version.key) {
            *older = older
                .iter()
                .filter_map(|pushed| PushedVersion::uncompiled(pushed.info.clone()))
                .map(Arc::new)
                .collect();
        }
        if let Some(pushed) = PushedVersion::compiled(version, connector) {
            project_connectors.put(Arc::new(pushed));
        }
        project_connectors
    }

    /// Returns a copy without a version.
    pub(crate) fn without(&self, key: &str, version: &str) -> Self {
        let mut project_connectors = self.without_view();
        if let Some(versions) = project_connectors.connectors.get_mut(key) {
            versions.retain(|pushed| pushed.info.version != version);
            if versions.is_empty() {
                project_connectors.connectors.remove(key);
            }
        }
        project_connectors
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.connectors.is_empty()
    }

    /// Returns the versions of a connector, oldest first.
    pub(crate) fn versions(&self, key: &str) -> Option<&[Arc<PushedVersion>]> {
        self.connectors.get(key).map(Vec::as_slice)
    }

    /// Returns the latest version of each key.
    pub(crate) fn latest(&self) -> impl Iterator<Item = (&str, &Arc<PushedVersion>)> {
        self.connectors.iter().filter_map(|(key, versions)| {
            VersionPin::Latest.best(versions, |pushed| &pushed.version).map(|pushed| (key.as_str(), pushed))
        })
    }

    fn put(&mut self, pushed: Arc<PushedVersion>) {
        let versions = self.connectors.entry(pushed.info.key.clone()).or_default();
        let place = versions.partition_point(|other| other.version < pushed.version);
        versions.insert(place, pushed);
    }
}

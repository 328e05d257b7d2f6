//! What one project pushed.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_connector::{Connector, Registry, VersionPin};
use patchbay_model::ConnectorVersion;
use tokio::sync::OnceCell;

use super::PushedVersion;

/// A project's pushed versions, by key; none of the lists is empty.
#[derive(Default)]
pub(crate) struct ProjectConnectors {
    /// From the oldest version to the newest.
    connectors: BTreeMap<String, Vec<Arc<PushedVersion>>>,
    /// All connectors of the project, one for each key, once someone has asked for them.
    pub(crate) view: OnceCell<Arc<Registry>>,
}

impl ProjectConnectors {
    /// With these versions, none of them compiled.
    pub(crate) fn uncompiled(versions: impl IntoIterator<Item = ConnectorVersion>) -> Self {
        let mut project_connectors = Self::default();
        for version in versions {
            if let Some(pushed) = PushedVersion::uncompiled(version) {
                project_connectors.put(pushed);
            }
        }
        project_connectors
    }

    /// The same versions, before anyone has asked for all connectors.
    pub(crate) fn without_view(&self) -> Self {
        Self { connectors: self.connectors.clone(), view: OnceCell::new() }
    }

    /// With one more version, compiled. What is compiled of the connector's older ones is let go: a profile that is
    /// pinned to one of them has it compiled once more.
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
            project_connectors.put(pushed);
        }
        project_connectors
    }

    /// Without a version.
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

    /// A connector's versions, oldest first.
    pub(crate) fn versions(&self, key: &str) -> Option<&[Arc<PushedVersion>]> {
        self.connectors.get(key).map(Vec::as_slice)
    }

    /// Each key's latest version.
    pub(crate) fn latest(&self) -> impl Iterator<Item = (&str, &Arc<PushedVersion>)> {
        self.connectors.iter().filter_map(|(key, versions)| {
            VersionPin::Latest.best(versions, |pushed| &pushed.version).map(|pushed| (key.as_str(), pushed))
        })
    }

    fn put(&mut self, pushed: PushedVersion) {
        let versions = self.connectors.entry(pushed.info.key.clone()).or_default();
        let place = versions.partition_point(|other| other.version < pushed.version);
        versions.insert(place, Arc::new(pushed));
    }
}

//! The connectors that projects can use: those of the instance, and those that a project pushed.
//!
//! All of it is in memory, in one snapshot that is swapped whole: a warm call finds its connector without a
//! database and without compiling. What a project pushed is compiled when it is first needed; a push compiles what
//! it brings. A pushed connector stands before an instance's one of the same key, in its project alone.

mod project_connectors;
mod pushed_version;
mod source;
mod warming;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use arc_swap::ArcSwap;
use patchbay_connector::{Connector, Registry, VersionPin};
use patchbay_model::{ConnectorVersion, ProjectId};
use patchbay_storage::Storage;
use tokio::sync::{RwLock, Semaphore};

use crate::Error;

pub(crate) use project_connectors::ProjectConnectors;
pub(crate) use pushed_version::{PushedVersion, check};
pub use source::{ConnectorSource, SourceRead};
pub(crate) use warming::start_warming;

/// How many connectors are compiled at one time: they share the processors with the calls.
const MAX_CONCURRENT_COMPILATIONS: usize = 2;

/// Who a connector belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is there for every project: built in, or of the operator's directory.
    Instance,
    /// The project pushed it.
    Project,
}

/// A connector that a project can use.
#[derive(Clone, Debug)]
pub struct InstalledConnector {
    /// The connector.
    pub connector: Arc<Connector>,
    /// Who it belongs to.
    pub origin: Origin,
}

/// What is in use now, with the locks that changes of it need.
pub(crate) struct ConnectorCatalog {
    state: ArcSwap<CatalogSnapshot>,
    /// Held for writing while the set changes, and for reading while something is stored that relies on it.
    pub(crate) change_lock: RwLock<()>,
    pub(crate) compiling: Semaphore,
}

/// One moment's set.
pub(crate) struct CatalogSnapshot {
    instance: Arc<Registry>,
    /// Projects that pushed nothing have no entry.
    projects: HashMap<ProjectId, Arc<ProjectConnectors>>,
}

/// What stands behind a key and a pin.
pub(crate) enum Resolution {
    /// One of the instance's.
    Instance(Arc<Connector>),
    /// One that the project pushed.
    Pushed(Arc<PushedVersion>),
}

impl Resolution {
    /// Whose it is.
    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::Instance(_) => Origin::Instance,
            Self::Pushed(_) => Origin::Project,
        }
    }

    /// Its version.
    pub(crate) fn version(&self) -> String {
        match self {
            Self::Instance(connector) => connector.version.to_string(),
            Self::Pushed(pushed) => pushed.info.version.clone(),
        }
    }
}

impl ConnectorCatalog {
    /// The instance's connectors, and what the projects pushed; of the latter nothing is compiled yet.
    pub(crate) async fn open(storage: &dyn Storage, instance: Registry) -> Result<Self, Error> {
        let mut by_project: HashMap<ProjectId, Vec<ConnectorVersion>> = HashMap::new();
        for version in storage.connectors().list_all().await? {
            by_project.entry(version.project_id.clone()).or_default().push(version);
        }
        let projects = by_project
            .into_iter()
            .map(|(project, versions)| (project, Arc::new(ProjectConnectors::uncompiled(versions))));
        let state = CatalogSnapshot { instance: Arc::new(instance), projects: projects.collect() };
        Ok(Self {
            state: ArcSwap::from_pointee(state),
            change_lock: RwLock::default(),
            compiling: Semaphore::new(MAX_CONCURRENT_COMPILATIONS),
        })
    }

    /// The set of now.
    pub(crate) fn state(&self) -> Arc<CatalogSnapshot> {
        self.state.load_full()
    }

    /// What stands behind a key and a pin now; nothing is compiled for it.
    pub(crate) fn resolve(&self, project: &ProjectId, key: &str, pin: Option<&str>) -> Option<Resolution> {
        self.state.load().resolve(project, key, pin)
    }

    /// Puts the instance's connectors in the place of those of before. The turn must be held.
    pub(crate) fn replace_instance(&self, instance: Registry) {
        let old = self.state();
        // What projects see beside their own has changed with it.
        let projects = old
            .projects
            .iter()
            .map(|(project, project_connectors)| (project.clone(), Arc::new(project_connectors.without_view())));
        self.state.store(Arc::new(CatalogSnapshot { instance: Arc::new(instance), projects: projects.collect() }));
    }

    /// Puts a project's set in the place of that of before. The turn must be held.
    pub(crate) fn replace_project(&self, project: &ProjectId, project_connectors: ProjectConnectors) {
        self.state.store(Arc::new(self.state().with_project(project, project_connectors)));
    }
}

impl CatalogSnapshot {
    /// The connectors of the instance.
    pub(crate) fn instance(&self) -> &Arc<Registry> {
        &self.instance
    }

    /// What a project pushed.
    pub(crate) fn project_connectors(&self, project: &ProjectId) -> Option<&Arc<ProjectConnectors>> {
        self.projects.get(project)
    }

    /// The projects that pushed something.
    pub(crate) fn projects(&self) -> impl Iterator<Item = (&ProjectId, &Arc<ProjectConnectors>)> {
        self.projects.iter()
    }

    /// The same with another set of a project.
    pub(crate) fn with_project(&self, project: &ProjectId, project_connectors: ProjectConnectors) -> Self {
        let mut projects = self.projects.clone();
        if project_connectors.is_empty() {
            projects.remove(project);
        } else {
            projects.insert(project.clone(), Arc::new(project_connectors));
        }
        Self { instance: self.instance.clone(), projects }
    }

    /// What stands behind a key and a pin; without a pin it is the latest. The project's own come first, also where
    /// the instance has a newer version; the instance's runs where the pin names what only it has.
    pub(crate) fn resolve(&self, project: &ProjectId, key: &str, pin: Option<&str>) -> Option<Resolution> {
        let project_connectors = (!self.projects.is_empty()).then(|| self.projects.get(project)).flatten();
        let own = project_connectors.and_then(|project_connectors| project_connectors.versions(key));
        let instance = self.instance.get(key);
        if own.is_none() && pin.is_none() {
            return instance.cloned().map(Resolution::Instance);
        }
        let pin: VersionPin = pin.unwrap_or("latest").parse().ok()?;
        let newest = own.and_then(|own| pin.best(own, |pushed| &pushed.version));
        newest
            .cloned()
            .map(Resolution::Pushed)
            .or_else(|| pin.best(instance, |connector| &connector.version).cloned().map(Resolution::Instance))
    }

    /// The versions behind a key, newest first: the project's, then the instance's.
    pub(crate) fn versions(&self, project: &ProjectId, key: &str) -> Vec<Resolution> {
        let own = self
            .projects
            .get(project)
            .and_then(|project_connectors| project_connectors.versions(key))
            .into_iter()
            .flatten();
        let own = own.rev().cloned().map(Resolution::Pushed);
        own.chain(self.instance.get(key).cloned().map(Resolution::Instance)).collect()
    }

    /// Every key with its latest version.
    pub(crate) fn latest(&self, project: &ProjectId) -> BTreeMap<String, Resolution> {
        let instance =
            self.instance.iter().map(|connector| (connector.key.clone(), Resolution::Instance(connector.clone())));
        let mut all = instance.collect::<BTreeMap<_, _>>();
        if let Some(project_connectors) = self.projects.get(project) {
            all.extend(
                project_connectors.latest().map(|(key, pushed)| (key.to_owned(), Resolution::Pushed(pushed.clone()))),
            );
        }
        all
    }
}

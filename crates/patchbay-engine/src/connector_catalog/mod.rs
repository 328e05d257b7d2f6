//! The connectors that projects can use: those of the instance and those that a project pushed.
//!
//! They are in memory, in one snapshot that is replaced as a whole: a warm call finds its connector without the database
//! and without compilation. A pushed connector is compiled at its push or when it is first needed. In its project, it
//! replaces a connector of the instance with the same key.

mod lookup;
mod per_registry;
mod project_connectors;
mod pushed_version;
mod source;
mod warming;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use patchbay_connector::{Connector, Loaded, Registry, SourceFile, VersionPin, load};
use patchbay_model::{ConnectorVersion, ProjectId};
use patchbay_storage::Storage;
use patchbay_vault::Vault;
use tokio::sync::{RwLock, Semaphore};

use crate::{Error, ErrorCode};

pub use per_registry::PerRegistry;
pub(crate) use project_connectors::ProjectConnectors;
pub(crate) use pushed_version::PushedVersion;
pub use source::{ConnectorSource, SourceRead};
pub(crate) use warming::start_warming;

/// The maximum number of concurrent compilations, which share the processors with the calls.
const MAX_CONCURRENT_COMPILATIONS: usize = 2;

/// The owner of a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The instance: the connector is built in or in the operator's directory, for every project.
    Instance,
    /// The project that pushed it.
    Project,
}

/// A connector that a project can use.
#[derive(Clone, Debug)]
pub struct InstalledConnector {
    /// The connector.
    pub connector: Arc<Connector>,
    /// The owner.
    pub origin: Origin,
}

/// The connectors in use and the lock for changes of them.
pub struct ConnectorCatalog {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    state: ArcSwap<CatalogSnapshot>,
    /// How often the connectors have changed since the start.
    generation: AtomicU64,
    /// Locked for writing while the set changes, and for reading while something is stored that depends on it.
    pub(crate) change_lock: Arc<RwLock<()>>,
    compiling: Semaphore,
}

/// A snapshot of all connectors.
pub(crate) struct CatalogSnapshot {
    instance: Arc<Registry>,
    /// Projects without pushed connectors have no entry.
    projects: HashMap<ProjectId, Arc<ProjectConnectors>>,
}

/// The connector that a key and a pin select.
pub(crate) enum Resolution {
    /// A connector of the instance.
    Instance(Arc<Connector>),
    /// A connector that the project pushed.
    Pushed(Arc<PushedVersion>),
}

impl Resolution {
    /// Its owner.
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
    /// Creates the catalog from the instance's connectors and the list of pushed versions, without compiling the latter.
    pub(crate) async fn open(storage: Arc<dyn Storage>, vault: Arc<Vault>, instance: Registry) -> Result<Self, Error> {
        let mut by_project: HashMap<ProjectId, Vec<ConnectorVersion>> = HashMap::new();
        for version in storage.connectors().list_all().await? {
            by_project.entry(version.project_id.clone()).or_default().push(version);
        }
        let projects = by_project
            .into_iter()
            .map(|(project, versions)| (project, Arc::new(ProjectConnectors::uncompiled(versions))));
        let state = CatalogSnapshot { instance: Arc::new(instance), projects: projects.collect() };
        Ok(Self {
            storage,
            vault,
            state: ArcSwap::from_pointee(state),
            generation: AtomicU64::new(0),
            change_lock: Arc::default(),
            compiling: Semaphore::new(MAX_CONCURRENT_COMPILATIONS),
        })
    }

    /// Reads and compiles a connector outside the threads that serve requests.
    pub(crate) async fn compile(&self, files: Vec<SourceFile>) -> Result<Loaded, Error> {
        let stopped = || Error::new(ErrorCode::Internal, "the validation of the connector was interrupted");
        let _permit = self.compiling.acquire().await.map_err(|_| stopped())?;
        tokio::task::spawn_blocking(move || load(&files)).await.map_err(|_| stopped())
    }

    /// Returns the current snapshot.
    pub(crate) fn state(&self) -> Arc<CatalogSnapshot> {
        self.state.load_full()
    }

    /// Resolves a key and a pin without compiling anything.
    pub(crate) fn resolve(&self, project: &ProjectId, key: &str, pin: Option<&str>) -> Option<Resolution> {
        self.state.load().resolve(project, key, pin)
    }

    /// Replaces the instance's connectors. The caller holds `change_lock` for writing.
    pub(crate) fn replace_instance(&self, instance: Registry) {
        let old = self.state();
        // The connectors that projects see in addition to their own have changed.
        let projects = old
            .projects
            .iter()
            .map(|(project, project_connectors)| (project.clone(), Arc::new(project_connectors.without_view())));
        self.store(CatalogSnapshot { instance: Arc::new(instance), projects: projects.collect() });
    }

    /// Replaces a project's connectors. The caller holds `change_lock` for writing.
    pub(crate) fn replace_project(&self, project: &ProjectId, project_connectors: ProjectConnectors) {
        self.store(self.state().with_project(project, project_connectors));
    }

    /// Reads the list of a project's versions again, which another server may have changed. Versions that are still there stay
    /// compiled.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(crate) async fn refresh(&self, project: &ProjectId) -> Result<(), Error> {
        let _catalog_lock = self.change_lock.write().await;
        self.refresh_locked(project).await
    }

    /// Returns whether other servers push and delete versions too.
    pub(crate) fn is_shared(&self) -> bool {
        self.storage.replicas().is_some()
    }

    /// Reads a project's versions again before a change of them, if other servers may have changed them. The caller holds
    /// `change_lock` for writing.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(crate) async fn refresh_before_change(&self, project: &ProjectId) -> Result<(), Error> {
        if self.is_shared() { self.refresh_locked(project).await } else { Ok(()) }
    }

    /// Does what [`ConnectorCatalog::refresh`] does. The caller holds `change_lock` for writing.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(crate) async fn refresh_locked(&self, project: &ProjectId) -> Result<(), Error> {
        let stored = self.storage.connectors().list(project).await?;
        self.put_stored(project, stored);
        Ok(())
    }

    /// Reads the list of every project's versions again.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(crate) async fn refresh_all(&self) -> Result<(), Error> {
        let _catalog_lock = self.change_lock.write().await;
        let mut by_project: HashMap<ProjectId, Vec<ConnectorVersion>> = HashMap::new();
        for version in self.storage.connectors().list_all().await? {
            by_project.entry(version.project_id.clone()).or_default().push(version);
        }
        for project in self.state().projects.keys() {
            by_project.entry(project.clone()).or_default();
        }
        for (project, stored) in by_project {
            self.put_stored(&project, stored);
        }
        Ok(())
    }

    fn put_stored(&self, project: &ProjectId, stored: Vec<ConnectorVersion>) {
        let state = self.state();
        let empty = Arc::default();
        let known = state.project_connectors(project).unwrap_or(&empty);
        if !known.has_exactly(&stored) {
            self.replace_project(project, known.with_stored(stored));
        }
    }

    fn store(&self, snapshot: CatalogSnapshot) {
        self.state.store(Arc::new(snapshot));
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Returns a number that is another one after every change of the connectors, for as long as the process runs. It is read
    /// before the connectors: a change in between then counts as one that is not yet known.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

impl CatalogSnapshot {
    /// Returns the connectors of the instance.
    pub(crate) fn instance(&self) -> &Arc<Registry> {
        &self.instance
    }

    /// Returns the connectors that a project pushed.
    pub(crate) fn project_connectors(&self, project: &ProjectId) -> Option<&Arc<ProjectConnectors>> {
        self.projects.get(project)
    }

    /// Returns the projects with pushed connectors.
    pub(crate) fn projects(&self) -> impl Iterator<Item = (&ProjectId, &Arc<ProjectConnectors>)> {
        self.projects.iter()
    }

    /// Returns a snapshot with a project's connectors replaced.
    pub(crate) fn with_project(&self, project: &ProjectId, project_connectors: ProjectConnectors) -> Self {
        let mut projects = self.projects.clone();
        if project_connectors.is_empty() {
            projects.remove(project);
        } else {
            projects.insert(project.clone(), Arc::new(project_connectors));
        }
        Self { instance: self.instance.clone(), projects }
    }

    /// Resolves a key and a pin; without a pin, the latest version. Versions of the project come first, even if the instance
    /// has a newer one; the instance's version is used if only it matches the pin.
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

    /// Lists the versions of a key: those of the project, newest first, then that of the instance.
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

    /// Lists every key with its latest version.
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

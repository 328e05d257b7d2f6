//! The connectors that projects can use: those of the instance, and those that a project pushed.
//!
//! All of it is in memory, in one snapshot that is swapped whole: a warm call finds its connector without a
//! database and without compiling. What a project pushed is compiled when it is first needed; a push compiles what
//! it brings. A pushed connector stands before an instance's one of the same key, in its project alone.

mod pushed;
mod shelf;
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

pub(crate) use pushed::{Pushed, check};
pub(crate) use shelf::Shelf;
pub use source::{ConnectorSource, SourceRead};
pub(crate) use warming::start_warming;

/// How many connectors are compiled at one time: they share the processors with the calls.
const COMPILING: usize = 2;

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
pub(crate) struct Library {
    state: ArcSwap<State>,
    /// Held for writing while the set changes, and for reading while something is stored that relies on it.
    pub(crate) turn: RwLock<()>,
    pub(crate) compiling: Semaphore,
}

/// One moment's set.
pub(crate) struct State {
    instance: Arc<Registry>,
    /// Projects that pushed nothing have no entry.
    shelves: HashMap<ProjectId, Arc<Shelf>>,
}

/// What stands behind a key and a pin.
pub(crate) enum Choice {
    /// One of the instance's.
    Instance(Arc<Connector>),
    /// One that the project pushed.
    Pushed(Arc<Pushed>),
}

impl Choice {
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

impl Library {
    /// The instance's connectors, and what the projects pushed; of the latter nothing is compiled yet.
    pub(crate) async fn open(storage: &dyn Storage, instance: Registry) -> Result<Self, Error> {
        let mut by_project: HashMap<ProjectId, Vec<ConnectorVersion>> = HashMap::new();
        for version in storage.connectors().list_all().await? {
            by_project.entry(version.project_id.clone()).or_default().push(version);
        }
        let shelves = by_project.into_iter().map(|(project, versions)| (project, Arc::new(Shelf::of(versions))));
        let state = State { instance: Arc::new(instance), shelves: shelves.collect() };
        Ok(Self { state: ArcSwap::from_pointee(state), turn: RwLock::default(), compiling: Semaphore::new(COMPILING) })
    }

    /// The set of now.
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// What stands behind a key and a pin now; nothing is compiled for it.
    pub(crate) fn choose(&self, project: &ProjectId, key: &str, pin: Option<&str>) -> Option<Choice> {
        self.state.load().choose(project, key, pin)
    }

    /// Puts the instance's connectors in the place of those of before. The turn must be held.
    pub(crate) fn replace_instance(&self, instance: Registry) {
        let old = self.state();
        // What projects see beside their own has changed with it.
        let shelves = old.shelves.iter().map(|(project, shelf)| (project.clone(), Arc::new(shelf.again())));
        self.state.store(Arc::new(State { instance: Arc::new(instance), shelves: shelves.collect() }));
    }

    /// Puts a project's set in the place of that of before. The turn must be held.
    pub(crate) fn replace_shelf(&self, project: &ProjectId, shelf: Shelf) {
        self.state.store(Arc::new(self.state().with_shelf(project, shelf)));
    }
}

impl State {
    /// The connectors of the instance.
    pub(crate) fn instance(&self) -> &Arc<Registry> {
        &self.instance
    }

    /// What a project pushed.
    pub(crate) fn shelf(&self, project: &ProjectId) -> Option<&Arc<Shelf>> {
        self.shelves.get(project)
    }

    /// The projects that pushed something.
    pub(crate) fn shelves(&self) -> impl Iterator<Item = (&ProjectId, &Arc<Shelf>)> {
        self.shelves.iter()
    }

    /// The same with another set of a project.
    pub(crate) fn with_shelf(&self, project: &ProjectId, shelf: Shelf) -> Self {
        let mut shelves = self.shelves.clone();
        if shelf.is_empty() {
            shelves.remove(project);
        } else {
            shelves.insert(project.clone(), Arc::new(shelf));
        }
        Self { instance: self.instance.clone(), shelves }
    }

    /// What stands behind a key and a pin; without a pin it is the latest. The project's own come first, also where
    /// the instance has a newer version; the instance's runs where the pin names what only it has.
    pub(crate) fn choose(&self, project: &ProjectId, key: &str, pin: Option<&str>) -> Option<Choice> {
        let shelf = (!self.shelves.is_empty()).then(|| self.shelves.get(project)).flatten();
        let own = shelf.and_then(|shelf| shelf.versions(key));
        let instance = self.instance.get(key);
        if own.is_none() && pin.is_none() {
            return instance.cloned().map(Choice::Instance);
        }
        let pin: VersionPin = pin.unwrap_or("latest").parse().ok()?;
        let newest = own.and_then(|own| pin.best(own, |pushed| &pushed.version));
        newest
            .cloned()
            .map(Choice::Pushed)
            .or_else(|| pin.best(instance, |connector| &connector.version).cloned().map(Choice::Instance))
    }

    /// The versions behind a key, newest first: the project's, then the instance's.
    pub(crate) fn versions(&self, project: &ProjectId, key: &str) -> Vec<Choice> {
        let own = self.shelves.get(project).and_then(|shelf| shelf.versions(key)).into_iter().flatten();
        let own = own.rev().cloned().map(Choice::Pushed);
        own.chain(self.instance.get(key).cloned().map(Choice::Instance)).collect()
    }

    /// Every key with its latest version.
    pub(crate) fn latest(&self, project: &ProjectId) -> BTreeMap<String, Choice> {
        let instance =
            self.instance.iter().map(|connector| (connector.key.clone(), Choice::Instance(connector.clone())));
        let mut all = instance.collect::<BTreeMap<_, _>>();
        if let Some(shelf) = self.shelves.get(project) {
            all.extend(shelf.latest().map(|(key, pushed)| (key.to_owned(), Choice::Pushed(pushed.clone()))));
        }
        all
    }
}

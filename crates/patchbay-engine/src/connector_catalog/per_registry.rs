//! What is made of the connectors of the instance, and of those of projects that have connectors of their own.

use std::sync::{Arc, Mutex, PoisonError};

use patchbay_connector::Registry;
use tokio::task::spawn_blocking;

use super::ConnectorCatalog;

/// How many values are kept beside that of the instance: those of the projects that used theirs last.
const MAX_OF_PROJECTS: usize = 4;

/// Values that take long to make, one for each set of connectors that is in use. A value is made when it is first used, and
/// again when its connectors have changed: a change replaces the registry.
pub struct PerRegistry<T> {
    /// The value that was used last is the first one.
    recent: Mutex<Vec<Kept<T>>>,
    /// Held while a value is made, so that requests at the same time make one.
    making: tokio::sync::Mutex<()>,
}

struct Kept<T> {
    registry: Arc<Registry>,
    is_of_instance: bool,
    value: Arc<T>,
}

impl<T> Default for PerRegistry<T> {
    fn default() -> Self {
        Self { recent: Mutex::default(), making: tokio::sync::Mutex::default() }
    }
}

impl<T: Send + Sync + 'static> PerRegistry<T> {
    /// Returns the value of a registry of the catalog. `make` makes it if it is not kept, or in any case with `force`, away from
    /// the threads that answer; it gets the registry, and whether that is the one of the instance. Returns none if it panics.
    pub async fn get_or_make(
        &self,
        catalog: &ConnectorCatalog,
        registry: Arc<Registry>,
        force: bool,
        make: impl FnOnce(&Arc<Registry>, bool) -> T + Send + 'static,
    ) -> Option<Arc<T>> {
        if let Some(known) = self.known(&registry).filter(|_| !force) {
            return Some(known);
        }
        let _making = self.making.lock().await;
        if let Some(known) = self.known(&registry).filter(|_| !force) {
            return Some(known);
        }
        let is_of_instance = Arc::ptr_eq(&registry, &catalog.instance());
        let made = spawn_blocking(move || {
            let value = Arc::new(make(&registry, is_of_instance));
            Kept { registry, is_of_instance, value }
        });
        made.await.ok().map(|made| self.keep(made))
    }

    fn known(&self, registry: &Arc<Registry>) -> Option<Arc<T>> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let at = recent.iter().position(|kept| Arc::ptr_eq(&kept.registry, registry))?;
        recent[..=at].rotate_right(1);
        recent.first().map(|kept| kept.value.clone())
    }

    /// Keeps a new value. That of the instance replaces the one before, that of a project the one that was not used for the
    /// longest time.
    fn keep(&self, made: Kept<T>) -> Arc<T> {
        let value = made.value.clone();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|kept| {
            !Arc::ptr_eq(&kept.registry, &made.registry) && !(made.is_of_instance && kept.is_of_instance)
        });
        recent.insert(0, made);
        let mut of_projects = 0;
        recent.retain(|kept| {
            of_projects += usize::from(!kept.is_of_instance);
            kept.is_of_instance || of_projects <= MAX_OF_PROJECTS
        });
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_never_displace_what_everyone_reads() {
        let values = PerRegistry::<()>::default();
        let keep = |is_of_instance| {
            let registry = Arc::new(Registry::default());
            values.keep(Kept { registry: registry.clone(), is_of_instance, value: Arc::default() });
            registry
        };
        let public = keep(true);
        let projects = (0..=MAX_OF_PROJECTS).map(|_| keep(false)).collect::<Vec<_>>();
        assert!(values.known(&public).is_some());
        assert!(values.known(&projects[0]).is_none(), "the oldest one goes");
        assert!(projects[1..].iter().all(|registry| values.known(registry).is_some()));
        let newer = keep(true);
        assert!(values.known(&public).is_none() && values.known(&newer).is_some());
    }
}

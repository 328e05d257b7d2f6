//! One link at a time for an owner and connector, so that two at once never make two accounts.

use std::hash::{DefaultHasher, Hash, Hasher};

use patchbay_model::{Owner, ProjectId};
use tokio::sync::{Mutex, MutexGuard};

/// A fixed number of locks: two owners may share one, which costs a wait and nothing else.
pub(crate) struct OwnerLocks([Mutex<()>; 64]);

impl Default for OwnerLocks {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl OwnerLocks {
    /// Waits until no one else links for this owner.
    pub(crate) async fn lock(&self, project: &ProjectId, owner: &Owner, connector: &str) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        (project, &owner.id, &owner.name, connector).hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % 64).unwrap_or(0);
        self.0[place].lock().await
    }
}

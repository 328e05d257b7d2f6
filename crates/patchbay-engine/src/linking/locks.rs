//! One link at a time for an owner and connector, so that two at once never make two accounts.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::{Owner, ProjectId};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Project, what it is a turn for, and the two names of whose it is.
type Key = (ProjectId, String, String, String);

/// A lock for each thing that someone holds or waits for, and none beyond: it is held while a provider is asked, so that
/// no stranger may have to wait for it.
#[derive(Default)]
pub(crate) struct OwnerLocks(Mutex<HashMap<Key, Arc<Turn<()>>>>);

impl OwnerLocks {
    /// Waits until no one else links for this owner.
    pub(crate) async fn lock(&self, project: &ProjectId, owner: &Owner, connector: &str) -> OwnedMutexGuard<()> {
        let key = (project.clone(), connector.to_owned(), owner.id.clone(), owner.name.clone());
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(key).or_default().clone()
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;
    use patchbay_model::{Owner, ProjectId};

    use super::OwnerLocks;

    #[tokio::test]
    async fn only_who_wants_the_same_waits_and_nothing_is_left() {
        let locks = OwnerLocks::default();
        let project = ProjectId::new("p");
        let owner = |id: usize| Owner { id: id.to_string(), name: "name".to_owned(), username: None };
        let mut held = Vec::new();
        for id in 0..100 {
            held.push(locks.lock(&project, &owner(id), "demo").now_or_never().expect("nobody else wants it"));
        }
        let same = owner(7);
        let mut waiting = pin!(locks.lock(&project, &same, "demo"));
        assert!(waiting.as_mut().now_or_never().is_none());
        held.clear();
        assert!(waiting.now_or_never().is_some());
        let _last = locks.lock(&project, &owner(1), "demo").await;
        assert_eq!(locks.0.lock().unwrap().len(), 1);
    }
}

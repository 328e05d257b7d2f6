//! Locks by key, for changes that read a record, wait for a provider, and write the record.
//!
//! # Lock order
//! A task that holds several locks acquires them in this order:
//! 1. one key of the engine's [`KeyedLocks`] (a task never holds two),
//! 2. an account's line, a key of the [`KeyedLocks`] of `accounts/store.rs`,
//! 3. the connector catalog's `change_lock`.
//!
//! Locks of a single map or counter (`std::sync::Mutex`) come last, and are never held across an `await`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use patchbay_model::{AccountId, ApiKeyId, Owner, ProfileId, ProjectId};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// The record that a lock protects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LockKey {
    /// The accounts of an owner (its id and name) with one connector: two concurrent links must not create two accounts.
    OwnerConnector {
        /// The owner's project.
        project: ProjectId,
        /// The owner's id.
        owner_id: String,
        /// The owner's name.
        owner_name: String,
        /// The connector's key.
        connector: String,
    },
    /// A connector profile: two concurrent changes must not overwrite each other.
    Profile(ProjectId, ProfileId),
    /// An API key: a change of its name must not enable it again after it was disabled.
    ApiKey(ProjectId, ApiKeyId),
    /// An account: changes that conflicted with another one are applied one after the other.
    Account(AccountId),
}

impl LockKey {
    /// Returns the key for the accounts of an owner with one connector.
    pub(crate) fn owner(project: &ProjectId, owner: &Owner, connector: &str) -> Self {
        Self::OwnerConnector {
            project: project.clone(),
            owner_id: owner.id.clone(),
            owner_name: owner.name.clone(),
            connector: connector.to_owned(),
        }
    }
}

/// The largest number of tasks that wait for one lock in line.
pub(crate) const MAX_LINE: usize = 8;

/// A lock for each key that a task holds or waits for. Unused locks are removed. A lock may be held while a provider is
/// called. Tasks with other keys do not wait for it.
#[derive(Default)]
pub(crate) struct KeyedLocks(Mutex<HashMap<LockKey, Arc<AsyncMutex<()>>>>);

impl KeyedLocks {
    /// Waits for the lock of a key. It is released when the guard is dropped.
    pub(crate) async fn lock(&self, key: LockKey) -> OwnedMutexGuard<()> {
        let lock = self.locks().entry(key).or_default().clone();
        lock.lock_owned().await
    }

    /// Waits for the lock of a key, in a line of at most [`MAX_LINE`] tasks. Returns `None` if the line is full, or if
    /// the lock is not free in `time`.
    pub(crate) async fn lock_in_line(&self, key: LockKey, time: Duration) -> Option<OwnedMutexGuard<()>> {
        let lock = {
            let mut locks = self.locks();
            let lock = locks.entry(key).or_default();
            // The map has it, the task that holds the lock, and each task in the line.
            if Arc::strong_count(lock) >= MAX_LINE + 2 {
                return None;
            }
            lock.clone()
        };
        tokio::time::timeout(time, lock.lock_owned()).await.ok()
    }

    /// Returns the locks that a task holds or waits for.
    fn locks(&self) -> MutexGuard<'_, HashMap<LockKey, Arc<AsyncMutex<()>>>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        locks
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_line_is_bounded_in_length_and_time() {
        let locks = KeyedLocks::default();
        let project = ProjectId::new("p");
        let key = || LockKey::Profile(project.clone(), ProfileId::new("1"));
        let time = Duration::from_secs(30);
        let first = locks.lock_in_line(key(), time).await.unwrap();
        let mut line = (0..MAX_LINE).map(|_| Box::pin(locks.lock_in_line(key(), time))).collect::<Vec<_>>();
        for waiting in &mut line {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        assert!(locks.lock_in_line(key(), time).now_or_never().unwrap().is_none(), "the line is full");
        let other = LockKey::Profile(project.clone(), ProfileId::new("2"));
        assert!(locks.lock_in_line(other, time).now_or_never().unwrap().is_some(), "another key has its own line");
        drop(first);
        let second = line.remove(0).await.unwrap();
        // Nobody waits longer than the deadline.
        for waiting in line {
            assert!(waiting.await.is_none());
        }
        drop(second);
        assert!(locks.lock_in_line(key(), time).now_or_never().unwrap().is_some());
    }

    #[tokio::test]
    async fn only_equal_keys_wait_and_unused_locks_are_removed() {
        let locks = KeyedLocks::default();
        let project = ProjectId::new("p");
        let key = |id: usize| {
            let owner = Owner { id: id.to_string(), name: "name".to_owned(), username: None };
            LockKey::owner(&project, &owner, "demo")
        };
        let mut held = Vec::new();
        for id in 0..100 {
            held.push(locks.lock(key(id)).now_or_never().expect("no task has this key"));
        }
        let profile = LockKey::Profile(project.clone(), ProfileId::new("7"));
        held.push(locks.lock(profile).now_or_never().expect("a profile is another key than an owner"));
        let mut waiting = pin!(locks.lock(key(7)));
        assert!(waiting.as_mut().now_or_never().is_none());
        held.clear();
        assert!(waiting.now_or_never().is_some());
        let _last = locks.lock(key(1)).await;
        assert_eq!(locks.0.lock().unwrap().len(), 1);
    }
}

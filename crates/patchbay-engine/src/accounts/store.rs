//! The only writer of stored accounts, with their cache.
//!
//! A change is applied to the account as it is stored, and written only if no other change was written in between: the
//! storage compares [`Account::revision`]. After a conflict it is applied to the newer account. Each write evicts the
//! account from the cache, and completes even if its caller disconnects. Changes that conflicted wait in a line for each
//! account, so that many concurrent changes of one account all succeed; the first attempt of a change waits for nobody.
//!
//! The events that a change reports to webhooks are stored in its transaction: none is lost, and none is invented.

use std::sync::Arc;

use async_trait::async_trait;
use patchbay_metrics::{CacheName, metrics};
use patchbay_model::{Account, AccountId, Clock, Lease, OutboxEvent, Owner, ProjectId, SessionId};
use patchbay_runtime::Host;
use patchbay_storage::{InsertRule, Storage, StorageError};
use tokio::sync::OwnedRwLockReadGuard;

use crate::{
    EngineParts, Error, ErrorCode,
    changes::Changes,
    keyed_locks::{KeyedLocks, LockKey},
    replicas::{freshness::Freshness, kept::KeptCache},
    validation::shortened,
    webhooks::outbox::{ChangeKind, DeliveryWake, Outbox},
};

/// How many times a change is applied when other changes conflict with it. Only first attempts of newer changes and token
/// refreshes can conflict with one that has waited in the account's line.
pub(crate) const MAX_UPDATE_ATTEMPTS: usize = 16;

/// The stored accounts behind a cache: reads and changes them.
pub(crate) struct CachedAccounts {
    storage: Arc<dyn Storage>,
    cache: KeptCache<AccountId, Account>,
    host: Arc<Host>,
    clock: Arc<dyn Clock>,
    changes: Changes,
    lines: KeyedLocks,
    outbox: Outbox,
}

/// What a change did to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing: the account is not written.
    Nothing,
    /// It changed the account, which gets a new `updated_at`.
    Account,
    /// It changed only records about the account, which keeps its `updated_at`.
    Records,
}

/// A change of an account that may fail, and that may ask a provider.
#[async_trait]
pub(crate) trait AccountChange: Send {
    /// Applies the change to the account as it is stored. Called again after a conflict, with the newer account.
    ///
    /// # Errors
    /// The account is not written then.
    async fn apply(&mut self, account: &mut Account) -> Result<Change, Error>;

    /// Returns the connect session that the change uses up: both are written, or neither.
    fn session(&self) -> Option<SessionId> {
        None
    }

    /// Returns the lock that must be held until the account is written, also if the caller disconnects.
    fn take_lock(&mut self) -> Option<OwnedRwLockReadGuard<()>> {
        None
    }

    /// Returns true if the change waits in the account's line after a conflict. A task that holds the catalog's lock must
    /// not.
    fn waits_in_line(&self) -> bool {
        false
    }

    /// Returns how many times the change is applied at most. One that asks a provider each time has a lower bound.
    fn max_attempts(&self) -> usize {
        MAX_UPDATE_ATTEMPTS
    }
}

#[async_trait]
impl<F: FnMut(&mut Account) -> Change + Send> AccountChange for F {
    async fn apply(&mut self, account: &mut Account) -> Result<Change, Error> {
        Ok(self(account))
    }
}

/// The outcome of a change by the holder of a refresh lease.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    /// The change was written, and the lease is released.
    Written,
    /// The change did nothing to the account. The lease is still held.
    Unchanged,
    /// Another process acquired a newer lease, or the account was deleted.
    LeaseLost,
}

/// A changed account, to be written.
struct Write {
    account: Arc<Account>,
    /// The revision of the account as it was read.
    read_revision: i64,
    lease: Option<Lease>,
    session: Option<SessionId>,
    /// Released after the write.
    lock: Option<OwnedRwLockReadGuard<()>>,
    events: Vec<OutboxEvent>,
}

/// The outcome of the attempts to write a change.
enum Outcome {
    Written(Arc<Account>),
    Unchanged(Arc<Account>),
    /// The storage does not have the account, or the lease is not the newest.
    Refused,
}

impl CachedAccounts {
    /// Creates a store without cached accounts.
    pub(crate) fn new(
        parts: &EngineParts,
        host: Arc<Host>,
        changes: Changes,
        freshness: Arc<Freshness>,
        wake: DeliveryWake,
    ) -> Self {
        let outbox = Outbox::new(parts, wake);
        let (storage, clock) = (parts.storage.clone(), parts.clock.clone());
        Self { storage, cache: KeptCache::new(freshness), host, clock, changes, lines: KeyedLocks::default(), outbox }
    }

    /// Returns an account in any status, from the cache if possible.
    ///
    /// # Errors
    /// 404 `AccountNotFoundError`, also for an account of another project.
    pub(crate) async fn get(&self, project: &ProjectId, id: &AccountId) -> Result<Arc<Account>, Error> {
        metrics().cache_lookups.of(CacheName::Accounts).add_one();
        let read = async || {
            metrics().cache_misses.of(CacheName::Accounts).add_one();
            self.read(project, id).await?.ok_or_else(|| account_not_found(id))
        };
        let account = self.cache.get_or_read(id, read).await?;
        if account.project_id == *project { Ok(account) } else { Err(account_not_found(id)) }
    }

    /// Returns an account as it is stored, without the cache; none if the project does not have it.
    ///
    /// # Errors
    /// The errors of the storage.
    pub(crate) async fn read(&self, project: &ProjectId, id: &AccountId) -> Result<Option<Account>, Error> {
        Ok(self.storage.accounts().get(project, id).await?)
    }

    /// Returns the owner's oldest account with a connector.
    ///
    /// # Errors
    /// The errors of the storage.
    pub(crate) async fn find_by_owner(
        &self,
        project: &ProjectId,
        owner: &Owner,
        connector: &str,
    ) -> Result<Option<Account>, Error> {
        Ok(self.storage.accounts().find_by_owner(project, owner, connector).await?)
    }

    /// Adds an account that was linked through a connect session, and uses the session up. `lock` is released after the write,
    /// also if the caller disconnects.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if the profile does not exist, or if `rule` forbids a second account;
    /// [`StorageError::SessionUsed`] if another link has used the session up, or if it has ended.
    pub(crate) async fn link(
        &self,
        account: &Account,
        rule: InsertRule,
        session: SessionId,
        lock: OwnedRwLockReadGuard<()>,
    ) -> Result<(), StorageError> {
        let (storage, now, account) = (self.storage.clone(), self.clock.now(), account.clone());
        let events = self.outbox.linked(&account);
        let link = async move {
            let _lock = lock;
            storage.accounts().link(&account, rule, session, now, &events).await
        };
        self.changes.run_to_completion(link).await?;
        self.outbox.wake();
        Ok(())
    }

    /// Changes an account and returns it as it is stored then; none if the project does not have it.
    ///
    /// # Errors
    /// 409 `ConflictError` if other changes were written first [`MAX_UPDATE_ATTEMPTS`] times.
    pub(crate) async fn update(
        self: &Arc<Self>,
        project: &ProjectId,
        id: &AccountId,
        mut change: impl FnMut(&mut Account) -> Change + Send,
    ) -> Result<Option<Arc<Account>>, Error> {
        self.update_with(project, id, &mut change).await
    }

    /// Changes an account as [`CachedAccounts::update`], by a change that may fail.
    ///
    /// # Errors
    /// Those of `change`; 409 `ConflictError` if other changes were written first [`AccountChange::max_attempts`] times.
    pub(crate) async fn update_with(
        self: &Arc<Self>,
        project: &ProjectId,
        id: &AccountId,
        change: &mut dyn AccountChange,
    ) -> Result<Option<Arc<Account>>, Error> {
        let Some(read) = self.read(project, id).await? else { return Ok(None) };
        Ok(match self.write(read, None, change).await? {
            Outcome::Written(account) | Outcome::Unchanged(account) => Some(account),
            Outcome::Refused => None,
        })
    }

    /// Changes the account that a lease belongs to, and releases the lease. `read` is the account as the caller read it.
    ///
    /// # Errors
    /// 409 `ConflictError` if other changes were written first [`MAX_UPDATE_ATTEMPTS`] times; the errors of the storage.
    pub(crate) async fn commit(
        self: &Arc<Self>,
        lease: &Lease,
        read: &Account,
        mut change: impl FnMut(&mut Account) -> Change + Send,
    ) -> Result<Commit, Error> {
        Ok(match self.write(read.clone(), Some(lease), &mut change).await? {
            Outcome::Written(_) => Commit::Written,
            Outcome::Unchanged(_) => Commit::Unchanged,
            Outcome::Refused => Commit::LeaseLost,
        })
    }

    /// Deletes an account and returns it as it was; none if the project does not have it.
    ///
    /// # Errors
    /// The errors of the storage.
    pub(crate) async fn delete(&self, project: &ProjectId, id: &AccountId) -> Result<Option<Account>, Error> {
        let Some(read) = self.read(project, id).await? else { return Ok(None) };
        let deleted = self.storage.accounts().delete(project, id, &self.outbox.deleted(&read)).await;
        self.evict(id);
        self.outbox.wake();
        Ok(deleted?)
    }

    /// Evicts an account that another process may have changed, with the responses to its former credentials.
    pub(crate) fn evict(&self, id: &AccountId) {
        self.cache.evict(id);
        self.host.response_cache.invalidate(id);
    }

    /// Evicts all accounts, after their envelopes were replaced in storage.
    pub(crate) fn evict_all(&self) {
        self.cache.clear();
    }

    async fn write(
        self: &Arc<Self>,
        mut read: Account,
        lease: Option<&Lease>,
        change: &mut dyn AccountChange,
    ) -> Result<Outcome, Error> {
        let mut line = None;
        for _ in 0..change.max_attempts() {
            let mut changed = read.clone();
            let kind = match change.apply(&mut changed).await? {
                Change::Nothing => return Ok(Outcome::Unchanged(Arc::new(read))),
                Change::Account => {
                    changed.updated_at = self.clock.now();
                    if lease.is_some() { ChangeKind::Refresh } else { ChangeKind::Update }
                }
                Change::Records => ChangeKind::Records,
            };
            changed.revision = read.revision + 1;
            let events = self.outbox.changed(&read, &changed, kind);
            let changed = Arc::new(changed);
            let written = Write {
                account: changed.clone(),
                read_revision: read.revision,
                lease: lease.cloned(),
                session: change.session(),
                lock: change.take_lock(),
                events,
            };
            match self.compare_and_swap(written).await {
                Ok(true) => return Ok(Outcome::Written(changed)),
                Ok(false) => return Ok(Outcome::Refused),
                Err(StorageError::Conflict(_)) => {
                    if line.is_none() && change.waits_in_line() {
                        line = Some(self.lines.lock(LockKey::Account(read.id.clone())).await);
                    }
                    match self.read(&read.project_id, &read.id).await? {
                        Some(newer) => read = newer,
                        None => return Ok(Outcome::Refused),
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(ErrorCode::Conflict, "other requests change the account at the same time; try again"))
    }

    /// Writes an account if its stored revision is `read_revision`. It completes even if the caller disconnects: a write
    /// without the eviction would leave the old account in use.
    async fn compare_and_swap(self: &Arc<Self>, write: Write) -> Result<bool, StorageError> {
        let (store, now) = (Arc::clone(self), self.clock.now());
        let write = async move {
            let Write { account, read_revision, lease, session, lock: _lock, events } = write;
            let storage = &store.storage;
            let written = match (&lease, session) {
                (Some(lease), _) => storage.refresh_leases().commit(lease, &account, read_revision, &events).await,
                (None, Some(session)) => {
                    storage.accounts().relink(&account, read_revision, session, now, &events).await
                }
                (None, None) => storage.accounts().update(&account, read_revision, &events).await,
            };
            store.evict(&account.id);
            if !events.is_empty() {
                store.outbox.wake();
            }
            written
        };
        self.changes.run_to_completion(write).await
    }
}

/// Returns 404 `AccountNotFoundError`.
pub(crate) fn account_not_found(id: &AccountId) -> Error {
    Error::new(ErrorCode::AccountNotFound, format!("this project has no account `{}`", shortened(id.as_str())))
}

#[cfg(test)]
mod tests;

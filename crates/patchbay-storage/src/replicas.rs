//! The servers that share one database: who they are, which of them leads, and what each changes.
//!
//! All times are those of the database's clock: the clocks of the servers may differ.

use std::{any::Any, sync::Arc, time::Duration};

use async_trait::async_trait;
use patchbay_model::{AccountId, LeaderFence, LiveReplica, Replica, ReplicaId, StoredChange, Word};

use crate::Result;

/// How long a server counts as alive after it announced itself.
pub const REPLICA_LIFE: Duration = Duration::from_secs(20);
/// How long a leadership lasts without a renewal.
pub const LEADERSHIP: Duration = Duration::from_secs(10);

/// A change of counters: see [`ReplicaStore::count`].
pub type CounterRule = Arc<dyn Fn(Duration, &mut [Option<String>]) + Send + Sync>;

/// A wish for a part of a limit that servers share.
#[derive(Clone, Debug)]
pub struct LimitWish {
    /// The name of the limit.
    pub name: String,
    /// The time after which the part is restored.
    pub cost: Duration,
    /// The time after which a limit is restored from which everything was leased.
    pub capacity: Duration,
    /// How long its requests may wait.
    pub max_wait: Duration,
}

/// What comes of a [`LimitWish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitLease {
    /// Whether the part was leased.
    pub is_granted: bool,
    /// The time until it may be used, or could be.
    pub wait: Duration,
    /// The time until the limit is restored.
    pub restored_in: Duration,
}

/// A lock that one server at a time holds. It is released when the value is dropped, or with the connection.
pub type SharedLock = Box<dyn Any + Send + Sync>;

/// Stores the servers, the leader, and the log of changes.
#[async_trait]
pub trait ReplicaStore: Send + Sync {
    /// Records that a server is alive, and what it says of itself.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn announce(&self, replica: &Replica) -> Result<()>;
    /// Lists the servers that announced themselves within [`REPLICA_LIFE`], the one that started first comes first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn live(&self) -> Result<Vec<LiveReplica>>;
    /// Deletes a server that stops, and ends its leadership, so that another one need not wait for its end.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn leave(&self, id: &ReplicaId) -> Result<()>;
    /// Makes a server the leader for [`LEADERSHIP`], or renews its leadership. Returns none if another one is the leader.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn lead(&self, id: &ReplicaId) -> Result<Option<LeaderFence>>;
    /// Deletes the servers that are gone, and the changes that have been visible for an hour: every server has read them.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn forget_old(&self) -> Result<()>;
    /// Changes counters that servers share, one change after the other. The rule gets the time of the database's clock, since
    /// 1970, and the states in the order of `names`; what it leaves is stored. It may run several times.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn count(&self, names: Vec<String>, rule: CounterRule) -> Result<()>;
    /// Leases a part of a limit, by one statement. After a lost connection it may be leased twice, and is then lost for some time.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn lease_limit(&self, wish: &LimitWish) -> Result<LimitLease>;
    /// Tells the other servers that a provider accepts no requests of an account for some time.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn block_account(&self, account: &AccountId, blocked_for: Duration) -> Result<()>;
    /// Returns the accounts whose provider accepts no requests, and for how long: all, or this one.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn blocked_accounts(&self, account: Option<&AccountId>) -> Result<Vec<(AccountId, Duration)>>;
    /// Waits for the lock of a name, which one server at a time holds, until the value is dropped. It takes a connection of its own:
    /// it is for what happens rarely.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn lock(&self, name: &str) -> Result<SharedLock>;
    /// Begins to watch for changes.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn watch(&self) -> Result<Box<dyn ChangeWatch>>;
    /// Records that the connections which exist may be dead: a network that forgets connections tells nobody. None of them is used for
    /// further work.
    fn distrust(&self);
    /// Checks that work finds a connection, and that the database answers on it.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if it does not.
    async fn check(&self) -> Result<()>;
}

/// A connection that hears of changes and reads them. After an error it is of no further use. Changes may then have been missed,
/// also by the next watch: what is kept must be forgotten.
#[async_trait]
pub trait ChangeWatch: Send {
    /// Waits for word from another server, or from this one. A future that is dropped loses no word.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the connection is lost.
    async fn word(&mut self) -> Result<Word>;
    /// Reads the changes that were committed since the look before, each once. The first look finds none: it says from when on
    /// changes are found. A future that is dropped makes the watch useless.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the connection is lost, or if the look before is so old that its server cannot
    /// know what it missed.
    async fn look(&mut self) -> Result<Vec<StoredChange>>;
}

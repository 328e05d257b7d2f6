//! Limits that the servers of a database share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use patchbay_egress::{LeaseAnswer, LeaseWish, SharedLimits};
use patchbay_model::AccountId;
use patchbay_runtime::Host;
use patchbay_storage::{LimitLease, LimitWish, Storage};
use tokio::sync::Notify;

/// The number of servers that count until they are known: with one less, the limits would be exceeded.
const UNKNOWN: u32 = 2;

/// The limits of this server among those of the others.
pub(crate) struct FleetLimits {
    storage: Arc<dyn Storage>,
    servers: AtomicU32,
    /// Wakes the count of the servers.
    changed: Notify,
}

impl FleetLimits {
    pub(crate) fn new(storage: Arc<dyn Storage>) -> Arc<Self> {
        let servers = if storage.replicas().is_some() { UNKNOWN } else { 1 };
        Arc::new(Self { storage, servers: AtomicU32::new(servers), changed: Notify::new() })
    }

    /// Records how many servers use the database.
    pub(crate) fn set_servers(&self, number: usize) {
        self.servers.store(u32::try_from(number).unwrap_or(u32::MAX).max(1), Relaxed);
    }

    /// Records that a server came or went.
    pub(crate) fn recount(&self) {
        self.changed.notify_one();
    }

    /// Waits until a server came or went.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Applies what providers said to the other servers, of one account or of all.
    pub(crate) async fn apply_blocks(&self, host: &Host, account: Option<&AccountId>) {
        let Some(replicas) = self.storage.replicas() else { return };
        match replicas.blocked_accounts(account).await {
            Ok(blocked) => blocked.iter().for_each(|(account, time)| host.http.block_account(account, *time)),
            // A response of the provider says it again.
            Err(error) => tracing::debug!(%error, "could not read what a provider said to another server"),
        }
    }
}

#[async_trait]
impl SharedLimits for FleetLimits {
    fn servers(&self) -> u32 {
        self.servers.load(Relaxed)
    }

    async fn lease(&self, name: &str, wish: LeaseWish) -> Option<LeaseAnswer> {
        let LeaseWish { cost, capacity, max_wait } = wish;
        let wish = LimitWish { name: name.to_owned(), cost, capacity, max_wait };
        match self.storage.replicas()?.lease_limit(&wish).await {
            Ok(LimitLease { is_granted, wait, restored_in }) => Some(LeaseAnswer { is_granted, wait, restored_in }),
            Err(error) => {
                tracing::debug!(%error, limit = name, "could not lease a part of a limit");
                None
            }
        }
    }

    fn tell(&self, account: &AccountId, blocked_for: Duration) {
        let (storage, account) = (self.storage.clone(), account.clone());
        tokio::spawn(async move {
            let Some(replicas) = storage.replicas() else { return };
            if let Err(error) = replicas.block_account(&account, blocked_for).await {
                tracing::debug!(%error, %account, "could not tell the other servers what a provider said");
            }
        });
    }
}

#[cfg(test)]
mod tests;

//! Announces this server to the others of its database, and makes one of them the leader.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use patchbay_model::{ApiScope, Clock, LiveReplica, Replica, ReplicaId, content_hash};
use patchbay_storage::{ReplicaStore, Storage};
use patchbay_vault::Vault;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{leadership::Leadership, limits::FleetLimits};
use crate::{Caller, EngineParts, Error, background_task::BackgroundTask, connector_catalog::ConnectorCatalog};

/// The time between two announcements, and between two renewals of the leadership.
const ANNOUNCEMENT: Duration = Duration::from_secs(5);
const RENEWAL: Duration = Duration::from_secs(3);
/// How long a server that stops asks whether there are others.
const OTHERS_TIMEOUT: Duration = Duration::from_secs(1);
/// The time between two deletions of what is old.
const CLEANING: Duration = Duration::from_mins(1);

/// This server among those that share the database.
pub struct Membership {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
    catalog: Arc<ConnectorCatalog>,
    leadership: Leadership,
    limits: Arc<FleetLimits>,
    id: ReplicaId,
    address: String,
    started_at: Duration,
}

impl Membership {
    pub(crate) fn new(
        parts: &EngineParts,
        catalog: Arc<ConnectorCatalog>,
        leadership: Leadership,
        limits: Arc<FleetLimits>,
    ) -> Self {
        Self {
            storage: parts.storage.clone(),
            clock: parts.clock.clone(),
            vault: parts.vault.clone(),
            catalog,
            leadership,
            limits,
            id: ReplicaId::generate(parts.clock.now(), &*parts.entropy),
            address: parts.config.listen_address.clone(),
            started_at: parts.clock.monotonic(),
        }
    }

    /// Returns the id of this server, which is new at each start.
    pub fn id(&self) -> &ReplicaId {
        &self.id
    }

    /// Lists the live servers of the database, the one that started first comes first; only this one if no others can use the
    /// database.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError` if the caller lacks `platform:read`; errors of the storage.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<LiveReplica>, Error> {
        caller.require(ApiScope::PlatformRead)?;
        match self.storage.replicas() {
            Some(replicas) => Ok(replicas.live().await?),
            None => Ok(vec![self.single()]),
        }
    }

    /// Returns whether other servers use the database; true if that is not known within a second.
    pub async fn has_others(&self) -> bool {
        let Some(replicas) = self.storage.replicas() else { return false };
        match timeout(OTHERS_TIMEOUT, replicas.live()).await {
            Ok(Ok(live)) => live.iter().any(|other| other.id != self.id),
            Ok(Err(_)) | Err(_) => true,
        }
    }

    fn announced(&self) -> Replica {
        Replica {
            id: self.id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: self.address.clone(),
            key_ids: self.vault.ring().keys().map(|key| key.id).collect(),
            connectors: format!("{:016x}", content_hash(self.catalog.instance().outline().as_bytes())),
            uptime: self.clock.monotonic().saturating_sub(self.started_at),
        }
    }

    fn single(&self) -> LiveReplica {
        let (own, now) = (self.announced(), self.clock.now());
        LiveReplica {
            id: own.id,
            version: own.version,
            address: own.address,
            key_ids: own.key_ids,
            connectors: own.connectors,
            started_at: now.minus(own.uptime),
            seen_at: now,
            is_leader: true,
        }
    }

    async fn announce(&self, replicas: &dyn ReplicaStore) {
        if let Err(error) = replicas.announce(&self.announced()).await {
            tracing::debug!(%error, "could not announce this server");
        }
        self.count_servers(replicas).await;
    }

    /// Counts the servers. While the database is away, the last number holds.
    async fn count_servers(&self, replicas: &dyn ReplicaStore) {
        match replicas.live().await {
            Ok(live) => self.limits.set_servers(live.len()),
            Err(error) => tracing::debug!(%error, "could not count the servers"),
        }
    }

    async fn lead(&self, replicas: &dyn ReplicaStore) {
        let (was_leader, asked_at) = (self.leadership.is_leader(), self.clock.monotonic());
        match replicas.lead(&self.id).await {
            Ok(fence) => self.leadership.set(fence, asked_at),
            // The leadership that it has ends by itself.
            Err(error) => tracing::debug!(%error, "could not renew the leadership"),
        }
        if was_leader != self.leadership.is_leader() {
            tracing::info!(replica = %self.id, is_leader = !was_leader, "the leadership has changed");
        }
    }

    /// Warns if the servers have different connectors in their directories, once for each difference. Returns the hashes of the
    /// connectors.
    async fn compare_connectors(&self, replicas: &dyn ReplicaStore, known: BTreeSet<String>) -> BTreeSet<String> {
        let Ok(live) = replicas.live().await else { return known };
        let found = live.iter().map(|live| live.connectors.clone()).collect::<BTreeSet<_>>();
        if found.len() > 1 && found != known {
            let each = live.iter().map(|live| format!("{}: {}", live.address, live.connectors)).collect::<Vec<_>>();
            tracing::error!(
                servers = each.join(", "),
                "the servers of the database have different connectors; give all of them the same directory, and reload them"
            );
        }
        found
    }

    async fn run(&self, replicas: &dyn ReplicaStore) {
        let every = |period| {
            let mut ticks = interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        let (mut announcements, mut renewals, mut cleanings) = (every(ANNOUNCEMENT), every(RENEWAL), every(CLEANING));
        let mut known = BTreeSet::new();
        loop {
            tokio::select! {
                biased;
                _ = renewals.tick() => self.lead(replicas).await,
                _ = announcements.tick() => self.announce(replicas).await,
                () = self.limits.changed() => self.count_servers(replicas).await,
                _ = cleanings.tick() => {
                    if let Some(Err(error)) = self.leadership.perform(replicas.forget_old()).await {
                        tracing::debug!(%error, "could not delete old changes");
                    }
                    if self.leadership.is_leader() {
                        known = self.compare_connectors(replicas, known).await;
                    }
                }
            }
        }
    }
}

/// Announces the server and keeps it announced until it is stopped; then it leaves, so that another one leads at once.
pub(crate) fn start(membership: Arc<Membership>) -> BackgroundTask {
    membership.leadership.set(None, membership.clock.monotonic());
    BackgroundTask::start(async move |stop: CancellationToken| {
        let Some(replicas) = membership.storage.replicas() else { return };
        tokio::select! { () = stop.cancelled() => {} () = membership.run(replicas) => {} }
        membership.leadership.set(None, membership.clock.monotonic());
        if let Err(error) = replicas.leave(&membership.id).await {
            tracing::debug!(%error, "could not leave; the others notice it by themselves");
        }
    })
}

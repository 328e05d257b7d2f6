//! The active key of servers that share a database. It is recorded in the database, because each server has a key ring file of its
//! own, and all of them change to a new key at once.

use std::time::Duration;

use patchbay_model::KeyId;
use patchbay_storage::{MetaStore, Storage};
use patchbay_vault::Vault;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{RotationError, SharedKeys};

/// The record of the active key.
const ACTIVE_KEY_RECORD: &str = "active_wrapping_key";
/// The pause between two looks whether all servers have a new key, and how often it is looked: 10 minutes in all.
const WAIT_PAUSE: Duration = Duration::from_secs(1);
const MAX_WAITS: u32 = 600;

/// Makes the key that the database names the active one of the vault. Returns that key if the key ring does not have it.
///
/// # Errors
/// The errors of the storage.
pub async fn activate_shared_key(storage: &dyn Storage, vault: &Vault) -> Result<Option<KeyId>, RotationError> {
    if storage.replicas().is_none() {
        return Ok(None);
    }
    let Some(active) = recorded(storage.meta()).await? else { return Ok(None) };
    let ring = vault.ring();
    if ring.active_id() == active {
        return Ok(None);
    }
    match ring.activated(active) {
        Some(ring) => {
            tracing::info!(key = %active, "the servers of the database use another key now");
            vault.replace_ring(ring);
            Ok(None)
        }
        None => Ok(Some(active)),
    }
}

async fn recorded(meta: &dyn MetaStore) -> Result<Option<KeyId>, RotationError> {
    let record = meta.get(ACTIVE_KEY_RECORD).await?;
    Ok(record.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok()))
}

impl SharedKeys<'_> {
    /// Records the key that all servers use from now on.
    pub(super) async fn record(&self, key: KeyId) -> Result<(), RotationError> {
        Ok(self.meta.set(ACTIVE_KEY_RECORD, key.to_string().as_bytes()).await?)
    }

    /// Waits until every live server has said that it has a key.
    ///
    /// # Errors
    /// [`RotationError::KeyNotShared`] if some do not get it.
    pub(super) async fn wait_for(&self, key: KeyId, stop: &CancellationToken) -> Result<(), RotationError> {
        let mut without = Vec::new();
        for wait in 0..MAX_WAITS {
            let live = self.replicas.live().await?;
            without = live.into_iter().filter(|live| !live.key_ids.contains(&key)).map(|live| live.address).collect();
            if without.is_empty() {
                return Ok(());
            }
            if wait == 0 {
                tracing::warn!(%key, servers = without.join(", "), "copy the key ring to the data directories of these servers");
            }
            tokio::select! { () = stop.cancelled() => break, () = sleep(WAIT_PAUSE) => {} }
        }
        Err(RotationError::KeyNotShared { key, servers: without.join(", ") })
    }
}

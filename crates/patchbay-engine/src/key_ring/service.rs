//! The rotation of the key ring of a running engine.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::{Clock, Entropy, KeyId};
use patchbay_storage::Storage;
use patchbay_vault::{KeyRing, Vault};

use super::{KeyRotator, RotationError, SharedKeys, activate_shared_key};
use crate::{EngineParts, accounts::store::CachedAccounts, profiles::Profiles};

/// The rotation of the key ring that the engine uses.
pub struct KeyRotation {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    profiles: Arc<Profiles>,
    accounts: Arc<CachedAccounts>,
    missing: Mutex<Option<KeyId>>,
}

/// Returns what a rotation shares with the other servers of a database; none if there can be none.
pub(crate) fn shared(storage: &dyn Storage) -> Option<SharedKeys<'_>> {
    storage.replicas().map(|replicas| SharedKeys { meta: storage.meta(), replicas })
}

impl KeyRotation {
    pub(crate) fn new(parts: &EngineParts, profiles: Arc<Profiles>, accounts: Arc<CachedAccounts>) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            profiles,
            accounts,
            missing: Mutex::default(),
        }
    }

    /// Returns the rotator of the key ring in this file.
    pub fn rotator<'a>(&'a self, file: &'a Path) -> KeyRotator<'a> {
        KeyRotator {
            records: self.storage.sealed_records(),
            vault: &self.vault,
            file,
            clock: &*self.clock,
            entropy: &*self.entropy,
            shared: shared(&*self.storage),
        }
    }

    /// Reads the file of the key ring again, and uses the key that the servers of the database use. Does nothing if no other server
    /// can use the database. A key that is missing is remembered for [`KeyRotation::missing_key`].
    ///
    /// # Errors
    ///
    /// [`RotationError`] if the file or the database cannot be read; the ring in use is kept.
    pub async fn reread(&self, file: &Path) -> Result<(), RotationError> {
        if self.storage.replicas().is_none() {
            return Ok(());
        }
        let (ring, stored) = (self.vault.ring(), KeyRing::load(file)?);
        let read = ring.replaced_by(&stored);
        if !read.keys().map(|key| key.id).eq(ring.keys().map(|key| key.id)) {
            tracing::info!(keys = read.keys().count(), "the key ring has changed");
            self.vault.replace_ring(read);
        }
        let missing = activate_shared_key(&*self.storage, &self.vault).await?;
        let mut known = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = missing.filter(|_| *known != missing) {
            tracing::error!(%key, "the servers of the database use a key that the key ring does not have; copy it from one of them");
        }
        *known = missing;
        Ok(())
    }

    /// Returns the key that the servers of the database use and the key ring does not have; none if it has it.
    pub fn missing_key(&self) -> Option<KeyId> {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Evicts the cached envelopes after a rotation replaced them in storage.
    pub fn evict_envelopes(&self) {
        self.accounts.evict_all();
        self.profiles.evict_all();
    }
}

//! The rotation of the key ring of a running engine.

use std::{path::Path, sync::Arc};

use patchbay_model::{Clock, Entropy};
use patchbay_storage::Storage;
use patchbay_vault::Vault;

use super::KeyRotator;
use crate::{EngineParts, accounts::store::CachedAccounts, profiles::Profiles};

/// The rotation of the key ring that the engine uses.
pub struct KeyRotation {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    profiles: Arc<Profiles>,
    accounts: Arc<CachedAccounts>,
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
        }
    }

    /// Evicts the cached envelopes after a rotation replaced them in storage.
    pub fn evict_envelopes(&self) {
        self.accounts.evict_all();
        self.profiles.evict_all();
    }
}

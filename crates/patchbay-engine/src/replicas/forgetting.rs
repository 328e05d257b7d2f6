//! What this server keeps in memory, and how it is forgotten.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use patchbay_model::{AccountId, ChangeKind, KeyHash, ProfileId, ProjectId, StoredChange};
use patchbay_runtime::Host;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::limits::FleetLimits;
use crate::{
    accounts::store::CachedAccounts, api_keys::ApiKeys, connector_catalog::ConnectorCatalog, profiles::Profiles,
};

/// The pause before connectors that could not be read are read again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Everything that is kept.
pub(crate) struct Kept {
    pub(crate) api_keys: Arc<ApiKeys>,
    pub(crate) accounts: Arc<CachedAccounts>,
    pub(crate) profiles: Arc<Profiles>,
    pub(crate) catalog: Arc<ConnectorCatalog>,
    pub(crate) host: Arc<Host>,
    pub(crate) limits: Arc<FleetLimits>,
    /// Ends the reads of connectors.
    pub(crate) stop: CancellationToken,
}

/// The reads go on until the database is there: without the watcher, nobody wants them.
impl Drop for Kept {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Kept {
    /// Forgets what changes concern. Connectors are read again in the background.
    pub(crate) fn forget(&self, changes: Vec<StoredChange>) {
        let mut projects = BTreeSet::new();
        for StoredChange { kind, project, key } in changes {
            match kind {
                ChangeKind::Account => self.accounts.evict(&AccountId::new(key)),
                ChangeKind::Profile => self.profiles.evict(&ProfileId::new(key)),
                ChangeKind::ApiKey => match key_hash(&key) {
                    Some(hash) => self.api_keys.evict(&hash),
                    None => self.api_keys.evict_all(),
                },
                ChangeKind::Project => self.api_keys.evict_all(),
                ChangeKind::Connector => projects.extend(project),
                ChangeKind::Limit => self.apply_blocks(Some(AccountId::new(key))),
                ChangeKind::Replica => self.limits.recount(),
            }
        }
        for project in projects {
            self.read_connectors(Some(project));
        }
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        self.api_keys.evict_all();
        self.accounts.evict_all();
        self.profiles.evict_all();
        self.read_connectors(None);
        self.limits.recount();
        self.apply_blocks(None);
    }

    /// Applies what providers said to the other servers, of one account or of all. A look does not wait for it.
    fn apply_blocks(&self, account: Option<AccountId>) {
        let (limits, host) = (self.limits.clone(), self.host.clone());
        let apply = async move { limits.apply_blocks(&host, account.as_ref()).await };
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(apply));
    }

    /// Reads the connectors of a project again, or of all, until that succeeds. A look does not wait for it: a change of the
    /// connectors may take long.
    fn read_connectors(&self, project: Option<ProjectId>) {
        let (catalog, stop) = (self.catalog.clone(), self.stop.clone());
        let read = async move {
            loop {
                let read = match &project {
                    Some(project) => catalog.refresh(project).await,
                    None => catalog.refresh_all().await,
                };
                let Err(error) = read else { return };
                let project = project.as_ref().map(tracing::field::display);
                tracing::warn!(
                    project,
                    error = error.message,
                    "could not read the connectors that were pushed elsewhere"
                );
                sleep(RETRY_PAUSE).await;
            }
        };
        tokio::spawn(stop.run_until_cancelled_owned(read));
    }
}

/// Reads the hash of a key from its hexadecimal digits.
fn key_hash(hex: &str) -> Option<KeyHash> {
    let digits = hex.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(KeyHash(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = KeyHash(std::array::from_fn(|index| u8::try_from(index * 8).unwrap()));
        assert_eq!(key_hash(&hash.hex()), Some(hash));
        for wrong in ["", "00", &"0g".repeat(32), &"é".repeat(32), &"+f".repeat(32)] {
            assert_eq!(key_hash(wrong), None, "{wrong}");
        }
    }
}

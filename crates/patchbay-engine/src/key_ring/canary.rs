//! The check that a key ring belongs to a database.

use patchbay_model::Sealed;
use patchbay_storage::{Storage, VAULT_CANARY};
use patchbay_vault::{Vault, VaultError};

use crate::{Error, ErrorCode};

/// Checks that the key ring sealed this database. A database without any data becomes the ring's own, unless the ring has
/// sealed a database before: then this one was emptied or replaced, and is not taken for a new one.
///
/// The caller records in the ring's file that the ring is in use ([`patchbay_vault::KeyRing::marked_in_use`]) after this
/// check has stored the canary: a crash in between leaves a canary, by which the next start records it.
///
/// # Errors
///
/// 500 `KeyRingMismatchError` for another ring, and for a database that lost its data or its canary; errors of the storage.
pub async fn check_key_ring(storage: &dyn Storage, vault: &Vault) -> Result<(), Error> {
    let meta = storage.meta();
    let stored = match meta.get(VAULT_CANARY).await? {
        Some(stored) => stored,
        None => {
            reject_lost_data(storage, vault).await?;
            meta.set_once(VAULT_CANARY, vault.canary().as_bytes()).await?;
            meta.get(VAULT_CANARY).await?.unwrap_or_default()
        }
    };
    let canary = Sealed::from_bytes(stored);
    vault.check_canary(&canary).map_err(|error: VaultError| mismatch(error.to_string()))
}

/// Rejects a database without a canary that is not new.
async fn reject_lost_data(storage: &dyn Storage, vault: &Vault) -> Result<(), Error> {
    if vault.ring().is_in_use() {
        return Err(mismatch(
            "the key ring has sealed a database, but this database contains nothing that it sealed: it was emptied or \
             replaced. Restore the database from your backup. To start without its accounts, choose another --data-dir, \
             or move the key ring and the database away",
        ));
    }
    let has_data = storage.organizations().first().await?.is_some();
    if has_data || !storage.sealed_records().count_by_key().await?.is_empty() {
        return Err(mismatch(
            "the database contains data, but not the record by which its key ring is recognized: it is damaged. Restore \
             the database from your backup",
        ));
    }
    Ok(())
}

fn mismatch(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::KeyRingMismatch, message)
}

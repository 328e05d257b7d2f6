//! The check that a key ring belongs to a database.

use patchbay_model::Sealed;
use patchbay_storage::{Storage, VAULT_CANARY};
use patchbay_vault::{Vault, VaultError};

use crate::{Error, ErrorCode};

/// Checks that the key ring sealed this database; the first ring becomes the database's own.
///
/// # Errors
///
/// 500 `KeyRingMismatchError` for another ring; errors of the storage.
pub async fn check_key_ring(storage: &dyn Storage, vault: &Vault) -> Result<(), Error> {
    let meta = storage.meta();
    let stored = match meta.get(VAULT_CANARY).await? {
        Some(stored) => stored,
        None => {
            meta.set_once(VAULT_CANARY, vault.canary().as_bytes()).await?;
            meta.get(VAULT_CANARY).await?.unwrap_or_default()
        }
    };
    let canary = Sealed::from_bytes(stored);
    vault.check_canary(&canary).map_err(|error: VaultError| Error::new(ErrorCode::KeyRingMismatch, error.to_string()))
}

//! Rotation and retirement of wrapping keys.
//!
//! The order makes an interruption safe: the ring with the new key is on disk before the key wraps anything, and an old
//! key is removed from the ring only when the database rejects new envelopes under it.

use patchbay_model::{KeyId, Sealed};
use patchbay_storage::{SealedPlace, SealedRecord};
use patchbay_vault::{KeyRing, SealContext, VaultError};
use tokio_util::sync::CancellationToken;

use super::{KeyRotator, RotationError};

/// The number of values per transaction; other writes run between transactions.
const MAX_VALUES_PER_TRANSACTION: u32 = 200;

/// The progress of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationProgress {
    /// Values sealed again.
    pub done: u64,
    /// Values to seal again in total.
    pub total: u64,
}

/// A value that does not open and is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableValue {
    /// Its table, row and column.
    pub place: SealedPlace,
    /// The error of the vault.
    pub why: VaultError,
}

/// The result of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationOutcome {
    /// The active key.
    pub key: KeyId,
    /// True if an earlier, interrupted rotation created the key and this one resumed it.
    pub was_resumed: bool,
    /// The number of values that were sealed again.
    pub resealed: u64,
    /// The values that do not open.
    pub unopened: Vec<UnreadableValue>,
}

impl KeyRotator<'_> {
    /// Creates a new active key and seals every value again with it, or resumes an interrupted rotation. A cancellation stops
    /// it between two batches.
    ///
    /// # Errors
    ///
    /// [`RotationError`]; running the rotation again resumes it.
    pub async fn rotate(
        &self,
        stop: &CancellationToken,
        mut on_progress: impl FnMut(RotationProgress) + Send,
    ) -> Result<RotationOutcome, RotationError> {
        if self.status().await?.left() > 0 {
            let resumed = self.seal_all_again(true, stop, &mut on_progress).await?;
            // Values that do not open must not prevent a new key.
            if resumed.resealed > 0 {
                return Ok(resumed);
            }
        }
        let ring = self.vault.ring();
        let Some(shared) = self.shared else {
            self.put(ring.with_new_key(self.entropy, self.clock.now()))?;
            return self.seal_all_again(false, stop, &mut on_progress).await;
        };
        // A rotation that waited in vain has left a key.
        let key = match ring.pending_id() {
            Some(key) => key,
            None => {
                let pending = ring.with_pending_key(self.entropy, self.clock.now());
                let key = pending.pending_id().unwrap_or_else(|| pending.active_id());
                self.put(pending)?;
                key
            }
        };
        shared.wait_for(key, stop).await?;
        shared.record(key).await?;
        // The ring may have been read again while this waited.
        let active = self.vault.ring().activated(key).ok_or(RotationError::UnknownKey(key))?;
        self.put(active)?;
        self.seal_all_again(false, stop, &mut on_progress).await
    }

    /// Writes a ring, and uses it.
    fn put(&self, ring: KeyRing) -> Result<(), RotationError> {
        KeyRing::replace(self.file, &ring)?;
        self.vault.replace_ring(ring);
        Ok(())
    }

    async fn seal_all_again(
        &self,
        was_resumed: bool,
        stop: &CancellationToken,
        on_progress: &mut (impl FnMut(RotationProgress) + Send),
    ) -> Result<RotationOutcome, RotationError> {
        let total = self.status().await?.left();
        let key = self.vault.ring().active_id();
        tracing::info!(%key, total, was_resumed, "keys are being rotated");
        let mut rotated = RotationOutcome { key, was_resumed, resealed: 0, unopened: Vec::new() };
        let mut after: Option<SealedPlace> = None;
        loop {
            if stop.is_cancelled() {
                return Err(RotationError::Stopped { done: rotated.resealed });
            }
            let found = self.records.wrapped_by_others(key, after.as_ref(), MAX_VALUES_PER_TRANSACTION).await?;
            let Some(last) = found.last() else { break };
            after = Some(last.place.clone());
            let mut changes = Vec::with_capacity(found.len());
            for record in found {
                match self.reseal(&record) {
                    Ok(Some(sealed)) => changes.push((record, sealed)),
                    Ok(None) => {}
                    Err(why) => {
                        tracing::error!(place = ?record.place, %why, "a sealed value does not open and was not changed");
                        rotated.unopened.push(UnreadableValue { place: record.place, why });
                    }
                }
            }
            rotated.resealed += self.records.exchange(&changes).await?;
            on_progress(RotationProgress { done: rotated.resealed, total: total.max(rotated.resealed) });
        }
        tracing::info!(%key, resealed = rotated.resealed, "keys were rotated");
        Ok(rotated)
    }

    /// Removes a key that no longer wraps anything from the ring. A database backup from before the rotation needs a backup
    /// of the ring from before the removal.
    ///
    /// # Errors
    ///
    /// [`RotationError`] if the key is active, unknown or still in use.
    pub async fn retire(&self, id: KeyId) -> Result<(), RotationError> {
        let ring = self.vault.ring();
        if id == ring.active_id() {
            return Err(RotationError::ActiveKey(id));
        }
        let smaller = ring.without_key(id).ok_or(RotationError::UnknownKey(id))?;
        let records = self.records.retire(id).await?;
        if records > 0 {
            return Err(RotationError::KeyInUse { key: id, records });
        }
        KeyRing::replace(self.file, &smaller)?;
        self.vault.replace_ring(smaller);
        tracing::info!(key = %id, "a key was retired");
        Ok(())
    }

    fn reseal(&self, record: &SealedRecord) -> Result<Option<Sealed>, VaultError> {
        in_context(&record.place, |context| self.vault.reseal(context, &record.sealed))
    }
}

/// Calls `work` with what the value of a place is bound to.
pub(super) fn in_context<T>(place: &SealedPlace, work: impl FnOnce(&SealContext<'_>) -> T) -> T {
    let (hex, number);
    let context = match place {
        SealedPlace::Account { project, account, field } => SealContext::Account { project, account, field },
        SealedPlace::Profile { project, profile, field } => SealContext::Profile { project, profile, field },
        SealedPlace::PendingAuthorization { project, state: hash } => {
            hex = hash.hex();
            SealContext::PendingAuthorization { project, state: &hex }
        }
        SealedPlace::KeyedResponse { project, key: hash } => {
            hex = hash.hex();
            SealContext::KeyedResponse { project, key: &hex }
        }
        SealedPlace::Webhook { project, webhook, field } => {
            number = webhook.to_string();
            SealContext::Webhook { project, webhook: &number, field }
        }
        SealedPlace::InboxEndpoint { project, endpoint } => SealContext::InboxEndpoint { project, endpoint },
        SealedPlace::InboxEvent { project, event } => SealContext::InboxEvent { project, event },
        SealedPlace::Row(row) => SealContext::Row(row),
        SealedPlace::Canary => SealContext::Canary,
    };
    work(&context)
}

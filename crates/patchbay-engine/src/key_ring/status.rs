//! The use of each wrapping key.

use patchbay_model::{KeyId, Timestamp};

use super::{KeyRotator, RotationError};

/// A key and its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Its id.
    pub id: KeyId,
    /// The time at which it was created.
    pub created_at: Timestamp,
    /// True if it wraps new values.
    pub is_active: bool,
    /// The number of values that it wraps.
    pub records: u64,
}

/// The status of the key ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRingStatus {
    /// The keys of the ring, oldest first.
    pub keys: Vec<KeyUse>,
    /// Keys that wrap values but are missing in the ring: those values do not open.
    pub missing: Vec<(KeyId, u64)>,
}

impl KeyRingStatus {
    /// Returns the number of values that a rotation still has to seal again.
    pub fn left(&self) -> u64 {
        self.keys.iter().filter(|key| !key.is_active).map(|key| key.records).sum()
    }

    /// Returns the number of all sealed values.
    pub fn total(&self) -> u64 {
        self.keys.iter().map(|key| key.records).chain(self.missing.iter().map(|(_, records)| *records)).sum()
    }
}

impl KeyRotator<'_> {
    /// Returns the status of the ring.
    ///
    /// # Errors
    ///
    /// [`RotationError`] if the database fails.
    pub async fn status(&self) -> Result<KeyRingStatus, RotationError> {
        let counts = self.records.count_by_key().await?;
        let records = |id| counts.iter().find(|(key, _)| *key == id).map_or(0, |(_, records)| *records);
        let keys: Vec<KeyUse> = self
            .vault
            .ring()
            .keys()
            .map(|key| KeyUse {
                id: key.id,
                created_at: key.created_at,
                is_active: key.is_active,
                records: records(key.id),
            })
            .collect();
        let missing = counts.iter().filter(|(id, _)| !keys.iter().any(|key| key.id == *id)).copied().collect();
        Ok(KeyRingStatus { keys, missing })
    }
}

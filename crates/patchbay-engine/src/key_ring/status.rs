//! What each key still wraps.

use patchbay_model::{KeyId, Timestamp};

use super::{KeyRotator, RotationError};

/// A key and its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Its id.
    pub id: KeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it wraps new values.
    pub is_active: bool,
    /// How many values it wraps.
    pub records: u64,
}

/// The ring and what it wraps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRingStatus {
    /// The ring's keys, the oldest first.
    pub keys: Vec<KeyUse>,
    /// Keys that wrap values and that the ring does not hold: those values do not open.
    pub missing: Vec<(KeyId, u64)>,
}

impl KeyRingStatus {
    /// Values that a key of the ring wraps which is not the active one: what a rotation still has to do.
    pub fn left(&self) -> u64 {
        self.keys.iter().filter(|key| !key.is_active).map(|key| key.records).sum()
    }

    /// All sealed values.
    pub fn total(&self) -> u64 {
        self.keys.iter().map(|key| key.records).chain(self.missing.iter().map(|(_, records)| *records)).sum()
    }
}

impl KeyRotator<'_> {
    /// How the ring stands.
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

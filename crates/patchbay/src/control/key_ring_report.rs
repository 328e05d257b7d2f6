//! The reports of the key ring commands, as JSON and as text.

use std::fmt;

use patchbay_engine::{KeyRingStatus, RotationOutcome};
use serde::{Deserialize, Serialize};

/// The state of the key ring.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyRingReport {
    keys: Vec<KeyReport>,
    missing: Vec<MissingKey>,
    records: u64,
    left: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeyReport {
    id: String,
    created_at: String,
    active: bool,
    records: u64,
}

/// A key that wraps records and is not in the key ring.
#[derive(Debug, Serialize, Deserialize)]
struct MissingKey {
    id: String,
    records: u64,
}

impl From<KeyRingStatus> for KeyRingReport {
    fn from(status: KeyRingStatus) -> Self {
        let (left, records) = (status.left(), status.total());
        let keys = status.keys.into_iter().map(|key| KeyReport {
            id: key.id.to_string(),
            created_at: key.created_at.to_string(),
            active: key.is_active,
            records: key.records,
        });
        let missing = status.missing.into_iter().map(|(id, records)| MissingKey { id: id.to_string(), records });
        Self { keys: keys.collect(), missing: missing.collect(), records, left }
    }
}

impl fmt::Display for KeyRingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<16}  {:<8}  {:>9}  created", "key", "state", "records")?;
        for key in &self.keys {
            let state = if key.active { "active" } else { "previous" };
            writeln!(f, "{}  {state:<8}  {:>9}  {}", key.id, key.records, key.created_at)?;
        }
        for key in &self.missing {
            writeln!(
                f,
                "{}  MISSING   {:>9}  these records cannot be decrypted; restore the complete key ring",
                key.id, key.records
            )?;
        }
        if self.left > 0 {
            let done = self.records.saturating_sub(self.left);
            writeln!(
                f,
                "{done} of {} records use the active key; `patchbay keyring rotate` wraps the others with it",
                self.records
            )?;
        } else if self.missing.is_empty() {
            writeln!(f, "all {} records use the active key", self.records)?;
        }
        for key in self.keys.iter().filter(|key| !key.active && key.records == 0) {
            writeln!(f, "{} is no longer used; run: patchbay keyring retire {}", key.id, key.id)?;
        }
        Ok(())
    }
}

/// The outcome of a rotation.
#[derive(Debug, Serialize, Deserialize)]
pub struct RotationReport {
    key: String,
    resumed: bool,
    resealed: u64,
    unopened: Vec<UnreadableRecord>,
}

/// A record that cannot be decrypted, and was left unchanged.
#[derive(Debug, Serialize, Deserialize)]
struct UnreadableRecord {
    place: String,
    why: String,
}

impl From<RotationOutcome> for RotationReport {
    fn from(outcome: RotationOutcome) -> Self {
        let unopened = outcome.unopened.iter();
        Self {
            key: outcome.key.to_string(),
            resumed: outcome.was_resumed,
            resealed: outcome.resealed,
            unopened: unopened
                .map(|record| UnreadableRecord { place: format!("{:?}", record.place), why: record.why.to_string() })
                .collect(),
        }
    }
}

impl fmt::Display for RotationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, resealed, .. } = self;
        if self.resumed {
            writeln!(f, "resumed the rotation to the key {key}: {resealed} records were wrapped with it")?;
            writeln!(f, "run the command again to create another key")?;
        } else {
            writeln!(f, "the key {key} is active: {resealed} records were wrapped with it")?;
        }
        writeln!(f, "back up the key ring now; `patchbay keyring status` lists the keys that can be retired")?;
        for record in &self.unopened {
            writeln!(f, "cannot be decrypted, left unchanged: {}: {}", record.place, record.why)?;
        }
        Ok(())
    }
}

//! What the commands on keys answer, as JSON and for people.

use std::fmt;

use patchbay_engine::{KeyRingStatus, RotationOutcome};
use serde::{Deserialize, Serialize};

/// How the ring stands.
#[derive(Debug, Serialize, Deserialize)]
pub struct Status {
    keys: Vec<Key>,
    missing: Vec<Missing>,
    records: u64,
    left: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Key {
    id: String,
    created_at: String,
    active: bool,
    records: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Missing {
    id: String,
    records: u64,
}

impl From<KeyRingStatus> for Status {
    fn from(status: KeyRingStatus) -> Self {
        let (left, records) = (status.left(), status.total());
        let keys = status.keys.into_iter().map(|key| Key {
            id: key.id.to_string(),
            created_at: key.created_at.to_string(),
            active: key.is_active,
            records: key.records,
        });
        let missing = status.missing.into_iter().map(|(id, records)| Missing { id: id.to_string(), records });
        Self { keys: keys.collect(), missing: missing.collect(), records, left }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<16}  {:<8}  {:>9}  created", "key", "state", "records")?;
        for key in &self.keys {
            let state = if key.active { "active" } else { "opens" };
            writeln!(f, "{}  {state:<8}  {:>9}  {}", key.id, key.records, key.created_at)?;
        }
        for key in &self.missing {
            writeln!(f, "{}  MISSING   {:>9}  restore the complete key ring: these do not open", key.id, key.records)?;
        }
        if self.left > 0 {
            let done = self.records.saturating_sub(self.left);
            writeln!(f, "{done} of {} records use the active key; `patchbay keys rotate` does the rest", self.records)?;
        } else if self.missing.is_empty() {
            writeln!(f, "all {} records use the active key", self.records)?;
        }
        for key in self.keys.iter().filter(|key| !key.active && key.records == 0) {
            writeln!(f, "{} is not used any more: patchbay keys retire {}", key.id, key.id)?;
        }
        Ok(())
    }
}

/// What a rotation came to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rotation {
    key: String,
    resumed: bool,
    resealed: u64,
    unopened: Vec<Unopened>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Unopened {
    place: String,
    why: String,
}

impl From<RotationOutcome> for Rotation {
    fn from(rotated: RotationOutcome) -> Self {
        let unopened = rotated.unopened.iter();
        Self {
            key: rotated.key.to_string(),
            resumed: rotated.was_resumed,
            resealed: rotated.resealed,
            unopened: unopened
                .map(|record| Unopened { place: format!("{:?}", record.place), why: record.why.to_string() })
                .collect(),
        }
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, resealed, .. } = self;
        if self.resumed {
            writeln!(f, "went on with the rotation to the key {key}: {resealed} records were sealed again")?;
            writeln!(f, "run it once more for another new key")?;
        } else {
            writeln!(f, "the key {key} is active: {resealed} records were sealed again")?;
        }
        writeln!(f, "back up the key ring now; `patchbay keys status` says which keys can be retired")?;
        for record in &self.unopened {
            writeln!(f, "does not open, and stays as it is: {}: {}", record.place, record.why)?;
        }
        Ok(())
    }
}

//! The key ring: 256-bit wrapping keys with ids. One key is active and wraps new values; the others only open values.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_model::{Entropy, KeyId, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::KeyRingError;

const KEY_BYTES: usize = 32;
const FORMAT: &str = "patchbay-keyring-1";

/// The wrapping keys, which encrypt data keys.
pub struct KeyRing {
    keys: Vec<WrappingKey>,
    active: usize,
    /// Whether a database exists that this ring sealed.
    is_in_use: bool,
    /// Whether the rows of that database have seals.
    has_sealed_rows: bool,
}

/// The public metadata of a wrapping key, without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrappingKeyInfo {
    /// Its id, which every envelope that it wraps contains.
    pub id: KeyId,
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether it wraps new values.
    pub is_active: bool,
}

/// A wrapping key.
pub(crate) struct WrappingKey {
    pub(crate) id: KeyId,
    pub(crate) aead: LessSafeKey,
    /// The key, to write the file again. Wiped on drop.
    material: Zeroizing<[u8; KEY_BYTES]>,
    created_at: Timestamp,
    /// Whether it was removed from the ring: it is no longer written, and opens values until the process ends.
    is_retired: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRingFile {
    format: String,
    active: String,
    /// Absent in the files of earlier versions, and until the ring has sealed a database.
    #[serde(default, skip_serializing_if = "is_false")]
    in_use: bool,
    /// Absent in the files of earlier versions, and until the rows of the database have seals.
    #[serde(default, skip_serializing_if = "is_false")]
    sealed_rows: bool,
    keys: Vec<FileKey>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    id: String,
    key: String,
    created_at: Timestamp,
}

impl Drop for FileKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl WrappingKey {
    fn new(id: KeyId, material: Zeroizing<[u8; KEY_BYTES]>, created_at: Timestamp) -> Self {
        let unbound = UnboundKey::new(&AES_256_GCM, &*material).expect("every 32 bytes are an AES-256 key");
        Self { id, aead: LessSafeKey::new(unbound), material, created_at, is_retired: false }
    }

    fn generate(entropy: &dyn Entropy, now: Timestamp) -> Self {
        let mut id = KeyId([0; KeyId::LENGTH_BYTES]);
        entropy.fill(&mut id.0);
        let mut material = Zeroizing::new([0; KEY_BYTES]);
        entropy.fill(&mut *material);
        Self::new(id, material, now)
    }
}

impl KeyRing {
    /// Returns a ring with one new key.
    pub fn generate(entropy: &dyn Entropy, now: Timestamp) -> Self {
        Self { keys: vec![WrappingKey::generate(entropy, now)], active: 0, is_in_use: false, has_sealed_rows: false }
    }

    /// Adds a new key and makes it the active one. The other keys still open values.
    pub fn add_key(&mut self, entropy: &dyn Entropy, now: Timestamp) {
        self.keys.push(WrappingKey::generate(entropy, now));
        self.active = self.keys.len() - 1;
    }

    /// Returns the keys, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = WrappingKeyInfo> {
        let fact = |(place, key): (usize, &WrappingKey)| WrappingKeyInfo {
            id: key.id,
            created_at: key.created_at,
            is_active: place == self.active,
        };
        self.keys.iter().enumerate().filter(|(_, key)| !key.is_retired).map(fact)
    }

    /// Returns the id of the key that wraps new values.
    pub fn active_id(&self) -> KeyId {
        self.active().id
    }

    /// Returns whether the ring has sealed a database. Such a ring never begins with an empty one: a database that is
    /// missing beside it was lost.
    pub fn is_in_use(&self) -> bool {
        self.is_in_use
    }

    /// Returns a copy of the ring that says that it has sealed a database.
    #[must_use]
    pub fn marked_in_use(&self) -> Self {
        Self { is_in_use: true, ..self.copy() }
    }

    /// Returns whether every row of the database that needs a seal has one. If not, an earlier version wrote the rows.
    pub fn has_sealed_rows(&self) -> bool {
        self.has_sealed_rows
    }

    /// Returns a copy of the ring that says that the rows have seals.
    #[must_use]
    pub fn marked_with_sealed_rows(&self) -> Self {
        Self { has_sealed_rows: true, ..self.copy() }
    }

    /// Returns a copy of the ring with a new active key.
    #[must_use]
    pub fn with_new_key(&self, entropy: &dyn Entropy, now: Timestamp) -> Self {
        let mut ring = self.copy();
        ring.add_key(entropy, now);
        ring
    }

    /// Returns a copy of the ring with a new key that does not wrap anything yet, for servers that must all have it before one of
    /// them uses it.
    #[must_use]
    pub fn with_pending_key(&self, entropy: &dyn Entropy, now: Timestamp) -> Self {
        let mut ring = self.copy();
        ring.keys.push(WrappingKey::generate(entropy, now));
        ring
    }

    /// Returns the newest key that was added after the active one and does not wrap anything yet; none if there is none.
    pub fn pending_id(&self) -> Option<KeyId> {
        self.keys.iter().skip(self.active + 1).rfind(|key| !key.is_retired).map(|key| key.id)
    }

    /// Returns a copy of the ring in which a key is the active one; none if the ring does not have it.
    #[must_use]
    pub fn activated(&self, id: KeyId) -> Option<Self> {
        let active = self.keys.iter().position(|key| key.id == id && !key.is_retired)?;
        Some(Self { active, ..self.copy() })
    }

    /// Returns the ring of a file that was changed, for a process that uses this ring. Keys that the file no longer has still open
    /// values until the process ends. The key that is active stays that if the file has it.
    #[must_use]
    pub fn replaced_by(&self, file: &Self) -> Self {
        let mut ring = file.activated(self.active_id()).unwrap_or_else(|| file.copy());
        let gone = self.copy().keys.into_iter().filter(|key| file.find(key.id).is_none());
        let gone = gone.map(|key| WrappingKey { is_retired: true, ..key }).collect::<Vec<_>>();
        ring.active += gone.len();
        ring.keys.splice(0..0, gone);
        ring.is_in_use |= self.is_in_use;
        ring.has_sealed_rows |= self.has_sealed_rows;
        ring
    }

    /// Returns a copy of the ring without a key; none if the key is active or not in the ring. The copy still opens values
    /// of the key, for calls that read them before; its file no longer contains the key.
    #[must_use]
    pub fn without_key(&self, id: KeyId) -> Option<Self> {
        if id == self.active_id() {
            return None;
        }
        let mut ring = self.copy();
        let key = ring.keys.iter_mut().find(|key| key.id == id && !key.is_retired)?;
        key.is_retired = true;
        Some(ring)
    }

    fn copy(&self) -> Self {
        let copy = |key: &WrappingKey| WrappingKey {
            is_retired: key.is_retired,
            ..WrappingKey::new(key.id, key.material.clone(), key.created_at)
        };
        Self {
            keys: self.keys.iter().map(copy).collect(),
            active: self.active,
            is_in_use: self.is_in_use,
            has_sealed_rows: self.has_sealed_rows,
        }
    }

    /// Parses the content of a key ring file.
    ///
    /// # Errors
    /// [`KeyRingError::Malformed`] if it is not a key ring. The message does not quote the content.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let malformed = |what: &str| KeyRingError::Malformed(what.to_owned());
        let file: KeyRingFile = serde_json::from_str(text)
            // The message of serde may quote a key: report only the position.
            .map_err(|error| malformed(&format!("line {}, column {}", error.line(), error.column())))?;
        if file.format != FORMAT {
            return Err(malformed("its format belongs to another version of Patchbay"));
        }
        let mut keys: Vec<WrappingKey> = Vec::with_capacity(file.keys.len());
        for key in &file.keys {
            let id =
                key.id.parse::<KeyId>().ok().ok_or_else(|| malformed("a key's id is not 16 hexadecimal digits"))?;
            if keys.iter().any(|known| known.id == id) {
                return Err(malformed("two keys have the same id"));
            }
            let bytes = Zeroizing::new(STANDARD.decode(&key.key).map_err(|_| malformed("a key is not base64"))?);
            let material =
                <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| malformed("a key is not 32 bytes long"))?;
            keys.push(WrappingKey::new(id, Zeroizing::new(material), key.created_at));
        }
        let active = file
            .active
            .parse::<KeyId>()
            .ok()
            .and_then(|id| keys.iter().position(|key| key.id == id))
            .ok_or_else(|| malformed("its active key is not one of its keys"))?;
        Ok(Self { keys, active, is_in_use: file.in_use, has_sealed_rows: file.sealed_rows })
    }

    /// Returns the content of the key ring file.
    #[expect(clippy::missing_panics_doc, reason = "strings and times always serialize, and JSON is UTF-8")]
    pub fn to_text(&self) -> Zeroizing<String> {
        let file = KeyRingFile {
            format: FORMAT.to_owned(),
            active: self.active_id().to_string(),
            in_use: self.is_in_use,
            sealed_rows: self.has_sealed_rows,
            keys: self
                .keys
                .iter()
                .filter(|key| !key.is_retired)
                .map(|key| FileKey {
                    id: key.id.to_string(),
                    key: STANDARD.encode(key.material.as_slice()),
                    created_at: key.created_at,
                })
                .collect(),
        };
        // The capacity is enough for the whole file: a buffer that grows leaves copies of keys in freed memory.
        let mut bytes = Zeroizing::new(Vec::with_capacity(256 * (1 + self.keys.len())));
        serde_json::to_writer_pretty(&mut *bytes, &file).expect("strings and times always serialize");
        bytes.push(b'\n');
        Zeroizing::new(String::from_utf8(std::mem::take(&mut *bytes)).expect("JSON is UTF-8"))
    }

    pub(crate) fn active(&self) -> &WrappingKey {
        &self.keys[self.active]
    }

    pub(crate) fn find(&self, id: KeyId) -> Option<&WrappingKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} keys, active {})", self.keys.len(), self.active_id())
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    fn ring() -> KeyRing {
        KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0))
    }

    #[test]
    fn a_written_ring_parses_back() {
        let mut ring = ring();
        ring.add_key(&SeededEntropy::new(2), Timestamp::from_micros(1));
        let again = KeyRing::parse(&ring.to_text()).unwrap();
        assert_eq!(*again.to_text(), *ring.to_text());
        assert_eq!(again.active().id, ring.active().id);
    }

    #[test]
    fn the_mark_is_kept_by_every_change_of_the_keys() {
        let (fresh, entropy, now) = (ring(), SeededEntropy::new(2), Timestamp::from_micros(1));
        let text = fresh.to_text();
        assert!(!text.contains("in_use") && !text.contains("sealed_rows"), "earlier versions read a fresh ring");
        assert!(!fresh.is_in_use() && !fresh.has_sealed_rows());
        let marked = fresh.marked_with_sealed_rows().marked_in_use();
        let rotated = marked.with_new_key(&entropy, now);
        let smaller = rotated.without_key(fresh.active_id()).unwrap();
        for ring in [&marked, &rotated, &smaller] {
            let parsed = KeyRing::parse(&ring.to_text()).unwrap();
            assert!(parsed.is_in_use() && parsed.has_sealed_rows());
        }
    }

    #[test]
    fn a_pending_key_wraps_nothing_until_it_is_activated() {
        let (first, entropy, now) = (ring(), SeededEntropy::new(2), Timestamp::from_micros(1));
        assert_eq!(first.pending_id(), None);
        let pending = KeyRing::parse(&first.with_pending_key(&entropy, now).to_text()).unwrap();
        let new = pending.pending_id().unwrap();
        assert_eq!(pending.active_id(), first.active_id());
        let active = pending.activated(new).unwrap();
        assert_eq!((active.active_id(), active.pending_id()), (new, None));
        assert!(first.activated(new).is_none());
    }

    #[test]
    fn a_changed_file_takes_no_key_from_a_process_that_uses_it() {
        let (old, entropy, now) = (ring(), SeededEntropy::new(2), Timestamp::from_micros(1));
        let pending = old.with_pending_key(&entropy, now);
        let new = pending.pending_id().unwrap();
        let ids = |ring: &KeyRing| ring.keys().map(|key| key.id).collect::<Vec<_>>();
        let read = old.replaced_by(&pending);
        assert_eq!((ids(&read), read.active_id()), (vec![old.active_id(), new], old.active_id()));
        // Activated here, and not yet in the file.
        let active = pending.activated(new).unwrap();
        assert_eq!(active.replaced_by(&pending).active_id(), new);
        // The old key is retired in the file.
        let smaller = KeyRing::parse(&active.without_key(old.active_id()).unwrap().to_text()).unwrap();
        for used in [&active, &pending] {
            let read = used.replaced_by(&smaller);
            assert_eq!((ids(&read), read.active_id()), (vec![new], new));
            assert!(read.find(old.active_id()).is_some(), "it still opens values");
        }
    }

    #[test]
    fn the_file_fits_into_the_reserved_capacity() {
        let mut ring = ring();
        for seed in 2..20 {
            ring.add_key(&SeededEntropy::new(seed), Timestamp::from_micros(1));
            assert!(ring.to_text().len() <= 256 * (1 + ring.keys.len()));
        }
    }

    #[test]
    fn rejects_other_content_without_quoting_it() {
        let text = ring().to_text();
        let key =
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["keys"][0]["key"].as_str().unwrap().to_owned();
        for (broken, part) in [
            (text.replace("keyring-1", "keyring-9"), "another version"),
            (text.replace(&key, "AAAA"), "32 bytes"),
            (text.replace(&key, "%%%"), "base64"),
            (text.replace("\"active\": \"", "\"active\": \"f"), "active key"),
            (text.replace('}', ""), "line"),
            (String::new(), "line"),
        ] {
            let message = KeyRing::parse(&broken).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
            assert!(!message.contains(&key));
        }
        assert!(!format!("{:?}", ring()).contains(&key));
    }
}

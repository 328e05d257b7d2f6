//! Ciphertexts as opaque values.

use std::{fmt, str::FromStr};

/// An envelope that the vault sealed. It is safe to store; only the key ring opens it.
///
/// Its bytes begin with the format's version and the wrapping key's id ([`Sealed::key_id`]); only the vault reads
/// the rest (`docs/operate/vault-format.md`).
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Wraps the bytes of an envelope, from the vault or from storage.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the envelope's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the id of the key that wraps it; none if it is too short to be an envelope.
    pub fn key_id(&self) -> Option<KeyId> {
        self.0.get(1..=KeyId::LENGTH_BYTES)?.try_into().ok().map(KeyId)
    }
}

/// The id of a wrapping key of the key ring, displayed as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; Self::LENGTH_BYTES]);

impl KeyId {
    /// Its length in bytes. Every envelope contains it after the version byte.
    pub const LENGTH_BYTES: usize = 8;
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// The error of a string that is not a key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a key is 16 hexadecimal digits; see `patchbay keyring status`")]
pub struct InvalidKeyId;

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        let is_id = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_id.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(|number| Self(number.to_be_bytes())).ok_or(InvalidKeyId)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_no_bytes() {
        assert_eq!(format!("{:?}", Sealed::from_bytes(vec![65; 3])), "Sealed(3 bytes)");
    }

    #[test]
    fn an_envelope_has_the_id_of_its_key() {
        let id: KeyId = "00000000000000ff".parse().unwrap();
        assert_eq!(id.to_string(), "00000000000000ff");
        assert_eq!(Sealed::from_bytes([&[1][..], &id.0, &[9; 3]].concat()).key_id(), Some(id));
        assert_eq!(Sealed::from_bytes(vec![1; 8]).key_id(), None);
        for wrong in ["", "ff", "00000000000000fg", "+0000000000000ff", "00000000000000ff0"] {
            assert_eq!(wrong.parse::<KeyId>(), Err(InvalidKeyId), "{wrong}");
        }
    }
}

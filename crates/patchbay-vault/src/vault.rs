//! The vault seals secrets and opens them.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{Context, SHA256, digest};
use patchbay_model::{Entropy, KeyHash, Sealed};
use zeroize::Zeroizing;

use crate::{
    AddressBinding, BoundSecret, KeyRing, SealContext, Secret, VaultError,
    envelope::{self, Version},
};

const CANARY_PLAINTEXT: &str = "patchbay";

/// Seals secrets and opens them.
pub struct Vault {
    ring: ArcSwap<KeyRing>,
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    /// Returns a vault with these keys. `entropy` gives data keys and nonces: in production it must be [`crate::OsEntropy`].
    pub fn new(ring: KeyRing, entropy: Arc<dyn Entropy>) -> Self {
        Self { ring: ArcSwap::from_pointee(ring), entropy }
    }

    /// Returns the current key ring.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }

    /// Replaces the key ring. Its file must be on the disk: values that are sealed from now on need it.
    pub fn replace_ring(&self, ring: KeyRing) {
        self.ring.store(Arc::new(ring));
    }

    /// Seals a secret for one place.
    pub fn seal(&self, context: &SealContext<'_>, plaintext: &Secret) -> Sealed {
        let plaintext = plaintext.expose().as_bytes();
        envelope::seal(&self.ring.load(), &*self.entropy, Version::Plain, &context.bytes(), plaintext)
    }

    /// Seals a secret for one place, with the values that it was entered for.
    pub fn seal_bound(&self, context: &SealContext<'_>, binding: &AddressBinding, secret: &Secret) -> Sealed {
        let plaintext = binding.joined_with(secret.expose().as_bytes());
        envelope::seal(&self.ring.load(), &*self.entropy, Version::Bound, &context.bytes(), &plaintext)
    }

    /// Opens a value that was sealed for this place and is not bound to an address.
    ///
    /// # Errors
    /// [`VaultError`] if the value is truncated, changed, sealed for another place, wrapped by a key that is not in the
    /// ring, or bound to an address.
    pub fn open(&self, context: &SealContext<'_>, sealed: &Sealed) -> Result<Secret, VaultError> {
        match self.open_bound(context, sealed)? {
            BoundSecret { secret, binding: None } => Ok(secret),
            BoundSecret { .. } => Err(VaultError::Bound),
        }
    }

    /// Opens a value that was sealed for this place, and returns what it is bound to. The caller compares that with the
    /// values of today before the secret is sent.
    ///
    /// # Errors
    /// [`VaultError`] if the value is truncated, changed, sealed for another place, or wrapped by a key that is not in the
    /// ring.
    pub fn open_bound(&self, context: &SealContext<'_>, sealed: &Sealed) -> Result<BoundSecret, VaultError> {
        let mut bytes = envelope::open(&self.ring.load(), &context.bytes(), sealed)?;
        let (binding, secret) = match Version::of(sealed)? {
            Version::Plain => (None, std::mem::take(&mut *bytes)),
            Version::Bound => {
                let (binding, secret) = AddressBinding::split(&bytes).ok_or(VaultError::NotAuthentic)?;
                (Some(binding), secret.to_vec())
            }
        };
        let secret = String::from_utf8(secret).map(Secret::new).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            VaultError::NotAuthentic
        })?;
        Ok(BoundSecret { secret, binding })
    }

    /// Seals a value again with the active key and a new data key; none if the active key already wraps it. The ciphertext
    /// is bound to the id of the wrapping key, so wrapping only the data key again is not enough. What the secret is bound to
    /// stays.
    ///
    /// # Errors
    /// [`VaultError`] if the value does not open.
    pub fn reseal(&self, context: &SealContext<'_>, sealed: &Sealed) -> Result<Option<Sealed>, VaultError> {
        let (ring, context) = (self.ring.load(), context.bytes());
        if sealed.key_id() == Some(ring.active_id()) {
            return Ok(None);
        }
        let plaintext = envelope::open(&ring, &context, sealed)?;
        Ok(Some(envelope::seal(&ring, &*self.entropy, Version::of(sealed)?, &context, &plaintext)))
    }

    /// Seals the canary: a stored value that only this key ring opens.
    pub fn canary(&self) -> Sealed {
        self.seal(&SealContext::Canary, &Secret::new(CANARY_PLAINTEXT))
    }

    /// Checks that this key ring sealed the canary.
    ///
    /// # Errors
    /// [`VaultError::WrongKeyRing`] if it did not; another [`VaultError`] if the canary is damaged.
    pub fn check_canary(&self, canary: &Sealed) -> Result<(), VaultError> {
        match self.open(&SealContext::Canary, canary) {
            Ok(secret) if secret.expose() == CANARY_PLAINTEXT => Ok(()),
            Ok(_) | Err(VaultError::NotAuthentic | VaultError::UnknownKey(_)) => Err(VaultError::WrongKeyRing),
            Err(other) => Err(other),
        }
    }

    /// Returns the SHA-256 hash (FIPS 180-4) of a key or token. Only the hash is stored. Keys and tokens have 256 random
    /// bits, so a fast hash is enough.
    pub fn hash_token(text: &str) -> KeyHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        KeyHash(hash)
    }

    /// Returns the SHA-256 hash of several parts, each after its length, so that the hashes of two lists always differ.
    pub fn hash_parts(parts: &[&[u8]]) -> KeyHash {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        KeyHash(hash)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({:?})", self.ring.load())
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{Timestamp, testing::SeededEntropy};

    use super::*;

    #[test]
    fn parts_with_equal_concatenations_have_different_hashes() {
        assert_eq!(Vault::hash_parts(&[b"ab", b"c"]).0, Vault::hash_parts(&[b"ab", b"c"]).0);
        assert_ne!(Vault::hash_parts(&[b"ab", b"c"]).0, Vault::hash_parts(&[b"a", b"bc"]).0);
        assert_ne!(Vault::hash_parts(&[b"ab"]).0, Vault::hash_parts(&[b"ab", b""]).0);
    }

    #[test]
    fn tokens_are_hashed_with_sha_256() {
        // FIPS 180-2, appendix B.1.
        let expected = [
            0xBA, 0x78, 0x16, 0xBF, 0x8F, 0x01, 0xCF, 0xEA, 0x41, 0x41, 0x40, 0xDE, 0x5D, 0xAE, 0x22, 0x23, 0xB0, 0x03,
            0x61, 0xA3, 0x96, 0x17, 0x7A, 0x9C, 0xB4, 0x10, 0xFF, 0x61, 0xF2, 0x00, 0x15, 0xAD,
        ];
        assert_eq!(Vault::hash_token("abc"), KeyHash(expected));
    }

    #[test]
    fn debug_prints_no_key() {
        let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
        let text = ring.to_text();
        let key = text.split('"').find(|part| part.len() == 44).unwrap().to_owned();
        let shown = format!("{:?}", Vault::new(ring, Arc::new(SeededEntropy::new(2))));
        assert!(shown.starts_with("Vault(KeyRing(1 keys, active ") && !shown.contains(&key), "{shown}");
    }
}

//! The bytes of an envelope (`docs/operate/vault-format.md`). Versions 1 and 2 have the same layout. The plaintext of version 2
//! begins with the values that the secret was entered for ([`AddressBinding`](crate::AddressBinding)).
//!
//! ```text
//! version(1) key-id(8) wrap-nonce(12) wrapped-data-key(32+16) data-nonce(12) ciphertext(n+16)
//! ```
//!
//! Both encryptions are AES-256-GCM (NIST SP 800-38D) with `version ‖ key-id ‖ purpose ‖ context` as additional data, so
//! that no part of an envelope is valid in another one.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use patchbay_model::{Entropy, KeyId, Sealed};
use zeroize::Zeroizing;

use crate::{KeyRing, VaultError, key_ring::WrappingKey};

/// What the plaintext of an envelope consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// The secret.
    Plain = 1,
    /// The values that the secret was entered for, and the secret.
    Bound = 2,
}

impl Version {
    /// Returns the version of an envelope.
    pub(crate) fn of(sealed: &Sealed) -> Result<Self, VaultError> {
        match sealed.as_bytes().first() {
            None => Err(VaultError::Truncated),
            Some(1) => Ok(Self::Plain),
            Some(2) => Ok(Self::Bound),
            Some(version) => Err(VaultError::UnknownVersion(*version)),
        }
    }
}

const TAG_BYTES: usize = 16;
const DATA_KEY_BYTES: usize = 32;
const WRAP_NONCE_OFFSET: usize = 1 + KeyId::LENGTH_BYTES;
const WRAPPED_KEY_OFFSET: usize = WRAP_NONCE_OFFSET + NONCE_LEN;
const DATA_NONCE_OFFSET: usize = WRAPPED_KEY_OFFSET + DATA_KEY_BYTES + TAG_BYTES;
const CIPHERTEXT_OFFSET: usize = DATA_NONCE_OFFSET + NONCE_LEN;
/// The length of an envelope with an empty plaintext.
const MIN_ENVELOPE_BYTES: usize = CIPHERTEXT_OFFSET + TAG_BYTES;

#[derive(Clone, Copy)]
enum Purpose {
    DataKey,
    Data,
}

pub(crate) fn seal(
    ring: &KeyRing,
    entropy: &dyn Entropy,
    version: Version,
    context: &[u8],
    plaintext: &[u8],
) -> Sealed {
    let wrapping = ring.active();
    let mut data_key = Zeroizing::new([0; DATA_KEY_BYTES]);
    entropy.fill(&mut *data_key);
    let (mut wrap_nonce, mut data_nonce) = ([0; NONCE_LEN], [0; NONCE_LEN]);
    entropy.fill(&mut wrap_nonce);
    entropy.fill(&mut data_nonce);

    let mut bytes = Vec::with_capacity(MIN_ENVELOPE_BYTES + plaintext.len());
    bytes.push(version as u8);
    bytes.extend_from_slice(&wrapping.id.0);
    bytes.extend_from_slice(&wrap_nonce);
    append(&mut bytes, &wrapping.aead, wrap_nonce, &aad(version, wrapping, Purpose::DataKey, context), &*data_key);
    bytes.extend_from_slice(&data_nonce);
    append(&mut bytes, &data_aead(&data_key), data_nonce, &aad(version, wrapping, Purpose::Data, context), plaintext);
    Sealed::from_bytes(bytes)
}

pub(crate) fn open(ring: &KeyRing, context: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let bytes = sealed.as_bytes();
    let version = Version::of(sealed)?;
    if bytes.len() < MIN_ENVELOPE_BYTES {
        return Err(VaultError::Truncated);
    }
    let id = KeyId(take(bytes, 1));
    let wrapping = ring.find(id).ok_or(VaultError::UnknownKey(id))?;

    let mut wrapped = Zeroizing::new(take::<{ DATA_KEY_BYTES + TAG_BYTES }>(bytes, WRAPPED_KEY_OFFSET));
    let data_key = wrapping
        .aead
        .open_in_place(
            nonce(bytes, WRAP_NONCE_OFFSET),
            Aad::from(aad(version, wrapping, Purpose::DataKey, context)),
            &mut *wrapped,
        )
        .map_err(|_| VaultError::NotAuthentic)?;
    let data_key = Zeroizing::new(<[u8; DATA_KEY_BYTES]>::try_from(&*data_key).map_err(|_| VaultError::NotAuthentic)?);

    let mut data = Zeroizing::new(bytes[CIPHERTEXT_OFFSET..].to_vec());
    let length = data_aead(&data_key)
        .open_in_place(
            nonce(bytes, DATA_NONCE_OFFSET),
            Aad::from(aad(version, wrapping, Purpose::Data, context)),
            &mut data,
        )
        .map_err(|_| VaultError::NotAuthentic)?
        .len();
    data.truncate(length);
    Ok(data)
}

fn append(bytes: &mut Vec<u8>, key: &LessSafeKey, nonce: [u8; NONCE_LEN], aad: &[u8], plaintext: &[u8]) {
    let start = bytes.len();
    bytes.extend_from_slice(plaintext);
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut bytes[start..])
        .expect("AES-GCM seals every plaintext shorter than 64 GiB");
    bytes.extend_from_slice(tag.as_ref());
}

fn aad(version: Version, wrapping: &WrappingKey, purpose: Purpose, context: &[u8]) -> Vec<u8> {
    let mut aad = Vec::with_capacity(2 + KeyId::LENGTH_BYTES + context.len());
    aad.push(version as u8);
    aad.extend_from_slice(&wrapping.id.0);
    aad.push(match purpose {
        Purpose::DataKey => b'k',
        Purpose::Data => b'd',
    });
    aad.extend_from_slice(context);
    aad
}

fn data_aead(key: &[u8; DATA_KEY_BYTES]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("every 32 bytes are an AES-256 key"))
}

fn nonce(bytes: &[u8], at: usize) -> Nonce {
    Nonce::assume_unique_for_key(take::<NONCE_LEN>(bytes, at))
}

/// Returns `N` bytes from `at`. The caller has checked the length.
fn take<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut taken = [0; N];
    taken.copy_from_slice(&bytes[at..at + N]);
    taken
}

//! The values that a secret was entered for: those that decide where it is sent.
//!
//! A credential is entered for an address, for example `https://crm.example.com` with its API key. If the address could
//! change and the key stayed, the key would go to the person who chose the new address. So the envelope of the key contains the
//! hash of each value that shaped the address. It is inside of the ciphertext: nobody without the key ring can read it,
//! change it or separate it from the secret, and a rotation keeps it without knowing what it means.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::Secret;

const HASH_BYTES: usize = 32;

/// The hashes of the values that decide where a secret is sent, by name. An absent value has a hash of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressBinding(BTreeMap<String, [u8; HASH_BYTES]>);

impl AddressBinding {
    /// Returns the binding to these values.
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        // A longer name does not fit its length of two bytes; no field has one.
        let fitting = values.into_iter().filter(|(name, _)| u16::try_from(name.len()).is_ok());
        Self(fitting.map(|(name, value)| (name.to_owned(), hash(value))).collect())
    }

    /// Returns true if the secret is bound to the value of this name.
    pub fn covers(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the first name whose value is another one now.
    pub fn changed(&self, mut value_of: impl FnMut(&str) -> Option<Zeroizing<String>>) -> Option<&str> {
        let is_other = |(name, expected): &(&String, &[u8; HASH_BYTES])| {
            hash(value_of(name).as_ref().map(|value| value.as_str())) != **expected
        };
        self.0.iter().find(is_other).map(|(name, _)| name.as_str())
    }

    /// Returns this binding with those of `other` whose names it does not have.
    #[must_use]
    pub fn extended_with(mut self, other: &Self) -> Self {
        for (name, hash) in &other.0 {
            self.0.entry(name.clone()).or_insert(*hash);
        }
        self
    }

    /// Returns `names(4) [name-length(2) name hash(32)]… secret`: the plaintext of an envelope of version 2.
    pub(crate) fn joined_with(&self, secret: &[u8]) -> Zeroizing<Vec<u8>> {
        let length = self.0.keys().map(|name| 2 + name.len() + HASH_BYTES).sum::<usize>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(4 + length + secret.len()));
        bytes.extend_from_slice(&u32::try_from(self.0.len()).unwrap_or(u32::MAX).to_be_bytes());
        for (name, hash) in &self.0 {
            bytes.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(hash);
        }
        bytes.extend_from_slice(secret);
        bytes
    }

    /// Separates the plaintext of an envelope of version 2 into the binding and the secret; none if it is malformed.
    pub(crate) fn split(plaintext: &[u8]) -> Option<(Self, &[u8])> {
        let (count, mut rest) = plaintext.split_first_chunk::<4>()?;
        let mut names = BTreeMap::new();
        for _ in 0..u32::from_be_bytes(*count) {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (name, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let (hash, after) = after.split_first_chunk::<HASH_BYTES>()?;
            names.insert(std::str::from_utf8(name).ok()?.to_owned(), *hash);
            rest = after;
        }
        Some((Self(names), rest))
    }
}

/// A secret with the values that it was entered for. It must not be sent before they were compared with the values of
/// today.
#[derive(Debug)]
pub struct BoundSecret {
    /// The secret.
    pub secret: Secret,
    /// What it is bound to; none if a version of Patchbay sealed it that did not bind secrets to addresses.
    pub binding: Option<AddressBinding>,
}

fn hash(value: Option<&str>) -> [u8; HASH_BYTES] {
    let mut tagged = Zeroizing::new(Vec::with_capacity(1 + value.map_or(0, str::len)));
    tagged.push(u8::from(value.is_some()));
    tagged.extend_from_slice(value.unwrap_or_default().as_bytes());
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(digest(&SHA256, &tagged).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[test]
    fn a_changed_added_or_removed_value_is_found() {
        let binding = AddressBinding::of([("site", Some("a.example")), ("port", None)]);
        let at = |site: Option<&str>, port: Option<&str>| {
            let of = |name: &str| if name == "site" { site } else { port };
            binding.changed(|name| of(name).map(value)).map(str::to_owned)
        };
        assert_eq!(at(Some("a.example"), None), None);
        assert_eq!(at(Some("b.example"), None).as_deref(), Some("site"));
        assert_eq!(at(None, None).as_deref(), Some("site"));
        assert_eq!(at(Some("a.example"), Some("")).as_deref(), Some("port"), "an empty value is not an absent one");
    }

    #[test]
    fn an_extension_never_replaces() {
        let old = AddressBinding::of([("site", Some("a"))]);
        let extended = old.clone().extended_with(&AddressBinding::of([("site", Some("b")), ("port", Some("1"))]));
        assert_eq!(extended, AddressBinding::of([("site", Some("a")), ("port", Some("1"))]));
        assert!(old.covers("site") && !old.covers("port"));
    }

    proptest! {
        #[test]
        fn plaintexts_split_as_they_were_joined(
            values in proptest::collection::btree_map(".{0,40}", proptest::option::of(".{0,40}"), 0..6),
            secret in any::<Vec<u8>>(),
        ) {
            let pairs = values.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
            let binding = AddressBinding::of(pairs);
            let joined = binding.joined_with(&secret);
            prop_assert_eq!(AddressBinding::split(&joined), Some((binding, &secret[..])));
        }

        #[test]
        fn arbitrary_plaintexts_do_not_panic(bytes in any::<Vec<u8>>()) {
            let split = AddressBinding::split(&bytes);
            prop_assert!(split.is_none_or(|(_, secret)| secret.len() + 4 <= bytes.len()));
        }
    }
}

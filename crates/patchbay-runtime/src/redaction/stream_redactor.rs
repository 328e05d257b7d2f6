//! Redacts secrets in a stream of bytes. Each secret is masked byte by byte, so that a file keeps its length. The end of
//! a chunk is held back, because a secret can continue in the next chunk.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use zeroize::Zeroizing;

/// The minimum length of a secret, in bytes; a shorter one would match unrelated bytes of a large file.
const MIN_SECRET_BYTES: usize = 8;
/// The byte that replaces each byte of a secret.
const MASK_BYTE: u8 = b'*';

/// Masks the secrets of one account in one file.
pub struct StreamRedactor {
    needles: Vec<Zeroizing<String>>,
    /// The number of bytes to hold back: the longest secret without its last byte.
    lookback: usize,
    held: BytesMut,
    /// The number of held bytes that belong to a secret that began earlier.
    masked_prefix: usize,
}

impl StreamRedactor {
    /// Creates a redactor of these encodings of secrets.
    pub(super) fn new<'a>(encodings: impl Iterator<Item = &'a str>) -> Self {
        let long = encodings.filter(|encoding| encoding.len() >= MIN_SECRET_BYTES);
        let needles = long.map(|encoding| Zeroizing::new(encoding.to_owned())).collect::<Vec<_>>();
        let lookback = needles.iter().map(|needle| needle.len() - 1).max().unwrap_or(0);
        Self { needles, lookback, held: BytesMut::new(), masked_prefix: 0 }
    }

    /// Adds a chunk and returns the bytes that are ready, possibly none.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.needles.is_empty() {
            return chunk;
        }
        self.held.extend_from_slice(&chunk);
        self.release(self.held.len().saturating_sub(self.lookback))
    }

    /// Returns the bytes that were held back, at the end of the stream.
    pub fn finish(&mut self) -> Bytes {
        self.release(self.held.len())
    }

    /// Masks the secrets in the first `end` held bytes and returns these bytes.
    fn release(&mut self, end: usize) -> Bytes {
        let mut secrets = vec![(0, self.masked_prefix)];
        for needle in &self.needles {
            let finder = Finder::new(needle.as_bytes());
            secrets.extend(finder.find_iter(&self.held).map(|start| (start, start + needle.len())));
        }
        let mut released = self.held.split_to(end);
        self.masked_prefix = 0;
        for (start, stop) in secrets.into_iter().filter(|(start, stop)| *start < end && start < stop) {
            released[start..stop.min(end)].fill(MASK_BYTE);
            self.masked_prefix = self.masked_prefix.max(stop.saturating_sub(end));
        }
        released.freeze()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(secrets: &[&str], chunks: &[&[u8]]) -> Vec<u8> {
        let mut redactor = StreamRedactor::new(secrets.iter().copied());
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&redactor.push(Bytes::copy_from_slice(chunk)));
        }
        out.extend_from_slice(&redactor.finish());
        out
    }

    #[test]
    fn secrets_are_masked_across_chunks_and_within_longer_secrets() {
        let secrets = ["secret-1234", "secret-1234-long", "short"];
        assert_eq!(masked(&secrets, &[b"a secret-1234 b short"]), b"a *********** b short");
        assert_eq!(masked(&secrets, &[b"a secr", b"et-12", b"34 b"]), b"a *********** b");
        assert_eq!(masked(&secrets, &[b"secret-1234", b"-lo", b"ng!"]), b"****************!");
        assert_eq!(masked(&[], &[b"a", b"b"]), b"ab");
    }

    proptest! {
        #[test]
        fn every_division_into_chunks_masks_all_secrets(text in "[ab]{0,60}", cuts in prop::collection::vec(0_usize..60, 0..8)) {
            let secrets = ["abababab", "aabbaabbab", "bbbbbbbbb"];
            let mut cuts = cuts.into_iter().filter(|cut| *cut < text.len()).collect::<Vec<_>>();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let chunks = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect::<Vec<_>>();
            let out = masked(&secrets, &chunks);
            prop_assert_eq!(out.len(), text.len());
            for secret in secrets {
                for start in 0..text.len() {
                    if text[start..].starts_with(secret) {
                        prop_assert!(out[start..start + secret.len()].contains(&MASK_BYTE));
                    }
                }
            }
            let left = String::from_utf8(out).unwrap();
            prop_assert!(secrets.iter().all(|secret| !left.contains(secret)));
        }
    }
}

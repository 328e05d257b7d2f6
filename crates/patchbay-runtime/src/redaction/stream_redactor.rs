//! Redacts secrets in a stream of bytes. Each secret is masked byte by byte, so that a file keeps its length. Bytes that may
//! be the beginning of a secret are held back until the next chunk: at most 128 for each character of the longest secret.

use bytes::{Bytes, BytesMut};

use super::matcher::{Matcher, Scan};

/// The minimum length of a secret, in bytes, and of its base64 and hexadecimal digits; a shorter one would match unrelated
/// bytes of a large file.
const MIN_SECRET_BYTES: usize = 8;
/// The byte that replaces each byte of a secret.
const MASK_BYTE: u8 = b'*';

/// Masks the secrets of one account in one file.
pub struct StreamRedactor {
    matcher: Box<Matcher>,
    scan: Scan,
    held: BytesMut,
    /// The number of held bytes that are searched.
    searched: usize,
}

impl StreamRedactor {
    /// Creates a redactor of these secrets.
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a str> + Clone) -> Self {
        let matcher = Box::new(Matcher::new(secrets, MIN_SECRET_BYTES));
        Self { matcher, scan: Scan::default(), held: BytesMut::new(), searched: 0 }
    }

    /// Adds a chunk and returns the bytes that are ready, possibly none.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.matcher.is_empty() {
            return chunk;
        }
        if self.held.is_empty() {
            let searched = self.matcher.scan(&mut self.scan, &chunk, 0, false);
            if self.scan.first_open(searched) == chunk.len() && !self.scan.has_found() {
                self.scan.forget(chunk.len());
                return chunk;
            }
            self.held.extend_from_slice(&chunk);
            return self.release(searched);
        }
        self.held.extend_from_slice(&chunk);
        let searched = self.matcher.scan(&mut self.scan, &self.held, self.searched, false);
        self.release(searched)
    }

    /// Returns the bytes that were held back, at the end of the stream.
    pub fn finish(&mut self) -> Bytes {
        self.matcher.scan(&mut self.scan, &self.held, self.searched, true);
        let mut rest = self.held.split();
        self.scan.release(&mut rest, MASK_BYTE);
        self.scan = Scan::default();
        rest.freeze()
    }

    /// Returns the bytes that cannot belong to a secret that is not found yet, with the found secrets masked.
    fn release(&mut self, searched: usize) -> Bytes {
        let end = self.scan.first_open(searched);
        self.searched = searched - end;
        let mut released = self.held.split_to(end);
        self.scan.release(&mut released, MASK_BYTE);
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

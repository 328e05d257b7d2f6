//! Randomness as a parameter.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// A source of random bytes: the operating system in the binary, a seed in tests.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes. It cannot fail: a system without randomness must not run.
    fn fill(&self, bytes: &mut [u8]);

    /// Returns a token of 256 random bits for sessions and keys, as base64url without padding (RFC 4648 section 5): 43
    /// characters.
    fn token(&self) -> String {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Returns a random UUID (version 4, RFC 9562 section 5.4).
    fn uuid(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Returns `length` characters of `A-Z a-z 0-9`, each drawn without bias.
    fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut text = String::with_capacity(length);
        let mut pool = [0; 32];
        while text.len() < length {
            self.fill(&mut pool);
            // 248 is the largest multiple of 62 in a byte: larger values would favor the first letters.
            for byte in pool.iter().filter(|byte| **byte < 248) {
                if text.len() == length {
                    break;
                }
                text.push(char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    /// Returns every byte value in turn, so that a test can count how often each letter occurs.
    struct EveryByte(AtomicU8);

    impl Entropy for EveryByte {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, Ordering::SeqCst));
        }
    }

    #[test]
    fn every_letter_is_equally_likely() {
        let text = EveryByte(AtomicU8::new(0)).alphanumeric(62 * 4);
        for letter in ('A'..='Z').chain('a'..='z').chain('0'..='9') {
            assert_eq!(text.chars().filter(|found| *found == letter).count(), 4, "{letter}");
        }
    }

    #[test]
    fn the_length_is_exact() {
        for length in [0, 1, 21, 32, 33, 100] {
            assert_eq!(EveryByte(AtomicU8::new(200)).alphanumeric(length).len(), length);
        }
    }

    #[test]
    fn a_token_has_256_bits() {
        let token = EveryByte(AtomicU8::new(0)).token();
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        assert_eq!(bytes, (0..32).collect::<Vec<u8>>());
        assert_eq!(token.len(), 43);
    }

    #[test]
    fn a_uuid_has_version_4() {
        let uuid = EveryByte(AtomicU8::new(0xF0)).uuid();
        assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, uuid::Variant::RFC4122));
    }
}

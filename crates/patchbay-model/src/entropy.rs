//! Randomness as a parameter.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Where random bytes come from: the operating system in the binary, a seed in tests.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes. Never fails: a system without randomness must not run.
    fn fill(&self, bytes: &mut [u8]);

    /// A token of 256 bits as base64url without padding (43 characters), for sessions and keys.
    fn token(&self) -> String {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A random (version 4) UUID, RFC 9562.
    fn uuid(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// `length` characters of `A-Z a-z 0-9`, each drawn without bias.
    fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut text = String::with_capacity(length);
        let mut pool = [0; 32];
        while text.len() < length {
            self.fill(&mut pool);
            // 248 is the largest multiple of 62 in a byte: larger values would favour the first letters.
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

//! Random bytes from the operating system.

use patchbay_model::Entropy;

/// Random bytes from the operating system, through AWS-LC.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is where randomness comes from")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system provides random bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_and_fill_the_whole_buffer() {
        let (mut one, mut two) = ([0; 64], [0; 64]);
        OsEntropy.fill(&mut one);
        OsEntropy.fill(&mut two);
        assert_ne!(one, two);
        // Eight zero bytes in a row come up once in 2^64 draws.
        assert!(one.chunks(8).all(|chunk| chunk != [0; 8]));
    }
}

//! Randomness from the operating system.

use patchbay_model::Entropy;

/// Random bytes from the operating system, through AWS-LC.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is where randomness comes from")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system gives randomness; without it nothing may be sealed");
    }
}

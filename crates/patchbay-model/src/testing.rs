//! A manual clock and seeded entropy, for the tests of every crate.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use crate::{Clock, Entropy, Timestamp};

/// A clock that shows the same moment until a test advances it.
#[derive(Debug)]
pub struct ManualClock {
    /// Microseconds since the Unix epoch.
    moment: AtomicI64,
    /// Microseconds that have passed.
    passed: AtomicU64,
}

impl ManualClock {
    /// Returns a clock that shows `moment` (RFC 3339).
    ///
    /// # Panics
    /// If `moment` is not RFC 3339.
    pub fn at(moment: &str) -> Self {
        let moment: Timestamp = moment.parse().expect("a test's moment is RFC 3339");
        Self { moment: AtomicI64::new(moment.as_micros()), passed: AtomicU64::new(0) }
    }

    /// Advances the clock by `seconds`. A negative number corrects the moment, and no time passes.
    pub fn advance_seconds(&self, seconds: i64) {
        self.correct_seconds(seconds);
        let passed = u64::try_from(seconds).unwrap_or_default().saturating_mul(1_000_000);
        self.passed.fetch_add(passed, Ordering::SeqCst);
    }

    /// Corrects the moment by `seconds`, as an administrator or a time server does. No time passes.
    pub fn correct_seconds(&self, seconds: i64) {
        self.moment.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.moment.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.passed.load(Ordering::SeqCst))
    }
}

/// Deterministic bytes from a seed (`SplitMix64`). Not for production.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// Returns a source that gives the same bytes for the same `seed`.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            let mut mixed = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let word = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_successive_draws_differ() {
        let (a, b) = (SeededEntropy::new(7), SeededEntropy::new(7));
        assert_eq!(a.token(), b.token());
        assert_ne!(a.token(), a.token());
        assert_eq!(a.alphanumeric(21).len(), 21);
        assert_eq!(a.uuid().get_version_num(), 4);
    }
}

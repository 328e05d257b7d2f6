//! The memory of a run's large values, from the budget of the process.
//!
//! What a run receives is counted. Beyond [`FREE_BYTES`] in total, the memory of each further response's values is reserved
//! before they are parsed, as long as the run needs them; a step keeps the reservation next to its output.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use patchbay_connector::json_tree::{self, LargeTree};
use patchbay_model::{FREE_BYTES, LARGE_VALUES, MemorySpent, Reservation};

/// The length from which a body is large, in bytes. Work on a shorter one costs less than the change of threads.
pub const LARGE_BODY_BYTES: usize = 256 * 1024;

/// The memory of a run's large values.
#[derive(Debug, Default)]
pub struct RunMemory {
    /// The number of bytes that the run has received, from its caller and its provider.
    received: AtomicUsize,
    held: Mutex<Reservation>,
}

/// Why the values of a response may not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClaimError {
    /// They would take many times the memory of their text.
    #[error(transparent)]
    Large(#[from] LargeTree),
    /// The budget of the process has no memory left for them.
    #[error(transparent)]
    Spent(#[from] MemorySpent),
}

impl RunMemory {
    /// Returns true if the values of the run are large, so that work on them leaves the thread that answers.
    pub fn is_large(&self) -> bool {
        self.received.load(Ordering::Relaxed) > LARGE_BODY_BYTES
    }

    /// Counts received bytes, and returns the new total.
    pub fn receive(&self, bytes: usize) -> usize {
        self.received.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes)
    }

    /// Keeps a reservation until the end of the run.
    pub(crate) fn hold(&self, memory: Reservation) {
        if memory.bytes() > 0 {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).absorb(memory);
        }
    }

    /// Ends the run. The reservation belongs to its result.
    pub fn into_reservation(self) -> Reservation {
        self.held.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reserves the memory of `copies` copies of the values of a JSON text, unless a run that received `total` bytes is small.
///
/// # Errors
///
/// [`ClaimError`] if the values may not be read.
pub(crate) fn claim_json(text: &[u8], total: usize, copies: usize) -> Result<Reservation, ClaimError> {
    if total <= FREE_BYTES {
        return Ok(Reservation::default());
    }
    // A text that is not JSON becomes a string.
    let bytes = json_tree::measure(text)?.max(text.len());
    Ok(LARGE_VALUES.reserve(bytes.saturating_mul(copies))?)
}

/// Reserves `bytes`, unless they are few.
///
/// # Errors
///
/// [`MemorySpent`] if the budget of the process has no memory left for them.
pub fn claim_bytes(bytes: usize) -> Result<Reservation, MemorySpent> {
    let mut memory = Reservation::default();
    memory.grow_to(bytes)?;
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_run_reserves_nothing_and_many_small_responses_do() {
        LARGE_VALUES.set_limit(1024 * 1024);
        let (run, text) = (RunMemory::default(), format!("[{}]", vec!["1"; 5_000].join(",")));
        let mut kept = Vec::new();
        for number in 0..3 {
            let total = run.receive(text.len());
            kept.push(claim_json(text.as_bytes(), total, 1).unwrap());
            assert_eq!(kept[number].bytes(), 0, "{total} bytes in total");
        }
        for _ in 0..10 {
            match claim_json(text.as_bytes(), run.receive(text.len()), 1) {
                Ok(memory) => run.hold(memory),
                Err(error) => {
                    assert!(matches!(error, ClaimError::Spent(_)), "{error}");
                    let reserved = LARGE_VALUES.reserved();
                    assert!(reserved > 500 * 1024, "{reserved}");
                    assert_eq!(run.into_reservation().bytes(), reserved);
                    assert_eq!(LARGE_VALUES.reserved(), 0);
                    return;
                }
            }
        }
        assert_eq!(LARGE_VALUES.reserved(), 0, "the budget is never spent");
    }

    #[test]
    fn values_that_take_many_times_their_text_are_told_apart() {
        let text = format!("[{}{{}}]", "{},".repeat(5_000_000));
        assert!(matches!(claim_json(text.as_bytes(), text.len(), 1), Err(ClaimError::Large(_))));
        assert_eq!(LARGE_VALUES.reserved(), 0);
    }
}

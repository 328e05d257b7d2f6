//! Delays password guesses. One password has one counter. One-time links are never delayed, so that an attacker cannot
//! lock the operator out.

use std::sync::{Mutex, PoisonError};

use patchbay_model::Timestamp;

/// The number of wrong passwords in a row without a delay.
const MAX_FREE_ATTEMPTS: u32 = 5;
/// The maximum delay, in seconds.
const MAX_WAIT_SECS: i64 = 60;

/// Counts wrong passwords in a row.
#[derive(Default)]
pub(super) struct LoginThrottle(Mutex<FailedAttempts>);

#[derive(Default)]
struct FailedAttempts {
    failures: u32,
    until: Option<Timestamp>,
}

impl LoginThrottle {
    /// Returns the seconds to wait before the next attempt; counts the attempt as failed until [`LoginThrottle::succeeded`].
    pub(super) fn begin(&self, now: Timestamp) -> Result<(), u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = state.until.filter(|until| *until > now) {
            let micros = until.as_micros().saturating_sub(now.as_micros()).unsigned_abs();
            return Err(micros.div_ceil(1_000_000));
        }
        // Counted before the check, so that concurrent attempts are delayed too.
        state.failures = state.failures.saturating_add(1);
        let over = state.failures.saturating_sub(MAX_FREE_ATTEMPTS);
        if over > 0 {
            let wait =
                1_i64.checked_shl(over).filter(|wait| (1..MAX_WAIT_SECS).contains(wait)).unwrap_or(MAX_WAIT_SECS);
            state.until = Some(now.plus_seconds(wait));
        }
        Ok(())
    }

    /// Resets the counter after the right password.
    pub(super) fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = FailedAttempts::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_becomes_slow_and_never_impossible() {
        let throttle = LoginThrottle::default();
        let mut now = Timestamp::from_micros(0);
        for _ in 0..5 {
            assert_eq!(throttle.begin(now), Ok(()));
        }
        let mut waits = Vec::new();
        for _ in 0..8 {
            assert_eq!(throttle.begin(now), Ok(()));
            let wait = throttle.begin(now).unwrap_err();
            waits.push(wait);
            now = now.plus_seconds(i64::try_from(wait).unwrap());
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
        throttle.succeeded();
        assert_eq!(throttle.begin(now), Ok(()));
        assert_eq!(throttle.begin(now), Ok(()));
    }
}

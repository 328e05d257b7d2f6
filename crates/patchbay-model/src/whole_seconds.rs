//! Durations in whole seconds, as `Retry-After` has them (RFC 9110, section 10.2.3).

use std::time::Duration;

/// Returns a duration in whole seconds, rounded up: who waits that long is not too early.
pub const fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add((wait.subsec_nanos() > 0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_is_a_second() {
        for (nanos, seconds) in [(0, 0), (1, 1), (999_999_999, 1), (1_000_000_000, 1), (1_000_000_001, 2)] {
            assert_eq!(whole_seconds(Duration::from_nanos(nanos)), seconds, "{nanos}");
        }
        assert_eq!(whole_seconds(Duration::MAX), u64::MAX);
    }
}

//! When a failed delivery is attempted again.

use std::time::Duration;

use patchbay_model::{Entropy, Timestamp};

/// The pauses between the attempts, in seconds: 75.6 hours in all.
const PAUSES: [u64; 9] = [5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600];
/// A pause is longer or shorter by up to a fifth, so that what failed together does not come back together.
const JITTER_MILLIONTHS: u64 = 200_000;
/// The longest pause that a receiver can ask for.
const MAX_ASKED: Duration = Duration::from_hours(24);
/// The shortest pause after a status that says that the receiver is overloaded.
const OVERLOAD_PAUSE: Duration = Duration::from_mins(1);

/// Returns when the next attempt is due after `tries` failed ones; none if there is none. `asked` is what the receiver asked for
/// (`Retry-After`): the pause is not shorter.
pub(crate) fn next_attempt(
    tries: u32,
    status: Option<u16>,
    asked: Option<Duration>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Option<Timestamp> {
    let seconds = PAUSES.get(usize::try_from(tries).ok()?.checked_sub(1)?)?;
    let mut random = [0; 8];
    entropy.fill(&mut random);
    let spread = u64::from_le_bytes(random) % (2 * JITTER_MILLIONTHS + 1);
    let mut pause = Duration::from_micros(seconds * (1_000_000 - JITTER_MILLIONTHS + spread));
    if matches!(status, Some(429 | 502 | 504)) {
        pause = pause.max(OVERLOAD_PAUSE);
    }
    Some(now.plus(pause.max(asked.unwrap_or_default().min(MAX_ASKED))))
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    fn pause(tries: u32, status: Option<u16>, asked: Option<u64>, entropy: &SeededEntropy) -> Option<f64> {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let next = next_attempt(tries, status, asked.map(Duration::from_secs), now, entropy)?;
        Some(next.since(now).as_secs_f64())
    }

    #[test]
    fn there_are_ten_attempts_in_three_days() {
        let entropy = SeededEntropy::new(9);
        let (mut total, mut spreads) = (0.0, Vec::new());
        for (tries, seconds) in (1..).zip(PAUSES) {
            let seconds = Duration::from_secs(seconds).as_secs_f64();
            total += seconds;
            for _ in 0..200 {
                let spread = pause(tries, Some(500), None, &entropy).unwrap() / seconds;
                assert!((0.8..=1.2).contains(&spread), "{spread}");
                spreads.push(spread);
            }
        }
        assert!((75.5 * 3_600.0..75.7 * 3_600.0).contains(&total));
        assert!(spreads.iter().any(|spread| *spread < 0.85) && spreads.iter().any(|spread| *spread > 1.15));
        assert_eq!(pause(10, Some(500), None, &entropy), None);
        assert_eq!(pause(0, Some(500), None, &entropy), None);
    }

    #[test]
    fn an_overloaded_receiver_gets_a_minute_or_what_it_asks_for() {
        let entropy = SeededEntropy::new(9);
        for status in [429, 502, 504] {
            assert_eq!(pause(1, Some(status), None, &entropy), Some(60.0), "{status}");
        }
        assert!(pause(1, Some(503), None, &entropy).unwrap() < 10.0);
        assert_eq!(pause(1, Some(503), Some(700), &entropy), Some(700.0));
        assert_eq!(pause(1, None, Some(10_000_000), &entropy), Some(86_400.0));
        assert!(pause(2, Some(429), Some(1), &entropy).unwrap() > 200.0, "it does not spend the attempts sooner");
    }
}

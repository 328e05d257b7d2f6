//! Delays password guesses, without locking the operator out.
//!
//! Wrong passwords are counted by their guesser: the network address of a stranger, the device of a browser that has
//! logged in before (it has a sealed mark; OWASP's device cookies), or the session of a member who changes the password.
//! The count of one guesser never delays another. All strangers together have a ceiling in addition, so that many
//! addresses do not guess faster, and a hash that a known browser needs does not wait behind theirs. One-time links are
//! never delayed. Time is monotonic: a corrected clock neither prolongs nor ends a delay.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use patchbay_model::{KeyHash, whole_seconds};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};

/// The number of wrong passwords in a row without a delay.
const MAX_FREE_ATTEMPTS: u32 = 5;
/// The maximum delay.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The time after which the wrong passwords of a guesser are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);
/// The number of guessers of each kind that are counted. The one that was quiet longest goes first.
const MAX_GUESSERS: usize = 10_000;
/// The guesses of all strangers that are accepted at once, and the time after which one more is.
const STRANGERS_BURST: u32 = 30;
const STRANGERS_INTERVAL: Duration = Duration::from_secs(1);

/// A client that sends a password.
#[derive(Clone, Debug)]
pub struct LoginClient {
    /// The network address: for IPv6 the network of a customer (a /64), of which one machine can use every address.
    pub address: IpAddr,
    /// The device marks of the browser's cookies, unverified.
    pub device_marks: Vec<Secret>,
}

/// Whose wrong passwords are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Guesser {
    /// A stranger.
    Address(IpAddr),
    /// A browser that has logged in before.
    Device(String),
    /// A member who is logged in.
    Session(KeyHash),
}

/// Counts wrong passwords in a row.
#[derive(Default)]
pub(super) struct LoginThrottle(Mutex<Counters>);

#[derive(Default)]
struct Counters {
    /// Apart from the others, so that strangers displace only strangers.
    strangers: HashMap<Guesser, FailedAttempts>,
    known: HashMap<Guesser, FailedAttempts>,
    /// The time at which all strangers together have their whole burst again.
    strangers_restored_at: Duration,
}

/// The wrong passwords of one guesser. Its times are those of the clock that counts them.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct FailedAttempts {
    failures: u32,
    last: Duration,
    until: Duration,
}

/// Counts an attempt of a guesser as failed, or returns the seconds to wait before the next one. `strangers_restored_at` is when all
/// strangers together have their whole burst again; none for a guesser who is not a stranger.
pub(super) fn count_attempt(
    known: Option<FailedAttempts>,
    strangers_restored_at: Option<&mut Duration>,
    now: Duration,
) -> Result<FailedAttempts, u64> {
    let mut attempts = known.filter(|known| now < known.last + FORGOTTEN_AFTER).unwrap_or_default();
    if attempts.until > now {
        return Err(whole_seconds(attempts.until.saturating_sub(now)));
    }
    if let Some(restored_at) = strangers_restored_at {
        let next = (*restored_at).max(now) + STRANGERS_INTERVAL;
        let latest = now + STRANGERS_INTERVAL * STRANGERS_BURST;
        if next > latest {
            return Err(whole_seconds(next.saturating_sub(latest)));
        }
        *restored_at = next;
    }
    // Counted before the check, so that concurrent attempts are delayed too.
    attempts.failures = attempts.failures.saturating_add(1);
    attempts.last = now;
    let over = attempts.failures.saturating_sub(MAX_FREE_ATTEMPTS);
    if over > 0 {
        let wait = 1_u64.checked_shl(over).map_or(MAX_WAIT, Duration::from_secs);
        attempts.until = now + if wait.is_zero() { MAX_WAIT } else { wait.min(MAX_WAIT) };
    }
    Ok(attempts)
}

impl LoginThrottle {
    /// Counts an attempt as failed until [`LoginThrottle::succeeded`], or returns the seconds to wait before the next one.
    /// An attempt that must wait is not counted.
    pub(super) fn begin(&self, guesser: &Guesser, now: Duration) -> Result<(), u64> {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counters.table(guesser).get(guesser).copied();
        let restored_at = guesser.is_stranger().then_some(&mut counters.strangers_restored_at);
        let attempts = count_attempt(known, restored_at, now)?;
        let table = counters.table(guesser);
        if table.len() >= MAX_GUESSERS && !table.contains_key(guesser) {
            make_room(table, now);
        }
        table.insert(guesser.clone(), attempts);
        Ok(())
    }

    /// Resets the guesser's counter after the right password.
    pub(super) fn succeeded(&self, guesser: &Guesser) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).table(guesser).remove(guesser);
    }
}

impl Guesser {
    pub(super) fn is_stranger(&self) -> bool {
        matches!(self, Self::Address(_))
    }
}

impl Counters {
    fn table(&mut self, guesser: &Guesser) -> &mut HashMap<Guesser, FailedAttempts> {
        if guesser.is_stranger() { &mut self.strangers } else { &mut self.known }
    }
}

/// Removes the guessers that are forgotten, otherwise the one that was quiet longest.
fn make_room(table: &mut HashMap<Guesser, FailedAttempts>, now: Duration) {
    table.retain(|_, attempts| now < attempts.last + FORGOTTEN_AFTER);
    if table.len() >= MAX_GUESSERS
        && let Some(quietest) =
            table.iter().min_by_key(|(_, attempts)| attempts.last).map(|(guesser, _)| guesser.clone())
    {
        table.remove(&quietest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Guesser {
        Guesser::Address(IpAddr::from([192, 0, 2, last]))
    }

    fn number(number: u32) -> Guesser {
        Guesser::Address(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn guessing_becomes_slow_and_never_impossible() {
        for guesser in [address(1), Guesser::Device("d".to_owned()), Guesser::Session(KeyHash([7; 32]))] {
            let throttle = LoginThrottle::default();
            let mut now = Duration::ZERO;
            for _ in 0..5 {
                assert_eq!(throttle.begin(&guesser, now), Ok(()));
            }
            let mut waits = Vec::new();
            for _ in 0..8 {
                assert_eq!(throttle.begin(&guesser, now), Ok(()));
                let wait = throttle.begin(&guesser, now).unwrap_err();
                waits.push(wait);
                now += Duration::from_secs(wait);
            }
            assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
            throttle.succeeded(&guesser);
            assert_eq!(throttle.begin(&guesser, now), Ok(()));
            assert_eq!(throttle.begin(&guesser, now), Ok(()));
        }
    }

    #[test]
    fn a_guesser_delays_no_other() {
        let throttle = LoginThrottle::default();
        let now = Duration::from_secs(1);
        while throttle.begin(&address(1), now).is_ok() {}
        for other in [address(2), Guesser::Device("a".to_owned()), Guesser::Session(KeyHash([1; 32]))] {
            assert_eq!(throttle.begin(&other, now), Ok(()), "{other:?}");
        }
        let device = Guesser::Device("b".to_owned());
        while throttle.begin(&device, now).is_ok() {}
        assert_eq!(throttle.begin(&Guesser::Device("a".to_owned()), now), Ok(()));
    }

    #[test]
    fn all_strangers_have_a_ceiling_and_known_browsers_do_not() {
        let throttle = LoginThrottle::default();
        let mut now = Duration::ZERO;
        let accepted = (0..1_000).filter(|n| throttle.begin(&number(*n), now).is_ok()).count();
        assert_eq!(accepted, 30);
        assert_eq!(throttle.begin(&address(1), now), Err(1));
        for n in 0..100 {
            assert_eq!(throttle.begin(&Guesser::Device(n.to_string()), now), Ok(()));
        }
        now += Duration::from_mins(1);
        let accepted = (2_000..3_000).filter(|n| throttle.begin(&number(*n), now).is_ok()).count();
        assert_eq!(accepted, 30, "a quiet time does not add up");
        now += Duration::from_secs(10);
        assert_eq!((4_000..5_000).filter(|n| throttle.begin(&number(*n), now).is_ok()).count(), 10);
    }

    #[test]
    fn the_table_is_bounded_and_the_quietest_goes_first() {
        let throttle = LoginThrottle::default();
        let early = Guesser::Device("early".to_owned());
        while throttle.begin(&early, Duration::ZERO).is_ok() {}
        for n in 0..MAX_GUESSERS {
            let now = Duration::from_millis(1 + n as u64 / 100);
            assert_eq!(throttle.begin(&Guesser::Device(n.to_string()), now), Ok(()));
        }
        let counters = throttle.0.lock().unwrap();
        assert_eq!(counters.known.len(), MAX_GUESSERS);
        assert!(!counters.known.contains_key(&early));
    }

    #[test]
    fn a_quiet_hour_is_forgotten() {
        let throttle = LoginThrottle::default();
        while throttle.begin(&address(1), Duration::ZERO).is_ok() {}
        for _ in 0..5 {
            assert_eq!(throttle.begin(&address(1), FORGOTTEN_AFTER), Ok(()));
        }
    }
}

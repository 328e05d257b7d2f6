//! The budget of an API key: how many requests it may send in a minute.
//!
//! A key begins with the requests of a whole minute. Each request that it sends is restored after its share of the minute
//! (the generic cell rate algorithm): a key that has used up its budget sends one request each share, and after a minute
//! without requests it has the whole budget again. The budget is one number, which requests change without a lock. It is
//! in memory: a restart restores it.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use crate::{Error, ErrorCode};

/// The time of a budget, in nanoseconds.
const WINDOW_NANOS: u64 = 60 * NANOS_OF_SECOND;
const NANOS_OF_SECOND: u64 = 1_000_000_000;

/// What is left to an API key after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyQuota {
    /// The requests that it may send in a minute.
    pub limit: u32,
    /// The requests that it may send now.
    pub remaining: u32,
    /// The seconds until it has its whole budget again.
    pub reset_secs: u64,
    /// The seconds until the next request, if this one was too much.
    pub retry_after: Option<u64>,
}

impl KeyQuota {
    /// Checks that the request was not too much.
    ///
    /// # Errors
    ///
    /// 429 `TooManyRequestsError`, with the seconds to wait.
    pub fn check(&self) -> Result<(), Error> {
        let Some(seconds) = self.retry_after else { return Ok(()) };
        let message = format!(
            "this API key may send {} requests a minute, and has sent them; try again in {seconds} s",
            self.limit
        );
        Err(Error::new(ErrorCode::TooManyRequests, message).with_retry_after(seconds))
    }
}

/// The budget of an API key.
#[derive(Debug)]
pub(crate) struct KeyBudget {
    limit: NonZeroU32,
    /// The time at which the key has its whole budget again, in nanoseconds of the monotonic clock.
    restored_at: AtomicU64,
}

impl KeyBudget {
    pub(crate) fn new(limit: NonZeroU32) -> Self {
        Self { limit, restored_at: AtomicU64::new(0) }
    }

    /// Counts a request at `now`, a time of the monotonic clock. A request that is too much costs nothing.
    pub(crate) fn take(&self, now: Duration) -> KeyQuota {
        let share = WINDOW_NANOS / u64::from(self.limit.get());
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let latest = now.saturating_add(WINDOW_NANOS);
        let after = |restored_at: u64| restored_at.max(now).saturating_add(share);
        let taken = self.restored_at.fetch_update(Relaxed, Relaxed, |restored_at| {
            let restored_at = after(restored_at);
            (restored_at <= latest).then_some(restored_at)
        });
        let (restored_at, retry_after) = match taken {
            Ok(before) => (after(before), None),
            Err(unchanged) => (unchanged, Some(seconds(after(unchanged) - latest))),
        };
        KeyQuota {
            limit: self.limit.get(),
            // A concurrent request with a later time can have moved `restored_at` past this request's `latest`.
            remaining: u32::try_from(latest.saturating_sub(restored_at) / share).unwrap_or(u32::MAX),
            reset_secs: seconds(restored_at.saturating_sub(now)),
            retry_after,
        }
    }
}

/// Returns whole seconds, rounded up.
fn seconds(nanos: u64) -> u64 {
    nanos.div_ceil(NANOS_OF_SECOND)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget(limit: u32) -> KeyBudget {
        KeyBudget::new(NonZeroU32::new(limit).unwrap())
    }

    #[test]
    fn a_minutes_requests_are_accepted_at_once_and_restored_one_by_one() {
        let budget = budget(1_000);
        let now = Duration::from_secs(5);
        for left in (0..1_000).rev() {
            let quota = budget.take(now);
            assert_eq!((quota.limit, quota.remaining, quota.retry_after), (1_000, left, None));
            assert!(quota.check().is_ok());
        }
        let refused = budget.take(now);
        assert_eq!(refused, KeyQuota { limit: 1_000, remaining: 0, reset_secs: 60, retry_after: Some(1) });
        let error = refused.check().unwrap_err();
        assert_eq!((error.status(), error.code, error.retry_after), (429, ErrorCode::TooManyRequests, Some(1)));
        let accepted = |now| (0..2_000).filter(|_| budget.take(now).retry_after.is_none()).count();
        assert_eq!(accepted(now + Duration::from_secs(6)), 100);
        assert_eq!(accepted(now + Duration::from_hours(1)), 1_000, "a quiet time does not add up");
    }

    #[test]
    fn the_wait_of_a_small_budget_is_the_time_to_the_next_request() {
        let budget = budget(3);
        let at = Duration::from_secs;
        let left = [0, 0, 5].map(|second| budget.take(at(second)).remaining);
        assert_eq!(left, [2, 1, 0]);
        let refused = budget.take(at(5));
        assert_eq!((refused.retry_after, refused.reset_secs), (Some(15), 55));
        assert_eq!(budget.take(at(19)).retry_after, Some(1));
        assert_eq!(budget.take(at(20)).retry_after, None);
    }

    #[test]
    fn a_request_that_counts_after_one_with_a_later_time_is_refused() {
        let budget = budget(3);
        let at = Duration::from_secs;
        let left = [6, 6, 6].map(|second| budget.take(at(second)).remaining);
        assert_eq!(left, [2, 1, 0]);
        let refused = budget.take(at(5));
        assert_eq!((refused.remaining, refused.retry_after), (0, Some(21)));
    }

    proptest! {
        /// Whatever the times of requests are, those accepted in any minute are at most twice the limit, and a client
        /// that waits for `Retry-After` is accepted.
        #[test]
        fn no_sequence_exceeds_the_budget(limit in 1_u32..5_000, gaps in prop::collection::vec(0_u64..20_000, 1..400)) {
            let budget = budget(limit);
            let (mut now, mut accepted) = (Duration::ZERO, Vec::new());
            for gap in gaps {
                now += Duration::from_millis(gap);
                let quota = budget.take(now);
                prop_assert!(quota.remaining < limit && quota.reset_secs <= 60);
                match quota.retry_after {
                    None => accepted.push(now),
                    Some(wait) => {
                        prop_assert!((1..=60).contains(&wait) && quota.remaining == 0);
                        now += Duration::from_secs(wait);
                        prop_assert_eq!(budget.take(now).retry_after, None);
                        accepted.push(now);
                    }
                }
            }
            for start in &accepted {
                let end = *start + Duration::from_mins(1);
                let within = accepted.iter().filter(|time| (*start..end).contains(*time)).count();
                prop_assert!(within <= 2 * limit as usize, "{} within a minute", within);
            }
        }
    }
}

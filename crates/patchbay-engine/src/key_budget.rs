//! The budget of an API key: how many requests it may send in a minute.
//!
//! A key begins with the requests of a whole minute. Each request that it sends is restored after its share of the minute
//! (the generic cell rate algorithm): a key that has used up its budget sends one request each share, and after a minute
//! without requests it has the whole budget again. The budget is one number, which requests change without a lock. It is
//! in memory: a restart restores it.
//!
//! Servers of one database share the budget (`patchbay_egress::Share`): each sends its part without asking the others, and leases
//! more of it in chunks.

use std::{
    num::NonZeroU32,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use patchbay_egress::{LEASE_TIMEOUT, LeaseAnswer, Share, SharedLimits, SharedRules, Turn};
use patchbay_model::whole_seconds;
use tokio::time::timeout;

use crate::{Error, ErrorCode};

/// The time of a budget, in nanoseconds.
const WINDOW_NANOS: u64 = 60_000_000_000;

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
    /// What this server has of the budget, if others use it too.
    shared: Mutex<SharedBudget>,
    /// Held while a chunk is leased.
    leasing: tokio::sync::Mutex<()>,
}

/// What a server has and knows of a budget that others use too.
#[derive(Debug, Default)]
struct SharedBudget {
    share: Share,
    /// When what was leased is restored, as far as this server knows.
    row_restored_at: Duration,
}

impl KeyBudget {
    pub(crate) fn new(limit: NonZeroU32) -> Self {
        Self { limit, restored_at: AtomicU64::new(0), shared: Mutex::default(), leasing: tokio::sync::Mutex::default() }
    }

    /// Counts a request of the key `id`, together with the other servers if there are any. `now` returns the time of the monotonic
    /// clock.
    pub(crate) async fn count(&self, now: impl Fn() -> Duration, limits: &dyn SharedLimits, id: &str) -> KeyQuota {
        let servers = limits.servers();
        if servers <= 1 {
            return self.take(now());
        }
        let limit = f64::from(self.limit.get());
        let rules = SharedRules { limit, window: Duration::from_nanos(WINDOW_NANOS), burst_windows: 1.0, servers };
        let mut leasing = None;
        loop {
            let time = now();
            let turn = self.shared().share.take(&rules, time, time);
            match turn {
                Turn::At(_) => return self.quota(&rules, time, None),
                Turn::TooLate(moment) => return self.quota(&rules, time, Some(moment)),
                Turn::Lease(own) if leasing.is_none() => match timeout(LEASE_TIMEOUT, self.leasing.lock()).await {
                    // Another request may have leased a chunk meanwhile.
                    Ok(locked) => leasing = Some(locked),
                    Err(_late) => return self.quota(&rules, time, Some(own)),
                },
                Turn::Lease(own) => {
                    let name = format!("key {id}");
                    let lease = limits.lease(&name, rules.wish(Duration::ZERO));
                    let answer = timeout(LEASE_TIMEOUT, lease).await.ok().flatten();
                    if let Some(wait) = self.note(&rules, now(), answer) {
                        return self.quota(&rules, time, Some(own.min(time + wait)));
                    }
                }
            }
        }
    }

    /// Notes the answer to a wish for a chunk. Returns the wait if there is none now.
    fn note(&self, rules: &SharedRules, now: Duration, answer: Option<LeaseAnswer>) -> Option<Duration> {
        let mut shared = self.shared();
        let Some(answer) = answer else {
            shared.share.lose_row(now);
            return None;
        };
        shared.row_restored_at = now + answer.restored_in;
        if answer.is_granted {
            shared.share.add(rules, now, &answer);
            return None;
        }
        shared.share.refuse(now, &answer);
        Some(answer.wait)
    }

    fn shared(&self) -> MutexGuard<'_, SharedBudget> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what is left of a budget that servers share, as far as this one knows. `next` is when the next request may be sent, if
    /// this one was too much.
    fn quota(&self, rules: &SharedRules, now: Duration, next: Option<Duration>) -> KeyQuota {
        let shared = self.shared();
        let row = shared.row_restored_at.saturating_sub(now);
        let left = shared.share.left(rules, now).saturating_add(rules.left_in_row(row));
        KeyQuota {
            limit: self.limit.get(),
            remaining: if next.is_some() { 0 } else { left.min(self.limit.get() - 1) },
            reset_secs: whole_seconds(row.max(shared.share.restored_in(now))),
            retry_after: next.map(|next| whole_seconds(next.saturating_sub(now)).max(1)),
        }
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

fn seconds(nanos: u64) -> u64 {
    whole_seconds(Duration::from_nanos(nanos))
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

//! The provider's limit for one account, kept before it is hit: a token bucket in this process.
//!
//! Written as the generic cell rate algorithm: each account has one moment, the theoretical arrival
//! time of its next request. A bucket holds one second's requests. A full bucket is the same as none,
//! so idle accounts are forgotten and memory is bounded by the accounts that are busy.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use patchbay_model::AccountId;
use tokio::time::Instant;

/// Buckets kept before idle ones are swept out.
const SWEEP_AT: usize = 4096;

/// All buckets.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter(Mutex<HashMap<AccountId, Instant>>);

impl RateLimiter {
    /// Takes a token and says how long to wait for it; refuses, taking none, with the seconds until
    /// there would be one, when that is after `deadline`.
    pub(crate) fn take(&self, account: &AccountId, per_second: f64, deadline: Instant) -> Result<Duration, u64> {
        if !(per_second.is_finite() && per_second > 0.0) {
            return Ok(Duration::ZERO);
        }
        let interval = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::from_hours(1));
        let burst = interval.mul_f64((per_second - 1.0).max(0.0));
        let now = Instant::now();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SWEEP_AT && !buckets.contains_key(account) {
            buckets.retain(|_, arrival| *arrival > now);
        }
        let arrival = buckets.get(account).copied().unwrap_or(now).max(now);
        let start = (arrival.checked_sub(burst)).map_or(now, |start| start.max(now));
        if start >= deadline {
            return Err((start - now).as_secs().max(1));
        }
        buckets.insert(account.clone(), arrival + interval);
        Ok(start - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_of_requests_passes_then_they_are_spread() {
        let limiter = RateLimiter::default();
        let (account, deadline) = (AccountId::new("a"), Instant::now() + Duration::from_mins(1));
        let take = || limiter.take(&account, 10.0, deadline).unwrap().as_millis();
        assert!((0..10).all(|_| take() == 0));
        assert_eq!(take(), 100);
        assert_eq!(take(), 200);
        assert_eq!(limiter.take(&AccountId::new("b"), 10.0, deadline), Ok(Duration::ZERO));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(take(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_had_in_time_is_refused_at_once_and_takes_nothing() {
        let limiter = RateLimiter::default();
        let (account, deadline) = (AccountId::new("a"), Instant::now() + Duration::from_millis(1500));
        let take = || limiter.take(&account, 1.0, deadline);
        assert_eq!(take(), Ok(Duration::ZERO));
        assert_eq!(take(), Ok(Duration::from_secs(1)));
        assert_eq!(take(), Err(2));
        assert_eq!(take(), Err(2), "a refusal does not push the next one back");
    }

    #[tokio::test(start_paused = true)]
    async fn idle_accounts_are_forgotten() {
        let limiter = RateLimiter::default();
        for number in 0..SWEEP_AT {
            let deadline = Instant::now() + Duration::from_mins(1);
            limiter.take(&AccountId::new(number.to_string()), 10.0, deadline).unwrap();
        }
        tokio::time::advance(Duration::from_secs(5)).await;
        limiter.take(&AccountId::new("last"), 10.0, Instant::now() + Duration::from_mins(1)).unwrap();
        assert_eq!(limiter.0.lock().unwrap().len(), 1);
    }
}

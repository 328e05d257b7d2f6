//! A provider's limits for one account, kept before they are hit: those that the connector declares (requests a
//! second, requests at once) and those that the provider's answers tell of. The strictest one counts.
//!
//! The declared rate is a token bucket, written as the generic cell rate algorithm: one moment, the theoretical
//! arrival time of the next request. A bucket holds one second's requests. A window that the provider tells of counts
//! down with each request and is corrected by each answer; once it is spent, requests wait for its reset, and so they
//! do for the `Retry-After` of a 429. An account without anything to remember is forgotten, so that memory is bounded by the
//! accounts that are busy. No lock is held while anything is awaited.

mod headers;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, StatusCode};
use patchbay_model::{AccountId, Clock};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout_at},
};

pub use headers::named_wait;
use headers::{LONGEST, Window, retry_after, windows};

/// Accounts that are remembered before idle ones are swept out.
const SWEEP_AT: usize = 4096;
/// Windows of one account; a provider that names ever new ones is not believed.
const MOST_WINDOWS: usize = 16;

/// What the connector declares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rules {
    /// Requests a second.
    pub per_second: Option<f64>,
    /// Requests at once.
    pub at_once: Option<u64>,
}

/// Whose limit keeps a request back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// The connector's requests a second.
    Rate(f64),
    /// The connector's requests at once.
    AtOnce(u64),
    /// What the provider said.
    Told,
}

/// A request that would have to wait for too long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limited {
    /// Whose limit it is.
    pub limit: Limit,
    /// Seconds until it can be tried again.
    pub seconds: u64,
}

/// The right to send one request; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    limits: &'a Limits,
    account: &'a AccountId,
    _slot: Option<OwnedSemaphorePermit>,
    is_counted: bool,
}

/// The limits of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    accounts: Mutex<HashMap<AccountId, Account>>,
    /// Whether anything was ever remembered; most providers tell nothing.
    is_used: AtomicBool,
}

#[derive(Debug, Default)]
struct Account {
    /// The theoretical arrival time of the next request.
    arrival: Option<Instant>,
    /// Until when the provider wants nothing.
    closed_until: Option<Instant>,
    windows: Vec<Open>,
    slots: Option<(u64, Arc<Semaphore>)>,
    /// Requests that were sent and not yet answered.
    in_flight: u64,
}

/// A window that the provider told of.
#[derive(Debug)]
struct Open {
    name: String,
    limit: Option<u64>,
    remaining: u64,
    resets_at: Instant,
    period: Duration,
}

impl Limits {
    /// Waits until a request may be sent. Refuses at once, taking nothing, when that is after `until`; only for one of
    /// the requests at once it waits as long as that, as nobody knows when one is done.
    pub(crate) async fn turn<'a>(
        &'a self,
        account: &'a AccountId,
        rules: Rules,
        until: Instant,
    ) -> Result<Turn<'a>, Limited> {
        let rate = rules.per_second.filter(|rate| rate.is_finite() && *rate > 0.0);
        let slot = match rules.at_once {
            Some(most) => Some(self.slot(account, most.max(1), until).await?),
            None => None,
        };
        if rate.is_none() && !self.is_used.load(Ordering::Acquire) {
            return Ok(Turn { limits: self, account, _slot: slot, is_counted: false });
        }
        loop {
            match self.take(account, rate, until)? {
                Taken::Now { is_counted } => return Ok(Turn { limits: self, account, _slot: slot, is_counted }),
                Taken::At(start) => {
                    // Made before the wait: it is given back also when the caller goes away meanwhile.
                    let turn = Turn { limits: self, account, _slot: slot, is_counted: true };
                    sleep(start.saturating_duration_since(Instant::now())).await;
                    return Ok(turn);
                }
                // What comes after it is known then.
                Taken::NotBefore(moment) => sleep(moment.saturating_duration_since(Instant::now())).await,
            }
        }
    }

    /// Learns from an answer.
    pub(crate) fn learn(&self, account: &AccountId, status: StatusCode, headers: &HeaderMap, clock: &dyn Clock) {
        let told = windows(status, headers, clock);
        // That of a 503 is no limit: it says when the service will be there again, or a part of it.
        let wait = if status == StatusCode::TOO_MANY_REQUESTS { retry_after(headers, clock) } else { None };
        if told.is_empty() && wait.is_none() {
            return;
        }
        let now = Instant::now();
        self.is_used.store(true, Ordering::Release);
        let mut accounts = self.lock();
        sweep(&mut accounts, account, now);
        let state = accounts.entry(account.clone()).or_default();
        if let Some(wait) = wait {
            state.closed_until = state.closed_until.max(Some(now + wait.min(LONGEST)));
        }
        told.into_iter().for_each(|window| state.correct(window, now));
    }

    /// One of the requests at once.
    async fn slot(&self, account: &AccountId, most: u64, until: Instant) -> Result<OwnedSemaphorePermit, Limited> {
        let slots = {
            let mut accounts = self.lock();
            sweep(&mut accounts, account, Instant::now());
            let state = accounts.entry(account.clone()).or_default();
            match &state.slots {
                Some((known, slots)) if *known == most => slots.clone(),
                // Another version of the connector has another limit.
                _ => {
                    let slots = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(usize::MAX >> 4)));
                    state.slots = Some((most, slots.clone()));
                    slots
                }
            }
        };
        match timeout_at(until, slots.acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(Limited { limit: Limit::AtOnce(most), seconds: 1 }),
        }
    }

    fn take(&self, account: &AccountId, rate: Option<f64>, until: Instant) -> Result<Taken, Limited> {
        let now = Instant::now();
        let mut accounts = self.lock();
        if rate.is_none() && !accounts.contains_key(account) {
            return Ok(Taken::Now { is_counted: false });
        }
        sweep(&mut accounts, account, now);
        let state = accounts.entry(account.clone()).or_default();
        let refused = |limit, start: Instant| Limited { limit, seconds: seconds_until(start, now) };
        if let Some(moment) = state.closed(now) {
            return if moment >= until { Err(refused(Limit::Told, moment)) } else { Ok(Taken::NotBefore(moment)) };
        }
        let mut start = now;
        if let Some(rate) = rate {
            let interval = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(LONGEST);
            let burst = interval.mul_f64((rate - 1.0).max(0.0));
            let arrival = state.arrival.unwrap_or(now).max(now);
            start = (arrival.checked_sub(burst)).map_or(now, |start| start.max(now));
            // A full bucket needs no patience.
            if start > now && start >= until {
                return Err(refused(Limit::Rate(rate), start));
            }
            state.arrival = Some(arrival + interval);
        }
        state.in_flight += 1;
        state.windows.iter_mut().for_each(|window| window.remaining = window.remaining.saturating_sub(1));
        Ok(if start > now { Taken::At(start) } else { Taken::Now { is_counted: true } })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Taken {
    /// Sent at once.
    Now { is_counted: bool },
    /// Its token is there at this moment, which is before the end of the patience.
    At(Instant),
    /// To be looked at again at this moment.
    NotBefore(Instant),
}

impl Account {
    /// Until when nothing may be sent, by what the provider said.
    fn closed(&mut self, now: Instant) -> Option<Instant> {
        self.closed_until = self.closed_until.filter(|moment| *moment > now);
        self.windows.retain_mut(|window| window.is_open(now));
        let spent = self.windows.iter().filter(|window| window.remaining == 0).map(|window| window.resets_at).max();
        self.closed_until.max(spent)
    }

    /// What an answer tells of a window. It does not know of the requests that are still under way.
    fn correct(&mut self, told: Window, now: Instant) {
        let Window { name, limit, remaining, resets_in, period } = told;
        // The answer's own request has been counted.
        let remaining = remaining.saturating_sub(self.in_flight.saturating_sub(1));
        let resets_at = now + resets_in;
        let period = period.unwrap_or(resets_in).max(Duration::from_secs(1));
        let Some(known) = self.windows.iter_mut().find(|window| window.name == name) else {
            if self.windows.len() < MOST_WINDOWS {
                self.windows.push(Open { name, limit, remaining, resets_at, period });
            }
            return;
        };
        // Answers overtake each other: within one window the smallest number counts.
        let is_same = resets_at.max(known.resets_at) - resets_at.min(known.resets_at) < Duration::from_secs(2);
        known.remaining = if is_same { remaining.min(known.remaining) } else { remaining };
        (known.limit, known.resets_at, known.period) = (limit.or(known.limit), resets_at, period.max(known.period));
    }

    fn is_idle(&self, now: Instant) -> bool {
        let passed = |moment: Option<Instant>| moment.is_none_or(|moment| moment <= now);
        let is_free = self.slots.as_ref().is_none_or(|(_, slots)| Arc::strong_count(slots) == 1);
        passed(self.arrival)
            && passed(self.closed_until)
            && self.in_flight == 0
            && is_free
            && self.windows.iter().all(|window| window.resets_at <= now)
    }
}

impl Open {
    /// Whether it still says something. One that is over begins anew where its size is known: else everyone who waited
    /// would go at once.
    fn is_open(&mut self, now: Instant) -> bool {
        if self.resets_at > now {
            return true;
        }
        // Nobody has asked for a whole window: then nothing is known of the present one.
        let Some(limit) = self.limit.filter(|limit| *limit > 0 && self.resets_at + self.period > now) else {
            return false;
        };
        self.remaining = limit;
        self.resets_at += self.period;
        true
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_counted
            && let Some(state) = self.limits.lock().get_mut(self.account)
        {
            state.in_flight = state.in_flight.saturating_sub(1);
        }
    }
}

/// A crowd of accounts is looked through for those with nothing to remember.
fn sweep(accounts: &mut HashMap<AccountId, Account>, but: &AccountId, now: Instant) {
    if accounts.len() >= SWEEP_AT && !accounts.contains_key(but) {
        accounts.retain(|_, state| !state.is_idle(now));
    }
}

/// Whole seconds, rounded up: who comes back then is in time.
fn seconds_until(moment: Instant, now: Instant) -> u64 {
    let wait = moment.saturating_duration_since(now);
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests;

//! A provider's rate limits per account, applied before a request is sent: those that the connector declares (requests
//! per second, concurrent requests) and those that the provider's responses report. The strictest one applies.
//!
//! The declared rate is a token bucket, implemented as the generic cell rate algorithm (GCRA): its only state is one
//! moment, the theoretical arrival time of the next request. A bucket holds the requests of one second. A reported
//! window counts down with each request and is corrected by each response. When its requests are used up, further
//! requests wait for its reset, as they do for the `Retry-After` of a 429 or 403. A window of one part of the API
//! delays only requests that the provider has counted in that part before; where that is not known, a request is sent.
//! A declared rate is shared by the servers of a database (`share`), and so is a time in which a provider accepts no requests. The
//! number of concurrent requests is divided among them. A server without others needs nobody for an exact limit.
//!
//! An account without state is removed, so that
//! memory is bounded by the number of active accounts. No lock is held across an `await`.

mod headers;
mod share;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, Method, StatusCode};
use patchbay_model::{AccountId, Clock, whole_seconds};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout, timeout_at},
};
use url::Url;

use headers::{MAX_DELAY, ReportedWindow, can_refuse, reported_windows, retry_after};
pub use headers::{longest_retry_delay, retry_delay};
pub use share::{LEASE_TIMEOUT, LeaseAnswer, LeaseWish, Share, SharedLimits, SharedRules, Turn};

use crate::{attempts::Attempts, sync::lock};

/// From this number of accounts on, idle ones are evicted.
const EVICTION_THRESHOLD: usize = 4096;
/// The maximum number of windows of one account; further ones that the provider reports are ignored.
const MAX_WINDOWS: usize = 16;
/// The maximum number of endpoints of one account whose part of the API is remembered.
const MAX_ENDPOINTS: usize = 256;
/// Two resets that are closer than this belong to the same window: providers round to whole seconds.
const RESET_TOLERANCE: Duration = Duration::from_secs(2);

/// The rate limits that a connector declares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LimitRules {
    /// The maximum number of requests per second.
    pub requests_per_second: Option<f64>,
    /// The maximum number of concurrent requests.
    pub max_concurrency: Option<u64>,
}

/// The account whose rate limits apply to a request.
pub struct RateLimitScope<'a> {
    /// The account that the request is sent for.
    pub account: &'a AccountId,
    /// The limits that the account's connector declares.
    pub rules: LimitRules,
    /// The latest moment until which the request may wait for the limits.
    pub wait_until: Instant,
    /// Notes the attempts after which the request is sent again, if somebody asks.
    pub attempts: Option<&'a Attempts>,
}

/// The hash of a request's method, host and path, which decide the part of the API that a provider counts it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint(u64);

impl Endpoint {
    /// Returns the endpoint of a request.
    pub(crate) fn new(method: &Method, url: &Url) -> Self {
        let mut hasher = DefaultHasher::new();
        (method, url.host_str(), url.path()).hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// The limit that delays a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LimitKind {
    /// The connector's maximum number of requests per second.
    RequestsPerSecond(f64),
    /// The connector's maximum number of concurrent requests.
    Concurrency(u64),
    /// A limit that the provider reported in a response.
    ReportedByProvider,
}

/// A request that would have to wait longer than it may.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a rate limit applies; retry in {retry_after_secs} s")]
pub struct RateLimited {
    /// The limit that applies.
    pub limit: LimitKind,
    /// Seconds until the request can be tried again.
    pub retry_after_secs: u64,
}

/// The permission to send one request. The request counts as in flight until it is dropped.
pub(crate) struct Permit<'a> {
    limiter: &'a RateLimiter,
    account: &'a AccountId,
    _slot: Option<OwnedSemaphorePermit>,
    /// Whether the account's state counts this request as in flight.
    is_counted: bool,
}

/// The rate limits of all accounts.
pub(crate) struct RateLimiter {
    accounts: Mutex<HashMap<AccountId, AccountState>>,
    /// The moment from which the times of shares are counted.
    origin: Instant,
    /// What is known of other servers; nothing if there can be none.
    shared: OnceLock<Arc<dyn SharedLimits>>,
    /// Whether any account ever had a state. Most providers report no limits, so most calls skip the lock.
    has_state: AtomicBool,
}

#[derive(Debug, Default)]
struct AccountState {
    /// The theoretical arrival time of the next request, if no other server sends requests.
    arrival: Option<Instant>,
    /// What this server has of the rate, if others send requests too.
    share: Share,
    /// Held while a chunk is leased for the account.
    leasing: Arc<tokio::sync::Mutex<()>>,
    /// Until when the provider accepts no requests.
    blocked_until: Option<Instant>,
    windows: Vec<Window>,
    /// The part of the API of each endpoint, as responses reported it.
    resources: HashMap<Endpoint, String>,
    /// The maximum number of concurrent requests, and the semaphore that enforces it.
    concurrency: Option<(u64, Arc<Semaphore>)>,
    /// The number of requests that were sent and have no response yet.
    in_flight: u64,
}

/// A window that the provider reported.
#[derive(Debug)]
struct Window {
    name: String,
    /// The part of the API that it counts; `None` if it counts every request.
    resource: Option<String>,
    /// The number of requests in the whole window.
    limit: Option<u64>,
    remaining: u64,
    resets_at: Instant,
    period: Duration,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self {
            accounts: Mutex::default(),
            origin: Instant::now(),
            shared: OnceLock::new(),
            has_state: AtomicBool::default(),
        }
    }
}

impl RateLimiter {
    /// From now on, the limits are shared with other servers.
    pub(crate) fn share(&self, limits: Arc<dyn SharedLimits>) {
        // A second call shares the same limits.
        let _ = self.shared.set(limits);
    }

    /// Returns what is known of the other servers, if there are any.
    fn others(&self) -> Option<&Arc<dyn SharedLimits>> {
        self.shared.get().filter(|shared| shared.servers() > 1)
    }

    /// Sends no requests of an account for some time, as a provider asked another server to do.
    pub(crate) fn block(&self, account: &AccountId, duration: Duration) {
        let now = Instant::now();
        self.has_state.store(true, Ordering::Release);
        let mut accounts = self.accounts();
        evict_idle(&mut accounts, account, now, self.since_origin(now));
        let state = accounts.entry(account.clone()).or_default();
        state.blocked_until = state.blocked_until.max(Some(now + duration));
    }

    fn since_origin(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.origin)
    }

    /// Waits until the limits allow the request and returns the permit to send it.
    ///
    /// # Errors
    ///
    /// [`RateLimited`] at once, without any change, if the request could only be sent after `wait_until`. The end of
    /// concurrent requests cannot be predicted, so a request that waits for one of them fails at `wait_until`.
    pub(crate) async fn acquire<'a>(
        &'a self,
        account: &'a AccountId,
        endpoint: Endpoint,
        rules: LimitRules,
        wait_until: Instant,
    ) -> Result<Permit<'a>, RateLimited> {
        let rate = rules.requests_per_second.filter(|rate| rate.is_finite() && *rate > 0.0);
        let slot = match rules.max_concurrency {
            Some(max) => Some(self.acquire_slot(account, self.part_of(max), wait_until).await?),
            None => None,
        };
        if rate.is_none() && !self.has_state.load(Ordering::Acquire) {
            return Ok(Permit { limiter: self, account, _slot: slot, is_counted: false });
        }
        let mut leasing = None;
        loop {
            match self.decide(account, endpoint, rate, wait_until)? {
                Decision::Send { is_counted } => {
                    return Ok(Permit { limiter: self, account, _slot: slot, is_counted });
                }
                Decision::SendAt(start) => {
                    // Created before the wait, so that the count is corrected if the caller drops the future meanwhile.
                    let permit = Permit { limiter: self, account, _slot: slot, is_counted: true };
                    drop(leasing);
                    sleep(start.saturating_duration_since(Instant::now())).await;
                    return Ok(permit);
                }
                Decision::CheckAgainAt(moment) => {
                    leasing = None;
                    sleep(moment.saturating_duration_since(Instant::now())).await;
                }
                Decision::Lease { rules, turn } if leasing.is_none() => {
                    // Another request may lease a chunk meanwhile. One that may not wait for the limit waits for that.
                    let patience = wait_until.max(Instant::now() + LEASE_TIMEOUT);
                    let Ok(locked) = timeout_at(patience, turn.lock_owned()).await else {
                        let limit = LimitKind::RequestsPerSecond(rules.limit);
                        return Err(RateLimited { limit, retry_after_secs: 1 });
                    };
                    leasing = Some(locked);
                }
                Decision::Lease { rules, .. } => self.lease(account, &rules, wait_until).await?,
            }
        }
    }

    /// Leases a chunk of an account's rate.
    async fn lease(&self, account: &AccountId, rules: &SharedRules, wait_until: Instant) -> Result<(), RateLimited> {
        let Some(shared) = self.others() else { return Ok(()) };
        let wish = rules.wish(wait_until.saturating_duration_since(Instant::now()));
        let name = format!("account {account}");
        let answer = timeout(LEASE_TIMEOUT, shared.lease(&name, wish)).await.ok().flatten();
        let moment = Instant::now();
        let now = self.since_origin(moment);
        let mut accounts = self.accounts();
        let share = &mut accounts.entry(account.clone()).or_default().share;
        match answer {
            Some(answer) if answer.is_granted => share.add(rules, now, &answer),
            Some(answer) => {
                share.refuse(now, &answer);
                let retry_after_secs = seconds_until(moment + answer.wait, moment);
                return Err(RateLimited { limit: LimitKind::RequestsPerSecond(rules.limit), retry_after_secs });
            }
            None => share.lose_row(now),
        }
        Ok(())
    }

    /// Returns the part that this server has of a number of concurrent requests.
    fn part_of(&self, max: u64) -> u64 {
        let servers = self.others().map_or(1, |others| others.servers());
        (max / u64::from(servers)).max(1)
    }

    /// Updates the limits of an account with those that the response of an endpoint reports.
    pub(crate) fn observe(
        &self,
        account: &AccountId,
        endpoint: Endpoint,
        status: StatusCode,
        headers: &HeaderMap,
        clock: &dyn Clock,
    ) {
        let reported = reported_windows(status, headers, clock);
        // The `Retry-After` of a 503 is not a limit: it says when the service, or a part of it, is available again.
        let delay = if can_refuse(status) { retry_after(headers, clock) } else { None };
        if reported.is_empty() && delay.is_none() {
            return;
        }
        if let Some(others) = self.others() {
            let is_used_up = |window: &&ReportedWindow| window.remaining == 0 && window.resource.is_none();
            let used_up = reported.iter().filter(is_used_up).map(|window| window.resets_in).max();
            if let Some(blocked_for) = delay.max(used_up) {
                others.tell(account, blocked_for);
            }
        }
        let now = Instant::now();
        self.has_state.store(true, Ordering::Release);
        let mut accounts = self.accounts();
        evict_idle(&mut accounts, account, now, self.since_origin(now));
        let state = accounts.entry(account.clone()).or_default();
        if let Some(delay) = delay {
            state.blocked_until = state.blocked_until.max(Some(now + delay));
        }
        if let Some(resource) = reported.iter().find_map(|window| window.resource.as_ref()) {
            state.note_resource(endpoint, resource);
        }
        reported.into_iter().for_each(|window| state.update_window(window, now));
    }

    /// Waits for one of the `max` slots for concurrent requests.
    async fn acquire_slot(
        &self,
        account: &AccountId,
        max: u64,
        wait_until: Instant,
    ) -> Result<OwnedSemaphorePermit, RateLimited> {
        let slots = {
            let mut accounts = self.accounts();
            let now = Instant::now();
            evict_idle(&mut accounts, account, now, self.since_origin(now));
            let state = accounts.entry(account.clone()).or_default();
            match &state.concurrency {
                Some((current, slots)) if *current == max => slots.clone(),
                // A new account, or another version of the connector with another maximum.
                _ => {
                    let slots = Arc::new(Semaphore::new(usize::try_from(max).unwrap_or(usize::MAX >> 4)));
                    state.concurrency = Some((max, slots.clone()));
                    slots
                }
            }
        };
        match timeout_at(wait_until, slots.acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(RateLimited { limit: LimitKind::Concurrency(max), retry_after_secs: 1 }),
        }
    }

    /// Decides when a request may be sent. Counts the request unless the decision is to check again.
    fn decide(
        &self,
        account: &AccountId,
        endpoint: Endpoint,
        rate: Option<f64>,
        wait_until: Instant,
    ) -> Result<Decision, RateLimited> {
        let now = Instant::now();
        let mut accounts = self.accounts();
        if rate.is_none() && !accounts.contains_key(account) {
            return Ok(Decision::Send { is_counted: false });
        }
        evict_idle(&mut accounts, account, now, self.since_origin(now));
        let state = accounts.entry(account.clone()).or_default();
        let limited = |limit, start: Instant| RateLimited { limit, retry_after_secs: seconds_until(start, now) };
        if let Some(moment) = state.blocked(endpoint, now) {
            return if moment >= wait_until {
                Err(limited(LimitKind::ReportedByProvider, moment))
            } else {
                Ok(Decision::CheckAgainAt(moment))
            };
        }
        let mut start = now;
        if let (Some(rate), Some(others)) = (rate, self.others()) {
            let window = Duration::from_secs(1);
            let rules = SharedRules { limit: rate, window, burst_windows: 0.0, servers: others.servers() };
            match state.share.take(&rules, self.since_origin(now), self.since_origin(wait_until)) {
                Turn::At(moment) => start = (self.origin + moment).max(now),
                Turn::TooLate(moment) => {
                    return Err(limited(LimitKind::RequestsPerSecond(rate), self.origin + moment));
                }
                Turn::Lease(_) => return Ok(Decision::Lease { rules, turn: state.leasing.clone() }),
            }
        } else if let Some(rate) = rate {
            let interval = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(MAX_DELAY);
            let burst = interval.mul_f64((rate - 1.0).max(0.0));
            let arrival = state.arrival.unwrap_or(now).max(now);
            start = (arrival.checked_sub(burst)).map_or(now, |start| start.max(now));
            // A request that need not wait is sent even if `wait_until` has passed.
            if start > now && start >= wait_until {
                return Err(limited(LimitKind::RequestsPerSecond(rate), start));
            }
            state.arrival = Some(arrival + interval);
        }
        state.in_flight += 1;
        state.count(endpoint);
        Ok(if start > now { Decision::SendAt(start) } else { Decision::Send { is_counted: true } })
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<AccountId, AccountState>> {
        lock(&self.accounts)
    }
}

/// When a request may be sent.
enum Decision {
    /// Now.
    Send { is_counted: bool },
    /// At this moment, which is before the request gives up.
    SendAt(Instant),
    /// Not before this moment. The limits must be checked again then.
    CheckAgainAt(Instant),
    /// When a chunk of the rate was leased, by one request at a time. The limits must be checked again then.
    Lease { rules: SharedRules, turn: Arc<tokio::sync::Mutex<()>> },
}

impl AccountState {
    /// Returns the moment until which the provider accepts no requests, according to its responses.
    fn blocked(&mut self, endpoint: Endpoint, now: Instant) -> Option<Instant> {
        self.blocked_until = self.blocked_until.filter(|moment| *moment > now);
        self.windows.retain_mut(|window| window.roll_over(now));
        let resource = self.resources.get(&endpoint);
        let spent = self.windows.iter().filter(|window| window.remaining == 0 && window.counts(resource));
        self.blocked_until.max(spent.map(|window| window.resets_at).max())
    }

    /// Counts a request to an endpoint in the windows that are known to count it.
    fn count(&mut self, endpoint: Endpoint) {
        let resource = self.resources.get(&endpoint);
        for window in self.windows.iter_mut().filter(|window| window.counts(resource)) {
            window.remaining = window.remaining.saturating_sub(1);
        }
    }

    /// Remembers the part of the API that an endpoint belongs to.
    fn note_resource(&mut self, endpoint: Endpoint, resource: &str) {
        if self.resources.get(&endpoint).is_some_and(|known| known == resource) {
            return;
        }
        if self.resources.len() >= MAX_ENDPOINTS {
            self.resources.clear();
        }
        self.resources.insert(endpoint, resource.to_owned());
    }

    /// Updates or adds a window that a response reports.
    fn update_window(&mut self, reported: ReportedWindow, now: Instant) {
        let ReportedWindow { name, resource, limit, remaining, resets_in, period } = reported;
        // The provider has not counted the other requests that are in flight.
        let remaining = remaining.saturating_sub(self.in_flight.saturating_sub(1));
        let resets_at = now + resets_in;
        let period = period.unwrap_or(resets_in).max(Duration::from_secs(1));
        let known = self.windows.iter_mut().find(|window| window.name == name && window.resource == resource);
        let Some(known) = known else {
            if self.windows.len() < MAX_WINDOWS {
                self.windows.push(Window { name, resource, limit, remaining, resets_at, period });
            }
            return;
        };
        // Responses may arrive in another order than the provider counted: within one window the smallest number counts.
        let is_same = resets_at.max(known.resets_at) - resets_at.min(known.resets_at) < RESET_TOLERANCE;
        known.remaining = if is_same { remaining.min(known.remaining) } else { remaining };
        (known.limit, known.resets_at, known.period) = (limit.or(known.limit), resets_at, period.max(known.period));
    }

    fn is_idle(&self, now: Instant, since_origin: Duration) -> bool {
        let has_passed = |moment: Option<Instant>| moment.is_none_or(|moment| moment <= now);
        let has_free_slots = self.concurrency.as_ref().is_none_or(|(_, slots)| Arc::strong_count(slots) == 1);
        has_passed(self.arrival)
            && self.share.is_restored(since_origin)
            && Arc::strong_count(&self.leasing) == 1
            && has_passed(self.blocked_until)
            && self.in_flight == 0
            && has_free_slots
            && self.windows.iter().all(|window| window.resets_at <= now)
    }
}

impl Window {
    /// Returns true if it counts the requests of this part of the API.
    fn counts(&self, resource: Option<&String>) -> bool {
        self.resource.is_none() || self.resource.as_ref() == resource
    }

    /// Returns false if the window has ended and can be removed. A window of known size starts again at its reset;
    /// otherwise all waiting requests would be sent at once.
    fn roll_over(&mut self, now: Instant) -> bool {
        if self.resets_at > now {
            return true;
        }
        // After a whole period without a request, nothing is known about the current window.
        let Some(limit) = self.limit.filter(|limit| *limit > 0 && self.resets_at + self.period > now) else {
            return false;
        };
        self.remaining = limit;
        self.resets_at += self.period;
        true
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.is_counted
            && let Some(state) = self.limiter.accounts().get_mut(self.account)
        {
            state.in_flight = state.in_flight.saturating_sub(1);
        }
    }
}

/// Removes the idle accounts before an account is added to a large map.
fn evict_idle(
    accounts: &mut HashMap<AccountId, AccountState>,
    added: &AccountId,
    now: Instant,
    since_origin: Duration,
) {
    if accounts.len() >= EVICTION_THRESHOLD && !accounts.contains_key(added) {
        accounts.retain(|_, state| !state.is_idle(now, since_origin));
    }
}

/// Returns the whole seconds until a moment, rounded up, at least 1, so that a retry after them is not too early.
fn seconds_until(moment: Instant, now: Instant) -> u64 {
    whole_seconds(moment.saturating_duration_since(now)).max(1)
}

#[cfg(test)]
mod tests;

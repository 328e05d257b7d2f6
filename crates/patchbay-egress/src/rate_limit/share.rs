//! The share that one of several servers has of a limit.
//!
//! Servers that share a limit stay within it together, and a server that sends little asks nobody:
//! - A fifth of the limit is divided among the servers. Each sends its part of it without asking.
//! - The rest is leased from a row that all servers know, in chunks. A server leases one when its part is used up.
//! - While the row is not reached, each server has its part of the whole limit.
//!
//! **Error.** A chunk, and what a server may have saved of its own part, are a tenth of the requests of the limit's window, divided by
//! the number of servers. In any window, the servers together send what was saved and leased before it (two tenths), and at most
//! the limit and one more chunk: at most 25 % above the limit. A number of requests is whole: if a tenth, divided by the number of
//! servers, is less than one request, it is one. If only one server is busy, it gets at least 80 % of the limit.

use std::time::Duration;

use async_trait::async_trait;

/// The part of a limit that is divided among the servers, and the part that is leased.
const DIVIDED: f64 = 0.2;
const LEASED: f64 = 0.8;
/// The part of a window's requests that servers together save, and that they lease at once.
const SAVED: f64 = 0.1;
/// How long a server has its part of the whole limit after the row was not reached.
const AWAY: Duration = Duration::from_secs(1);
/// How long a request waits for a lease. Then the row is away.
pub const LEASE_TIMEOUT: Duration = Duration::from_millis(500);

/// The row of a limit that servers share, and the number of servers.
#[async_trait]
pub trait SharedLimits: Send + Sync {
    /// Returns the number of servers that share the limits, at least 1.
    fn servers(&self) -> u32;
    /// Leases a chunk of the limit with this name; none if the row is not reached.
    async fn lease(&self, name: &str, wish: LeaseWish) -> Option<LeaseAnswer>;
    /// Tells the other servers that a provider accepts no requests of an account for some time.
    fn tell(&self, account: &patchbay_model::AccountId, blocked_for: Duration);
}

/// A wish for a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseWish {
    /// The time after which what is leased is restored.
    pub cost: Duration,
    /// The time after which a row from which everything was leased is restored.
    pub capacity: Duration,
    /// How long the requests may wait for the time at which the chunk may be used.
    pub max_wait: Duration,
}

/// The answer of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseAnswer {
    /// Whether the chunk was leased.
    pub is_granted: bool,
    /// The time until the chunk may be used, or could be.
    pub wait: Duration,
    /// The time until the row is restored.
    pub restored_in: Duration,
}

/// A limit that servers share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SharedRules {
    /// The number of requests in a window.
    pub limit: f64,
    /// The window.
    pub window: Duration,
    /// The number of requests that may be sent at once, in windows: 0 spaces them as far as chunks allow.
    pub burst_windows: f64,
    /// The number of servers.
    pub servers: u32,
}

impl SharedRules {
    /// Returns the number of requests in a chunk.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is positive and below the largest number"
    )]
    pub fn chunk(&self) -> u32 {
        (self.limit * SAVED / f64::from(self.servers.max(1))).clamp(1.0, f64::from(u32::MAX)) as u32
    }

    /// Returns the wish for a chunk. A request that may not wait wishes one too, for those that come when it is this server's turn:
    /// servers that ask in vain again and again would take a statement for each request.
    pub fn wish(&self, max_wait: Duration) -> LeaseWish {
        let cost = self.interval(LEASED) * self.chunk();
        let max_wait = max_wait.max(cost * self.servers.max(1));
        LeaseWish { cost, capacity: cost.max(self.window.mul_f64(self.burst_windows)), max_wait }
    }

    /// Returns the number of requests that the row has left when it is restored in this time.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive and at most the limit")]
    pub fn left_in_row(&self, restored_in: Duration) -> u32 {
        let left = self.wish(Duration::ZERO).capacity.saturating_sub(restored_in);
        (left.as_secs_f64() / self.interval(LEASED).as_secs_f64()).min(f64::from(u32::MAX)) as u32
    }

    /// Returns the time in which one request of a part of the limit is restored.
    fn interval(&self, part: f64) -> Duration {
        let seconds = self.window.as_secs_f64() / (self.limit * part);
        Duration::try_from_secs_f64(seconds).unwrap_or(super::MAX_DELAY).min(super::MAX_DELAY)
    }
}

/// When a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// At this time, which is before its latest one.
    At(Duration),
    /// Not before this time, which is too late.
    TooLate(Duration),
    /// When a chunk was leased; without one, not before this time.
    Lease(Duration),
}

/// What one server has of a limit. Times are those of one monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    /// When the server's own part is restored (the generic cell rate algorithm).
    restored_at: Duration,
    /// The number of requests that are left of what was leased, and the time from which they may be sent.
    leased: u32,
    usable_at: Duration,
    /// Until when the row counts as away.
    away_until: Duration,
    /// Until when the row has nothing.
    refused_until: Duration,
}

impl Share {
    /// Takes the turn of a request that may be sent at once, or before `latest`.
    pub fn take(&mut self, rules: &SharedRules, now: Duration, latest: Duration) -> Turn {
        if self.leased > 0 {
            let start = self.usable_at.max(now);
            if start > now && start >= latest {
                return Turn::TooLate(start);
            }
            self.leased -= 1;
            return Turn::At(start);
        }
        let is_away = now < self.away_until;
        let part = if is_away { 1.0 } else { DIVIDED } / f64::from(rules.servers.max(1));
        let interval = rules.interval(part);
        let restored_at = self.restored_at.max(now) + interval;
        let start = restored_at.saturating_sub(interval * rules.chunk()).max(now);
        if start == now || (is_away && start < latest) {
            self.restored_at = restored_at;
            return Turn::At(start);
        }
        if is_away {
            Turn::TooLate(start)
        } else if latest <= self.refused_until && now < self.refused_until {
            Turn::TooLate(start.min(self.refused_until))
        } else {
            Turn::Lease(start)
        }
    }

    /// Adds a chunk that was leased at `now`.
    pub fn add(&mut self, rules: &SharedRules, now: Duration, answer: &LeaseAnswer) {
        self.leased += rules.chunk();
        self.usable_at = now + answer.wait;
    }

    /// Records that the row had nothing at `now`: it is not asked again before it has.
    pub fn refuse(&mut self, now: Duration, answer: &LeaseAnswer) {
        self.refused_until = now + answer.wait;
    }

    /// Records that the row was not reached.
    pub fn lose_row(&mut self, now: Duration) {
        self.away_until = now + AWAY;
    }

    /// Returns the number of requests that may be sent now without a lease.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive, and at most a chunk")]
    pub fn left(&self, rules: &SharedRules, now: Duration) -> u32 {
        let leased = if self.usable_at <= now { self.leased } else { 0 };
        let interval = rules.interval(DIVIDED / f64::from(rules.servers.max(1)));
        let saved = (interval * rules.chunk()).saturating_sub(self.restored_at.saturating_sub(now));
        leased + (saved.as_secs_f64() / interval.as_secs_f64()) as u32
    }

    /// Returns the time until the server's own part is restored.
    pub fn restored_in(&self, now: Duration) -> Duration {
        self.restored_at.saturating_sub(now)
    }

    /// Returns whether nothing is lost if the share is forgotten.
    pub fn is_restored(&self, now: Duration) -> bool {
        self.leased == 0 && self.restored_at <= now
    }
}

#[cfg(test)]
mod tests;

//! What is known of a webhook's receiver: its circuit breaker, and since when it fails.
//!
//! The breaker opens after 5 failures in a row within a minute, or when half of at least 20 attempts within 5 minutes failed. It
//! stays open for 30 s, doubling to 15 min with each probe that fails; one success closes it. While it is open nothing is sent and
//! no delivery spends an attempt.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

const MAX_FAILURES_IN_A_ROW: u32 = 5;
const ROW_SECONDS: i64 = 60;
const WINDOW_SECONDS: i64 = 5 * 60;
const MIN_WINDOW_ATTEMPTS: u32 = 20;
const FIRST_OPEN_SECONDS: i64 = 30;
const MAX_OPEN_SECONDS: i64 = 15 * 60;
/// After this time without a success a webhook counts as failing.
const FAILING_SECONDS: i64 = 60 * 60;
/// After this time without a success the operator is alarmed.
const ALARM_SECONDS: i64 = 24 * 60 * 60;

/// What is known of a webhook's receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookHealth {
    /// The failures since the last success.
    pub failures_in_a_row: u32,
    /// The moments of the last failures in a row, in microseconds, oldest first.
    recent_failures: Vec<i64>,
    /// The beginning of the window in which attempts are counted, in microseconds.
    window_start: i64,
    window_attempts: u32,
    window_failures: u32,
    /// When the breaker lets the next probe through, in microseconds; none while it is closed.
    open_until: Option<i64>,
    open_seconds: i64,
    /// When it opened, or the last probe failed, in microseconds.
    opened_at: i64,
    /// The first failure since the last success, in microseconds.
    failing_since: Option<i64>,
    last_success: Option<i64>,
    /// Why the last failed attempt failed.
    pub last_error: Option<String>,
    /// Whether the other webhooks were notified that it has failed for a day.
    pub alarmed: bool,
}

impl WebhookHealth {
    /// Returns when the breaker lets the next probe through; none while it is closed.
    pub fn open_until(&self) -> Option<Timestamp> {
        self.open_until.map(Timestamp::from_micros)
    }

    /// Returns the first failure since the last success.
    pub fn failing_since(&self) -> Option<Timestamp> {
        self.failing_since.map(Timestamp::from_micros)
    }

    /// Returns the last success that was recorded.
    pub fn last_success_at(&self) -> Option<Timestamp> {
        self.last_success.map(Timestamp::from_micros)
    }

    /// Returns whether no attempt has succeeded for an hour.
    pub fn is_failing(&self, now: Timestamp) -> bool {
        self.failing_since().is_some_and(|since| since.plus_seconds(FAILING_SECONDS) <= now)
    }

    /// Returns whether no attempt has succeeded for a day and nobody was notified.
    pub fn is_alarm_due(&self, now: Timestamp) -> bool {
        !self.alarmed && self.failing_since().is_some_and(|since| since.plus_seconds(ALARM_SECONDS) <= now)
    }

    /// Keeps others from probing until the probe that begins now has ended, or until its lease ends.
    pub fn probe_until(&mut self, lease_until: Timestamp) {
        if self.open_until.is_some() {
            self.open_until = Some(lease_until.as_micros());
        }
    }

    /// Records an attempt that began at `started_at`: a success, or a failure with its cause.
    pub fn record(&mut self, outcome: Result<(), &str>, started_at: Timestamp, now: Timestamp) {
        let micros = now.as_micros();
        let window_start = Timestamp::from_micros(self.window_start);
        if now < window_start || window_start.plus_seconds(WINDOW_SECONDS) <= now {
            (self.window_start, self.window_attempts, self.window_failures) = (micros, 0, 0);
        }
        self.window_attempts = self.window_attempts.saturating_add(1);
        let Err(why) = outcome else {
            if self.open_until.is_some() {
                // What failed before says nothing of the receiver that is back.
                (self.window_start, self.window_attempts, self.window_failures) = (micros, 1, 0);
            }
            self.failures_in_a_row = 0;
            self.recent_failures.clear();
            (self.open_until, self.open_seconds, self.failing_since, self.alarmed) = (None, 0, None, false);
            self.last_success = Some(micros);
            return;
        };
        self.window_failures = self.window_failures.saturating_add(1);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.failing_since.get_or_insert(micros);
        self.last_error = Some(why.to_owned());
        self.recent_failures.push(micros);
        let excess = self.recent_failures.len().saturating_sub(MAX_FAILURES_IN_A_ROW as usize);
        self.recent_failures.drain(..excess);
        if self.open_until.is_none() {
            if self.has_failed_in_a_row(now) || self.has_failed_by_half() {
                self.open_seconds = 0;
                self.open(now);
            }
        } else if started_at.as_micros() > self.opened_at {
            // A probe. An attempt that began before the breaker opened does not prolong it.
            self.open(now);
        }
    }

    fn has_failed_in_a_row(&self, now: Timestamp) -> bool {
        self.recent_failures.len() >= MAX_FAILURES_IN_A_ROW as usize
            && self
                .recent_failures
                .first()
                .is_some_and(|first| now <= Timestamp::from_micros(*first).plus_seconds(ROW_SECONDS))
    }

    fn has_failed_by_half(&self) -> bool {
        self.window_attempts >= MIN_WINDOW_ATTEMPTS && self.window_failures.saturating_mul(2) >= self.window_attempts
    }

    /// Opens the breaker, or keeps it open for twice as long.
    fn open(&mut self, now: Timestamp) {
        self.open_seconds = match self.open_seconds {
            0 => FIRST_OPEN_SECONDS,
            seconds => seconds.saturating_mul(2).min(MAX_OPEN_SECONDS),
        };
        self.opened_at = now.as_micros();
        self.open_until = Some(now.plus_seconds(self.open_seconds).as_micros());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000).plus_seconds(seconds)
    }

    fn fail(health: &mut WebhookHealth, seconds: i64) {
        health.record(Err("status 500"), at(seconds), at(seconds));
    }

    fn succeed(health: &mut WebhookHealth, seconds: i64) {
        health.record(Ok(()), at(seconds), at(seconds));
    }

    #[test]
    fn five_failures_in_a_row_within_a_minute_open_it() {
        let mut health = WebhookHealth::default();
        for seconds in [0, 1, 2, 60] {
            fail(&mut health, seconds);
            assert_eq!(health.open_until(), None);
        }
        let mut slow = health.clone();
        fail(&mut health, 60);
        assert_eq!(health.open_until(), Some(at(90)));
        fail(&mut slow, 61);
        assert_eq!(slow.open_until(), None, "the five are not within a minute");
    }

    #[test]
    fn half_of_twenty_attempts_open_it() {
        let mut health = WebhookHealth::default();
        for number in 0..19 {
            if number % 2 == 0 {
                fail(&mut health, number * 10);
            } else {
                succeed(&mut health, number * 10);
            }
            assert_eq!(health.open_until(), None, "{number}");
        }
        fail(&mut health, 191);
        assert_eq!(health.open_until(), Some(at(221)));
    }

    #[test]
    fn attempts_of_another_window_do_not_count() {
        let mut health = WebhookHealth::default();
        for number in 0..40 {
            if number % 2 == 0 { fail(&mut health, number * 30) } else { succeed(&mut health, number * 30) }
        }
        assert_eq!(health.open_until(), None, "ten attempts within five minutes are too few");
    }

    #[test]
    fn each_failed_probe_doubles_it_to_a_quarter_of_an_hour_and_a_success_closes_it() {
        let mut health = WebhookHealth::default();
        (0..5).for_each(|_| fail(&mut health, 0));
        let (mut now, mut pauses) = (at(30), Vec::new());
        for _ in 0..7 {
            health.probe_until(now.plus_seconds(18));
            assert_eq!(health.open_until(), Some(now.plus_seconds(18)), "one probe at a time");
            health.record(Err("status 500"), now, now);
            let until = health.open_until().unwrap();
            pauses.push(until.millis_since(now) / 1000);
            now = until;
        }
        assert_eq!(pauses, [60, 120, 240, 480, 900, 900, 900]);
        health.record(Ok(()), now, now);
        assert_eq!((health.open_until(), health.failing_since(), health.failures_in_a_row), (None, None, 0));
        (0..4).for_each(|_| health.record(Err("status 500"), now, now));
        assert_eq!(health.open_until(), None);
        health.record(Err("status 500"), now, now);
        assert_eq!(health.open_until(), Some(now.plus_seconds(30)), "it begins anew");
    }

    #[test]
    fn attempts_that_began_before_it_opened_do_not_prolong_it() {
        let mut health = WebhookHealth::default();
        for end in 0..8 {
            health.record(Err("timeout"), at(0), at(end));
        }
        assert_eq!(health.open_until(), Some(at(4 + 30)));
    }

    #[test]
    fn an_hour_is_failing_and_a_day_is_an_alarm() {
        let mut health = WebhookHealth::default();
        fail(&mut health, 0);
        assert!(!health.is_failing(at(3_599)) && health.is_failing(at(3_600)));
        assert!(!health.is_alarm_due(at(86_399)) && health.is_alarm_due(at(86_400)));
        health.alarmed = true;
        assert!(!health.is_alarm_due(at(90_000)));
        succeed(&mut health, 90_000);
        assert!(!health.alarmed && !health.is_failing(at(900_000)));
    }

    #[test]
    fn it_survives_storage() {
        let mut health = WebhookHealth::default();
        (0..5).for_each(|_| fail(&mut health, 0));
        let stored = serde_json::to_string(&health).unwrap();
        assert_eq!(serde_json::from_str::<WebhookHealth>(&stored).unwrap(), health);
        assert_eq!(serde_json::from_str::<WebhookHealth>("{}").unwrap(), WebhookHealth::default());
    }
}

//! When and after how long a request is sent again.
//!
//! Only what is safe to repeat is repeated: GET, and what the connector calls idempotent. A provider
//! that says 429 or 503 is asked again at most five times, after the time it names, else after a
//! random time under a doubling ceiling (full jitter), and only when that ends within the budget.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use patchbay_model::{Clock, Entropy};

/// The most repetitions of one request.
pub(super) const MAX_RETRIES: u32 = 5;
const BASE: Duration = Duration::from_millis(250);
const CEILING: Duration = Duration::from_secs(8);

/// Whether the provider asks to come back later.
pub(super) fn asks_to_wait(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

/// The wait that a `Retry-After` names: seconds or an HTTP date (RFC 9110 section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let left = http_date(text)?.saturating_sub(clock.now().as_seconds());
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

/// How long to wait before repetition number `attempt` (from 0) when the provider names no time.
pub(super) fn backoff(attempt: u32, entropy: &dyn Entropy) -> Duration {
    let ceiling = CEILING.min(BASE.saturating_mul(1 << attempt.min(16)));
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    let micros = u64::try_from(ceiling.as_micros()).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(u64::from_le_bytes(bytes) % micros)
}

/// Seconds since the Unix epoch of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<i64> {
    let mut parts = text.split([' ', ':']).filter(|part| !part.is_empty());
    let _weekday = parts.next()?.strip_suffix(',')?;
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .iter()
        .position(|month| *month == name)?;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut time = || parts.next()?.parse::<i64>().ok();
    let (hour, minute, second) = (time()?, time()?, time()?);
    if parts.next() != Some("GMT") || !(1970..=9999).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    // Days from the civil date, counting years from March.
    let month = i64::try_from(month).ok()? + 1;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::{ManualClock, SeededEntropy};

    use super::*;

    fn wait(value: &str) -> Option<u64> {
        let clock = ManualClock::at("1994-11-06T08:49:07Z");
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]);
        retry_after(&headers, &clock).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("1.5"), Some(1));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0), "a past moment is now");
        for nonsense in ["soon", "-5", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT"] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
        assert_eq!(http_date("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
    }

    #[test]
    fn jitter_stays_under_its_ceiling() {
        let entropy = SeededEntropy::new(3);
        for attempt in 0..40 {
            let wait = backoff(attempt, &entropy);
            assert!(wait < CEILING && wait < BASE.saturating_mul(1 << attempt.min(16)), "{attempt}: {wait:?}");
        }
    }
}

//! Moments in time, and the clock as a parameter.

use std::{fmt, str::FromStr, time::Duration};

use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// It is displayed and serialized in the form of the wire contract: RFC 3339 with milliseconds and `Z`
/// (`2026-01-15T10:30:00.000Z`). It is stored as an integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

/// The error of a string that is not an RFC 3339 date and time.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a date and time like 2026-01-15T10:30:00Z")]
pub struct TimestampError(String);

impl Timestamp {
    /// Returns the moment at `micros` microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Returns this moment plus `seconds` (which may be negative), saturating.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Returns this moment plus `millis` milliseconds (which may be negative), saturating.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1_000)))
    }

    /// Returns this moment plus `duration`, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Returns this moment minus `duration`, saturating.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Returns the time from `earlier` to this moment; zero when this moment is the earlier one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// Returns the milliseconds from `earlier` to this moment; negative if this moment is the earlier one.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        (self.0.saturating_sub(earlier.0)) / 1_000
    }

    /// Returns the moment in RFC 3339 with milliseconds, in UTC.
    pub fn to_rfc3339(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        let moment = jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        f.write_str(&PRINTER.timestamp_to_string(&moment))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self(moment.as_microsecond()))
            .map_err(|_| TimestampError(text.chars().take(64).collect()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A source of the current moment: the system clock in the binary, a manual clock in tests.
pub trait Clock: Send + Sync {
    /// Returns the current moment.
    fn now(&self) -> Timestamp;

    /// Returns the time since a fixed moment before the process started serving. It never decreases, also when the
    /// moment of [`Clock::now`] is corrected: delays of repeated attempts are measured with it.
    fn monotonic(&self) -> Duration;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn displays_milliseconds_in_utc() {
        let moment: Timestamp = "2026-01-15T11:30:00.1239+01:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-01-15T10:30:00.123Z");
        assert_eq!(moment.plus_seconds(60).millis_since(moment), 60_000);
    }

    #[test]
    fn displays_extremes_without_a_panic() {
        assert!(!Timestamp::from_micros(i64::MIN).to_string().is_empty());
        assert!(!Timestamp::from_micros(i64::MAX).plus_seconds(1).to_string().is_empty());
    }

    #[test]
    fn rejects_a_string_that_is_not_a_moment() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err();
        assert_eq!(error.to_string(), "`yesterday` is not a date and time like 2026-01-15T10:30:00Z");
    }

    proptest! {
        /// From year 1 to 9999 a moment parses back to the millisecond, and strings sort like moments.
        #[test]
        fn moments_parse_back(
            one in -62_135_596_800_000_000..=253_370_764_800_000_000_i64,
            two in -62_135_596_800_000_000..=253_370_764_800_000_000_i64,
        ) {
            let (one, two) = (Timestamp(one), Timestamp(two));
            let text = one.to_string();
            prop_assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
            let again: Timestamp = text.parse().unwrap();
            prop_assert!((again.0 - one.0).abs() < 1_000, "{text}");
            let json = serde_json::to_string(&one).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), again);
            if one.millis_since(two) > 1 {
                prop_assert!(text > two.to_string());
            }
        }

        #[test]
        fn any_string_parses_or_is_an_error(text in ".*") {
            if let Err(error) = text.parse::<Timestamp>() {
                prop_assert!(error.to_string().contains("is not a date and time"));
            }
        }

        #[test]
        fn arithmetic_saturates(moment in any::<i64>(), seconds in any::<i64>()) {
            let later = Timestamp(moment).plus_seconds(seconds).plus_millis(seconds);
            prop_assert_eq!(seconds >= 0, later >= Timestamp(moment));
            let duration = Duration::from_secs(seconds.unsigned_abs());
            prop_assert!(Timestamp(moment).plus(duration) >= Timestamp(moment));
            prop_assert!(Timestamp(moment).minus(duration) <= Timestamp(moment));
            prop_assert_eq!(Timestamp(moment).since(Timestamp(moment).plus(duration)), Duration::ZERO);
            prop_assert!(Timestamp(moment).as_seconds() <= moment / 1_000_000);
        }
    }
}

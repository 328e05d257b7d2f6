//! Cron schedules of five fields, in UTC: minute, hour, day of the month, month, day of the week.

use jiff::{ToSpan as _, civil::DateTime, tz::Offset};
use patchbay_model::Timestamp;

/// A cron schedule. Each field is a bit set of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CronSchedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether day of month and day of week are alternatives: they are when both are restricted (POSIX crontab).
    either_day: bool,
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// The search limit: 29 February comes within eight years.
const MAX_YEARS_AHEAD: i64 = 8;

impl CronSchedule {
    /// Parses a line. Returns none when it is not a schedule.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let fields = line.split_whitespace().collect::<Vec<_>>();
        let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
        let weekdays = field(weekday, 0, 7, &WEEKDAYS, 0)?;
        Some(Self {
            minutes: field(minute, 0, 59, &[], 0)?,
            hours: field(hour, 0, 23, &[], 0)?,
            days: field(day, 1, 31, &[], 0)?,
            months: field(month, 1, 12, &MONTHS, 1)?,
            // Sunday is 0 and 7.
            weekdays: (weekdays | (weekdays >> 7)) & 0x7F,
            either_day: !day.starts_with(['*', '?']) && !weekday.starts_with(['*', '?']),
        })
    }

    /// Returns the first scheduled time after a moment; none if there is none within [`MAX_YEARS_AHEAD`].
    pub(crate) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let start = Offset::UTC.to_datetime(jiff::Timestamp::from_microsecond(after.as_micros()).ok()?);
        let last = start.year().saturating_add(i16::try_from(MAX_YEARS_AHEAD).ok()?);
        let mut at = start.with().second(0).subsec_nanosecond(0).build().ok()?;
        at = at.checked_add(1.minute()).ok()?;
        while at.year() <= last {
            if !has(self.months, at.month()) || !self.has_day(at) {
                at = at.checked_add(1.day()).ok()?.start_of_day();
            } else if !has(self.hours, at.hour()) {
                at = at.checked_add(1.hour()).ok()?.with().minute(0).build().ok()?;
            } else if !has(self.minutes, at.minute()) {
                at = at.checked_add(1.minute()).ok()?;
            } else {
                return Some(Timestamp::from_micros(Offset::UTC.to_timestamp(at).ok()?.as_microsecond()));
            }
        }
        None
    }

    fn has_day(&self, at: DateTime) -> bool {
        let (day, weekday) = (has(self.days, at.day()), has(self.weekdays, at.weekday().to_sunday_zero_offset()));
        if self.either_day { day || weekday } else { day && weekday }
    }
}

fn has(set: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| set & (1 << number) != 0)
}

/// Parses one field into a bit set.
fn field(text: &str, least: u32, most: u32, names: &[&str], first_name: u32) -> Option<u64> {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match named {
            Some(place) => u32::try_from(place).ok()? + first_name,
            None => text.parse().ok()?,
        };
        (least..=most).contains(&number).then_some(number)
    };
    let mut set = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if from > to {
            return None;
        }
        let step = usize::try_from(step).ok()?;
        set |= (from..=to).step_by(step).fold(0, |set, number| set | (1_u64 << number));
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(line: &str, after: &str) -> Option<String> {
        let after = after.parse().unwrap();
        Some(CronSchedule::parse(line)?.next_after(after)?.to_rfc3339())
    }

    #[test]
    fn the_next_time_follows_the_schedule() {
        for (line, after, expected) in [
            ("0 * * * *", "2026-01-31T10:00:00Z", "2026-01-31T11:00:00.000Z"),
            ("0 * * * *", "2026-01-31T23:59:59Z", "2026-02-01T00:00:00.000Z"),
            ("*/15 * * * *", "2026-01-31T10:16:00Z", "2026-01-31T10:30:00.000Z"),
            ("5,35 8-10/2 * * *", "2026-01-31T08:35:00Z", "2026-01-31T10:05:00.000Z"),
            ("0 0 29 2 *", "2026-01-31T00:00:00Z", "2028-02-29T00:00:00.000Z"),
            ("0 9 * * MON", "2026-01-31T00:00:00Z", "2026-02-02T09:00:00.000Z"),
            ("0 9 * * 7", "2026-01-31T00:00:00Z", "2026-02-01T09:00:00.000Z"),
            ("0 0 13 * FRI", "2026-01-31T00:00:00Z", "2026-02-06T00:00:00.000Z"),
            ("30 4 1 JAN-MAR ?", "2026-03-02T00:00:00Z", "2027-01-01T04:30:00.000Z"),
            ("10/20 * * * *", "2026-01-31T10:11:00Z", "2026-01-31T10:30:00.000Z"),
        ] {
            assert_eq!(next(line, after).as_deref(), Some(expected), "{line} after {after}");
        }
    }

    #[test]
    fn an_invalid_or_impossible_schedule_has_no_next_time() {
        assert_eq!(next("0 0 31 2 *", "2026-01-31T00:00:00Z"), None);
        for line in ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "a * * * *"]
        {
            assert_eq!(CronSchedule::parse(line), None, "{line}");
        }
    }
}

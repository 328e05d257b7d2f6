//! Reads durations: `90s`, `15m`, `24h`, `30d`.

use std::time::Duration;

use crate::{diagnostic::code, syntax::Reader};

/// The pattern of a duration, for the JSON Schema.
pub(crate) const PATTERN: &str = "^[1-9][0-9]{0,6}[smhd]$";

/// Reads a duration between two bounds.
pub(super) fn read(place: &Reader<'_>, least: Duration, most: Duration) -> Option<Duration> {
    let text = place.text()?;
    let Some(found) = parse(&text) else {
        let hint = "write a number with `s`, `m`, `h` or `d`, for example `15m`";
        place.error_with_hint(code::INVALID, format!("`{text}` is not a duration"), hint);
        return None;
    };
    if found < least || found > most {
        let message = format!("the duration must be between {} and {}", written(least), written(most));
        place.error(code::INVALID, message);
        return None;
    }
    Some(found)
}

fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = (1..=7).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| is_number && !number.starts_with('0'))?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number * seconds))
}

fn written(duration: Duration) -> String {
    let seconds = duration.as_secs();
    [("d", 24 * 3600), ("h", 3600), ("m", 60)]
        .into_iter()
        .find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{seconds}s"), |(name, unit)| format!("{}{name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, seconds) in [("1s", 1), ("15m", 900), ("24h", 86_400), ("30d", 2_592_000)] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)));
            assert_eq!(parse(&written(Duration::from_secs(seconds))), Some(Duration::from_secs(seconds)));
        }
        for wrong in ["", "s", "5", "05m", "-5m", "+5m", "5 m", "1.5h", "5w", "99999999d", "5é", "é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}

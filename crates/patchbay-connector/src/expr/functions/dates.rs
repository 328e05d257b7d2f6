//! Date functions. Formats are date-fns patterns (`yyyy-MM-dd HH:mm`); the current time is `context.now` (RFC 3339), so
//! an evaluation has no clock of its own.

use jiff::{
    ToSpan,
    civil::{Date, DateTime},
    fmt::{strtime, temporal::Pieces},
};
use serde_json::Value;

use super::{FunctionResult, argument, text};
use crate::expr::{
    error::EvalError,
    eval::Evaluation,
    value::{self, Maybe},
};

pub(super) fn now(_: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    Ok(evaluation.bindings.root("context").and_then(|context| context.get("now")).cloned())
}

pub(super) fn years_elapsed(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let format = text(arguments, 1, "yearsElapsed")?;
    let start = date(&text(arguments, 0, "yearsElapsed")?, &format)?;
    let end = match argument(arguments, 2) {
        Some(end) => date(&value::as_text(end), &format)?,
        None => today(evaluation)?,
    };
    let mut years = i64::from(end.year()) - i64::from(start.year());
    if (end.month(), end.day()) < (start.month(), start.day()) {
        years -= 1;
    }
    Ok(Some(Value::from(years)))
}

pub(super) fn has_passed(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let moment = date(&text(arguments, 0, "hasPassed")?, &text(arguments, 1, "hasPassed")?)?;
    #[expect(clippy::cast_possible_truncation, reason = "saturating, and refused by the calendar when too large")]
    let years = value::as_number(argument(arguments, 2)).unwrap_or(0.0) as i64;
    let moment = add_years(moment, years)?;
    Ok(Some(Value::Bool(moment < today(evaluation)?)))
}

pub(super) fn next_anniversary(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let format = text(arguments, 1, "nextAnniversary")?;
    let start = date(&text(arguments, 0, "nextAnniversary")?, &format)?;
    let today = today(evaluation)?;
    let years = i64::from(today.year()) - i64::from(start.year());
    let mut next = add_years(start, years)?;
    if next < today {
        next = add_years(start, years + 1)?;
    }
    written(next.at(0, 0, 0, 0), &format).map(|text| Some(Value::String(text)))
}

fn add_years(date: Date, years: i64) -> Result<Date, EvalError> {
    let span = i32::try_from(years).ok().and_then(|years| 0.years().try_years(years).ok());
    span.and_then(|span| date.checked_add(span).ok())
        .ok_or_else(|| EvalError::Type("the date is out of range".to_owned()))
}

fn today(evaluation: &Evaluation<'_>) -> Result<Date, EvalError> {
    let now = evaluation.bindings.root("context").and_then(|context| context.get("now")).and_then(Value::as_str);
    now.and_then(|now| now.parse::<jiff::Timestamp>().ok())
        .map(|now| jiff::tz::Offset::UTC.to_datetime(now).date())
        .ok_or_else(|| EvalError::Type("the current time is not available here".to_owned()))
}

pub(super) fn format_date(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let from = if arguments.len() > 2 { Some(text(arguments, 2, "formatDate")?) } else { None };
    let moment = moment(argument(arguments, 0), from.as_deref(), "formatDate")?;
    written(moment, &text(arguments, 1, "formatDate")?).map(|text| Some(Value::String(text)))
}

pub(super) fn parse_date(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let format = text(arguments, 1, "parseDate")?;
    let moment = moment(argument(arguments, 0), Some(&format), "parseDate")?;
    Ok(Some(Value::String(write_iso(moment))))
}

pub(super) fn add_days(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let format = if arguments.len() > 2 { Some(text(arguments, 2, "addDays")?) } else { None };
    let moment = moment(argument(arguments, 0), format.as_deref(), "addDays")?;
    #[expect(clippy::cast_possible_truncation, reason = "saturating, and refused by the calendar when too large")]
    let days = value::as_number(argument(arguments, 1))
        .ok_or_else(|| EvalError::Type("`addDays` needs a number of days".to_owned()))? as i64;
    let later = 0.days().try_days(days).ok().and_then(|span| moment.checked_add(span).ok());
    let later = later.ok_or_else(|| EvalError::Type("the date is out of range".to_owned()))?;
    let given_as_day = argument(arguments, 0).and_then(Value::as_str).is_some_and(|text| text.trim().len() == 10);
    let text = match format {
        Some(format) => written(later, &format)?,
        None if given_as_day => later.date().to_string(),
        None => write_iso(later),
    };
    Ok(Some(Value::String(text)))
}

/// The smallest Unix time that counts as milliseconds (in the year 1973); smaller numbers are seconds.
const MIN_UNIX_MILLIS: u64 = 100_000_000_000;

/// Returns the milliseconds of a Unix time: a number is in seconds, from 10^11 on in milliseconds.
pub fn unix_to_millis(number: i64) -> Option<i64> {
    if number.unsigned_abs() >= MIN_UNIX_MILLIS { Some(number) } else { number.checked_mul(1_000) }
}

/// Parses a date or time of ISO 8601; a time without a zone is in UTC. Returns it in UTC, until the end of the year 9999.
pub fn parse_iso(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let pieces = Pieces::parse(text).ok()?;
    let moment = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    match pieces.to_numeric_offset() {
        Some(offset) => moment.checked_sub(i64::from(offset.seconds()).seconds()).ok(),
        None if pieces.time_zone_annotation().is_some() => None,
        None => Some(moment),
    }
}

/// Returns the moment of milliseconds since 1970, in UTC, until the end of the year 9999.
pub fn from_unix_millis(millis: i64) -> Option<DateTime> {
    let span = 0.seconds().try_milliseconds(millis).ok()?;
    DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(span).ok()
}

/// Returns the milliseconds since 1970 of a moment in UTC, rounded down.
fn to_unix_millis(moment: DateTime) -> i64 {
    let since = moment.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    since.as_secs() * 1_000 + i64::from(since.subsec_nanos()).div_euclid(1_000_000)
}

/// Writes a moment in ISO 8601, in UTC with milliseconds.
pub fn write_iso(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

pub(super) fn from_unix(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let wrong = |what: &str| EvalError::Type(format!("`fromUnix`: {what}"));
    let number = value::as_number(argument(arguments, 0)).ok_or_else(|| wrong("the first argument is not a number"))?;
    let factor = match arguments.len() {
        1 if number.abs() >= 100_000_000_000.0 => 1.0,
        1 => 1_000.0,
        _ => match text(arguments, 1, "fromUnix")?.as_str() {
            "seconds" => 1_000.0,
            "milliseconds" => 1.0,
            _ => return Err(wrong("the unit must be seconds or milliseconds")),
        },
    };
    #[expect(clippy::cast_possible_truncation, reason = "saturating, and refused by the calendar when too large")]
    let millis = (number * factor).floor() as i64;
    let moment = from_unix_millis(millis).ok_or_else(|| wrong("the number is not a valid Unix time"))?;
    Ok(Some(Value::String(write_iso(moment))))
}

pub(super) fn unix_seconds(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let millis = unix_argument(arguments, "unixSeconds")?;
    Ok(Some(Value::from(millis.div_euclid(1_000))))
}

pub(super) fn unix_millis(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    unix_argument(arguments, "unixMillis").map(|millis| Some(Value::from(millis)))
}

fn unix_argument(arguments: &[Maybe], function: &str) -> Result<i64, EvalError> {
    let format = if arguments.len() > 1 { Some(text(arguments, 1, function)?) } else { None };
    moment(argument(arguments, 0), format.as_deref(), function).map(to_unix_millis)
}

/// Parses a time in UTC: with a format, as ISO 8601, or (a number) as a Unix time.
fn moment(value: Option<&Value>, format: Option<&str>, function: &str) -> Result<DateTime, EvalError> {
    let wrong = |what: &str| EvalError::Type(format!("`{function}`: {what}"));
    let whole = || value::as_integer(value).and_then(|number| i64::try_from(number).ok());
    match value {
        Some(Value::Number(_)) => {
            let moment = whole().and_then(unix_to_millis).and_then(from_unix_millis);
            moment.ok_or_else(|| wrong("the number is not a valid Unix time"))
        }
        Some(Value::String(text)) => match format {
            Some(unit @ ("t" | "T")) => {
                let millis =
                    whole().and_then(|number| if unit == "t" { number.checked_mul(1_000) } else { Some(number) });
                millis.and_then(from_unix_millis).ok_or_else(|| wrong("the text is not a valid Unix time"))
            }
            Some(format) => {
                let parts = strtime::parse(strftime(format)?, text)
                    .map_err(|_| wrong(&format!("the text is not a date with the format {format}")))?;
                let utc = |moment: jiff::Timestamp| jiff::tz::Offset::UTC.to_datetime(moment);
                let found = parts.to_timestamp().map(utc).or_else(|_| parts.to_datetime());
                found.or_else(|_| parts.to_date().map(|date| date.at(0, 0, 0, 0))).map_err(|_| {
                    let has_date = parts.year().is_some() && parts.month().is_some() && parts.day().is_some();
                    wrong(if has_date { "the date does not exist" } else { "the format has no complete date" })
                })
            }
            None => parse_iso(text).ok_or_else(|| wrong("the text is not an ISO 8601 date")),
        },
        _ => Err(wrong("the first argument is not a date")),
    }
}

fn written(moment: DateTime, format: &str) -> Result<String, EvalError> {
    match format {
        "t" => return Ok(to_unix_millis(moment).div_euclid(1_000).to_string()),
        "T" => return Ok(to_unix_millis(moment).to_string()),
        _ => {}
    }
    // Times are in UTC; the format may contain the offset.
    let mut parts = strtime::BrokenDownTime::from(moment);
    parts.set_offset(Some(jiff::tz::Offset::UTC));
    parts.to_string(strftime(format)?).map_err(|_| EvalError::Type(format!("`{format}` is not a date format")))
}

fn date(text: &str, format: &str) -> Result<Date, EvalError> {
    Date::strptime(strftime(format)?, text)
        .map_err(|_| EvalError::Type(format!("the text is not a date with the format {format}")))
}

/// Converts a date-fns pattern to a strftime pattern. Letters in '…' are literal text; two quotes are one quote.
fn strftime(format: &str) -> Result<String, EvalError> {
    const TOKENS: [(&str, &str); 21] = [
        ("yyyy", "%Y"),
        ("yy", "%y"),
        ("MMMM", "%B"),
        ("MMM", "%b"),
        ("MM", "%m"),
        ("M", "%-m"),
        ("dd", "%d"),
        ("d", "%-d"),
        ("EEEE", "%A"),
        ("EEE", "%a"),
        ("HH", "%H"),
        ("H", "%-H"),
        ("hh", "%I"),
        ("h", "%-I"),
        ("mm", "%M"),
        ("m", "%-M"),
        ("ss", "%S"),
        ("s", "%-S"),
        ("SSS", "%3f"),
        ("a", "%p"),
        ("XXX", "%:z"),
    ];
    let unknown =
        || EvalError::Type(format!("`{format}` is not a date format; use yyyy, MM, dd, HH, mm, ss and similar tokens"));
    let (mut out, mut rest) = (String::new(), format);
    while let Some(first) = rest.chars().next() {
        let run = rest.find(|c| c != first).unwrap_or(rest.len());
        if first == '\'' {
            let end = rest[1..].find('\'').ok_or_else(unknown)?;
            let inside = &rest[1..=end];
            out.push_str(&if inside.is_empty() { "'".to_owned() } else { inside.replace('%', "%%") });
            rest = &rest[end + 2..];
        } else if first == 'T' || first == 'Z' || !first.is_ascii_alphabetic() {
            out.push_str(&rest[..run].replace('%', "%%"));
            rest = &rest[run..];
        } else {
            let (_, token) = TOKENS.iter().find(|(token, _)| *token == &rest[..run]).ok_or_else(unknown)?;
            out.push_str(token);
            rest = &rest[run..];
        }
    }
    Ok(out)
}

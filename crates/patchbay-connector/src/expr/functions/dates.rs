//! Date functions. Formats are date-fns patterns (`yyyy-MM-dd HH:mm`); the current time is `context.now` (RFC 3339), so
//! an evaluation has no clock of its own.

use jiff::{
    ToSpan,
    civil::{Date, DateTime},
    fmt::strtime,
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
    Ok(Some(Value::String(moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())))
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
        None => later.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    };
    Ok(Some(Value::String(text)))
}

/// Parses a time in UTC: with a format, as ISO 8601, or (a number) as milliseconds since 1970.
fn moment(value: Option<&Value>, format: Option<&str>, function: &str) -> Result<DateTime, EvalError> {
    let wrong = |what: &str| EvalError::Type(format!("`{function}`: {what}"));
    let utc = |moment: jiff::Timestamp| jiff::tz::Offset::UTC.to_datetime(moment);
    match value {
        Some(Value::Number(number)) => number
            .as_i64()
            .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
            .map(utc)
            .ok_or_else(|| wrong("the number is not a valid time in milliseconds")),
        Some(Value::String(text)) => match format {
            Some(format) => {
                let parts = strtime::parse(strftime(format)?, text)
                    .map_err(|_| wrong(&format!("the text is not a date with the format {format}")))?;
                let found = parts.to_timestamp().map(utc).or_else(|_| parts.to_datetime());
                found
                    .or_else(|_| parts.to_date().map(|date| date.at(0, 0, 0, 0)))
                    .map_err(|_| wrong("the format has no complete date"))
            }
            None => {
                let text = text.trim();
                let found = text.parse::<jiff::Timestamp>().map(utc).or_else(|_| text.parse::<DateTime>());
                found.map_err(|_| wrong("the text is not an ISO 8601 date"))
            }
        },
        _ => Err(wrong("the first argument is not a date")),
    }
}

fn written(moment: DateTime, format: &str) -> Result<String, EvalError> {
    // Times are in UTC; the format may contain the offset.
    let zoned = jiff::tz::Offset::UTC
        .to_timestamp(moment)
        .map_err(|_| EvalError::Type("the date is out of range".to_owned()))?
        .to_zoned_datetime(jiff::tz::TimeZone::UTC);
    strtime::format(strftime(format)?, &zoned).map_err(|_| EvalError::Type(format!("`{format}` is not a date format")))
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

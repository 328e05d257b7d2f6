//! Dates. Formats are date-fns patterns of `yyyy MM dd HH mm ss`; the current moment is
//! `context.now` (RFC 3339), so that an evaluation has no clock of its own.

use jiff::{ToSpan, civil::Date};
use serde_json::Value;

use super::{argument, text};
use crate::expr::{
    error::EvalError,
    eval::Evaluation,
    value::{self, Maybe},
};

type Outcome = Result<Maybe, EvalError>;

pub(super) fn now(_: &[Maybe], evaluation: &mut Evaluation<'_>) -> Outcome {
    Ok(evaluation.scope.root("context").and_then(|context| context.get("now")).cloned())
}

pub(super) fn years_elapsed(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> Outcome {
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

pub(super) fn has_passed(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> Outcome {
    let moment = date(&text(arguments, 0, "hasPassed")?, &text(arguments, 1, "hasPassed")?)?;
    #[expect(clippy::cast_possible_truncation, reason = "saturating, and refused by the calendar when too large")]
    let years = value::as_number(argument(arguments, 2)).unwrap_or(0.0) as i64;
    let moment = add_years(moment, years)?;
    Ok(Some(Value::Bool(moment < today(evaluation)?)))
}

pub(super) fn next_anniversary(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> Outcome {
    let format = text(arguments, 1, "nextAnniversary")?;
    let start = date(&text(arguments, 0, "nextAnniversary")?, &format)?;
    let today = today(evaluation)?;
    let years = i64::from(today.year()) - i64::from(start.year());
    let mut next = add_years(start, years)?;
    if next < today {
        next = add_years(start, years + 1)?;
    }
    Ok(Some(Value::String(next.strftime(&strftime(&format)).to_string())))
}

fn add_years(date: Date, years: i64) -> Result<Date, EvalError> {
    let span = i32::try_from(years).ok().and_then(|years| 0.years().try_years(years).ok());
    span.and_then(|span| date.checked_add(span).ok())
        .ok_or_else(|| EvalError::Type("the date is out of range".to_owned()))
}

fn today(evaluation: &Evaluation<'_>) -> Result<Date, EvalError> {
    let now = evaluation.scope.root("context").and_then(|context| context.get("now")).and_then(Value::as_str);
    now.and_then(|now| now.parse::<jiff::Timestamp>().ok())
        .map(|now| jiff::tz::Offset::UTC.to_datetime(now).date())
        .ok_or_else(|| EvalError::Type("the current moment is not known here".to_owned()))
}

fn date(text: &str, format: &str) -> Result<Date, EvalError> {
    Date::strptime(strftime(format), text)
        .map_err(|_| EvalError::Type(format!("a text is not a date of the form {format}")))
}

/// A date-fns pattern as a strftime one.
fn strftime(format: &str) -> String {
    const TOKENS: [(&str, &str); 6] =
        [("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")];
    TOKENS.iter().fold(format.replace('%', "%%"), |format, (from, to)| format.replace(from, to)).replace('\'', "")
}

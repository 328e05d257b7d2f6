//! The closed list of functions and methods. A method is a function whose first argument stands
//! before the dot.

#![expect(clippy::unnecessary_wraps, reason = "all functions have one signature, whether they can fail or not")]

mod dates;
mod lists;
mod texts;

use serde_json::Value;

use super::{error::EvalError, eval::Evaluation, value::Maybe};

type Function = fn(&[Maybe], &mut Evaluation<'_>) -> Result<Maybe, EvalError>;

/// (name in a file, method name in a file, what it does)
const FUNCTIONS: &[(&str, Option<&str>, Function)] = &[
    ("present", None, lists::present),
    ("missing", None, lists::missing),
    ("keys", None, lists::keys),
    ("values", None, lists::values),
    ("includes", Some("includes"), lists::includes),
    ("includesSome", None, lists::includes_some),
    ("length", None, lists::length),
    ("first", None, lists::first),
    ("last", None, lists::last),
    ("sum", None, lists::sum),
    ("join", Some("join"), lists::join),
    ("slice", Some("slice"), lists::slice),
    ("lower", Some("toLowerCase"), texts::lower),
    ("upper", Some("toUpperCase"), texts::upper),
    ("trim", Some("trim"), texts::trim),
    ("split", Some("split"), texts::split),
    ("replace", Some("replace"), texts::replace),
    ("startsWith", Some("startsWith"), texts::starts_with),
    ("endsWith", Some("endsWith"), texts::ends_with),
    ("string", Some("toString"), texts::string),
    ("number", None, texts::number),
    ("toJson", None, texts::to_json),
    ("fromJson", None, texts::from_json),
    ("urlEncode", None, texts::url_encode),
    ("encodeBase64", None, texts::encode_base64),
    ("decodeBase64", None, texts::decode_base64),
    ("now", None, dates::now),
    ("yearsElapsed", None, dates::years_elapsed),
    ("hasPassed", None, dates::has_passed),
    ("nextAnniversary", None, dates::next_anniversary),
];

/// The function's own name, when there is one with this name.
pub(super) fn function(name: &str) -> Option<&'static str> {
    FUNCTIONS.iter().map(|(known, _, _)| *known).find(|known| *known == name)
}

/// The function that a method stands for.
pub(super) fn method(name: &str) -> Option<&'static str> {
    FUNCTIONS.iter().find(|(_, method, _)| *method == Some(name)).map(|(known, _, _)| *known)
}

/// The function whose name is most like this one.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    crate::nearest::nearest(name, FUNCTIONS.iter().map(|(known, _, _)| *known))
}

pub(super) fn call(name: &str, arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> Result<Maybe, EvalError> {
    let size: usize = arguments.iter().flatten().map(weight).sum();
    evaluation.spend(1 + size as u64 / 64)?;
    match FUNCTIONS.iter().find(|(known, _, _)| *known == name) {
        Some((_, _, run)) => run(arguments, evaluation),
        None => Err(EvalError::Type(format!("there is no function `{name}`"))),
    }
}

/// Roughly how much there is to look at.
fn weight(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len() * 16,
        Value::Object(members) => members.len() * 16,
        _ => 1,
    }
}

/// The argument at `place`, where it has a value.
fn argument(arguments: &[Maybe], place: usize) -> Option<&Value> {
    arguments.get(place).and_then(Option::as_ref)
}

/// The text at `place`; other simple values as text.
fn text(arguments: &[Maybe], place: usize, function: &str) -> Result<String, EvalError> {
    match argument(arguments, place) {
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => Ok(super::value::as_text(value)),
        _ => Err(EvalError::Type(format!("`{function}` needs a text as argument {}", place + 1))),
    }
}

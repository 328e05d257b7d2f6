//! The semantics of values: truthiness, equality, order, conversion to strings and numbers. They are those of
//! JavaScript as far as the engine for which the files were written shows them.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// A value, or undefined.
pub(super) type Maybe = Option<Value>;

/// The largest integer that a double represents exactly: 2^53.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

pub(super) fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < MAX_EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        return Value::from(number as i64);
    }
    // JSON has neither NaN nor infinity; JavaScript writes them as null, too.
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

pub(super) fn is_truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(truth)) => *truth,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(_) | Value::Object(_)) => true,
    }
}

/// Returns the number that a value converts to; `None` if it does not convert.
pub(super) fn as_number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Null => Some(0.0),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the string that a value converts to within a longer string.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number_text(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        Value::Object(_) => value.to_string(),
    }
}

/// Returns a number as JavaScript writes it: `25.0` as `25`.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => match self::number(float) {
            Value::Number(plain) => plain.to_string(),
            _ => number.to_string(),
        },
        _ => number.to_string(),
    }
}

pub(super) fn equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (None | Some(Value::Null), None | Some(Value::Null)) => true,
        (None | Some(Value::Null), _) | (_, None | Some(Value::Null)) => false,
        (Some(Value::String(left)), Some(Value::String(right))) => left == right,
        (Some(left @ (Value::Array(_) | Value::Object(_))), Some(right))
        | (Some(left), Some(right @ (Value::Array(_) | Value::Object(_)))) => left == right,
        (left, right) => match (as_number(left), as_number(right)) {
            #[expect(clippy::float_cmp, reason = "equality of numbers as JavaScript has it")]
            (Some(left), Some(right)) => left == right,
            _ => false,
        },
    }
}

pub(super) fn compare(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    if let (Some(Value::String(left)), Some(Value::String(right))) = (left, right) {
        return Some(left.cmp(right));
    }
    as_number(left)?.partial_cmp(&as_number(right)?)
}

/// Returns true if a list contains `value`, a string contains it as a part, or an object has it as a key.
pub(super) fn contains(container: Option<&Value>, value: Option<&Value>) -> bool {
    match (container, value) {
        (Some(Value::Array(items)), value) => items.iter().any(|item| equal(Some(item), value)),
        (Some(Value::String(text)), Some(part)) => text.contains(&as_text(part)),
        (Some(Value::Object(members)), Some(Value::String(key))) => members.contains_key(key),
        _ => false,
    }
}

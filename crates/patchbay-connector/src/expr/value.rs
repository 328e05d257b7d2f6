//! The semantics of values: truthiness, equality, order, conversion to strings and numbers. They are those of
//! JavaScript as far as the engine for which the files were written shows them, except that two numbers are compared
//! exactly. Arithmetic is that of doubles.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::json_number;

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
        Some(Value::Number(number)) => !json_number::is_zero(number),
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

/// Returns a number as JavaScript writes it: `25.0` as `25`. One with more digits than a double keeps is written as it came.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && !json_number::exceeds_double(number) => match self::number(float) {
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
        (Some(left @ Value::Number(_)), Some(right @ Value::Number(_)))
        | (Some(left @ (Value::Array(_) | Value::Object(_))), Some(right))
        | (Some(left), Some(right @ (Value::Array(_) | Value::Object(_)))) => json_number::equal(left, right),
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
    if let (Some(Value::Number(left)), Some(Value::Number(right))) = (left, right) {
        return Some(json_number::compare(left, right));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_beyond_doubles_are_compared_exactly_and_written_as_they_came() {
        let is_equal = |left: &str, right: &str| equal(Some(&value(left)), Some(&value(right)));
        assert!(
            is_equal("1.0", "1.00") && is_equal("[1.0]", "[1]") && is_equal("\"1.0\"", "1") && is_equal("true", "1")
        );
        assert!(!is_equal("9007199254740993", "9007199254740992") && !is_equal("1e400", "2e400"));
        let ordered = |left: &str, right: &str| compare(Some(&value(left)), Some(&value(right)));
        assert_eq!(ordered("123456789012345678901234567890", "123456789012345678901234567891"), Some(Ordering::Less));
        assert_eq!(ordered("1e400", "5"), Some(Ordering::Greater));
        assert!(is_truthy(Some(&value("1e400"))) && !is_truthy(Some(&value("0.0"))));
        for (number, text) in [
            ("25.0", "25"),
            ("1.10", "1.1"),
            ("12345678901234.567890123", "12345678901234.567890123"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            assert_eq!(as_text(&value(number)), text);
        }
        assert_eq!(as_number(Some(&value("1e400"))), None, "arithmetic refuses it");
    }
}

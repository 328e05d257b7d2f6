//! The semantics of values: truthiness, equality, order, conversion to strings and numbers. They are those of
//! JavaScript as far as the engine for which the files were written shows them, except that two numbers are compared
//! exactly. Arithmetic is that of doubles, except that integers of 64 bits stay exact.

use std::cmp::Ordering;

use serde_json::Value;

use crate::json_number;

/// A value, or undefined.
pub(super) type Maybe = Option<Value>;

pub(super) fn number(number: f64) -> Value {
    json_number::from_double(number)
}

/// Returns an integer as a number of JSON; `None` if it does not fit into 64 bits, signed or unsigned.
pub(super) fn integer(integer: i128) -> Option<Value> {
    i64::try_from(integer).map(Value::from).or_else(|_| u64::try_from(integer).map(Value::from)).ok()
}

/// Returns the integer of 64 bits that a value converts to; `None` if it converts to another number, or to none.
pub(super) fn as_integer(value: Option<&Value>) -> Option<i128> {
    match value? {
        Value::Number(number) => {
            let exact = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            exact.or_else(|| match json_number::from_double(number.as_f64()?) {
                // `25.0` is an integer, too.
                Value::Number(whole) => whole.as_i64().map(i128::from),
                _ => None,
            })
        }
        Value::Bool(truth) => Some(i128::from(*truth)),
        Value::String(text) => {
            let integer = text.trim().parse::<i128>().ok()?;
            self::integer(integer).map(|_| integer)
        }
        Value::Null => Some(0),
        Value::Array(_) | Value::Object(_) => None,
    }
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
        Value::Number(number) => json_number::to_text(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        Value::Object(_) => value.to_string(),
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

/// Returns the number of items of a list or of characters of a string.
pub(super) fn length(of: &Value) -> Maybe {
    match of {
        Value::Array(items) => Some(Value::from(items.len())),
        Value::String(text) => Some(Value::from(text.chars().count())),
        _ => None,
    }
}

/// Compares as `===` does: without a conversion. Lists and objects are equal if their contents are.
pub(super) fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => json_number::equal(left, right),
        _ => false,
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

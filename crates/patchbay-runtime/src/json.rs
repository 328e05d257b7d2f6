//! Small helpers for JSON values.

use patchbay_connector::json_number;
use serde_json::Value;

/// Returns a value as a string: a string unchanged, null as the empty string, a number as JavaScript writes it, other values
/// as JSON.
pub(crate) fn to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => json_number::to_text(number),
        value => value.to_string(),
    }
}

/// Returns the value at a dotted path. A key that contains the dots itself takes precedence.
pub(crate) fn at_path<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    path.split('.').try_fold(value, |at, key| match at {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        at => at.get(key),
    })
}

//! Checks the rules beyond types: of one value, of the length of a list, and across inputs.

use patchbay_connector::{
    definition::{Action, Input, InputLocation, ValidationRule},
    json_number,
};
use serde_json::{Map, Value};

use super::{Problems, formats};

/// Checks the rules of one value, or of one item of a list.
pub(super) fn check_value(input: &Input, value: &Value, path: &str, location: InputLocation, problems: &mut Problems) {
    let rules = input.rules();
    let mut fail = |code: &'static str, requirement: String| {
        problems.add(path, code, rules.error_message.clone().unwrap_or_else(|| format!("`{path}` {requirement}")));
    };
    match value {
        Value::String(text) => {
            if !input.array
                && let Some((code, requirement)) = length(input, text.chars().count(), "characters")
            {
                fail(code, requirement);
            }
            if let Some((source, regex)) = &rules.pattern
                && !regex.is_match(text)
            {
                fail("pattern", format!("must match the pattern {source}"));
            }
            if let Some(format) = &rules.format
                && let Some(expected) = formats::expected_format(format, text)
            {
                fail("format", format!("must be {expected}"));
            }
            // A value that would change the path or the headers of a request is rejected for every connector.
            if location == InputLocation::Path && matches!(text.as_str(), "" | "." | "..") {
                fail("path_segment", "must not be empty, `.` or `..`: it is one segment of the path".to_owned());
            }
            if location == InputLocation::Headers && text.chars().any(|c| c.is_control() && c != '\t') {
                problems.add(
                    path,
                    "header_value",
                    format!("`{path}` contains a line break or another control character"),
                );
            }
        }
        Value::Number(number) => {
            let number = json_number::to_double(number);
            if let Some(min) = rules.min.filter(|min| number < *min) {
                fail("min", format!("must be at least {min}"));
            }
            if let Some(max) = rules.max.filter(|max| number > *max) {
                fail("max", format!("must be at most {max}"));
            }
        }
        _ => {}
    }
}

/// Checks the length of a list.
pub(super) fn check_length(input: &Input, count: usize, path: &str, problems: &mut Problems) {
    if let Some((code, requirement)) = length(input, count, "items") {
        problems.add(
            path,
            code,
            input.rules().error_message.clone().unwrap_or_else(|| format!("`{path}` {requirement}")),
        );
    }
}

/// Returns the code and the requirement of a length rule that `count` violates.
fn length(input: &Input, count: usize, unit: &str) -> Option<(&'static str, String)> {
    let (count, rules) = (count as u64, input.rules());
    match (rules.min_length, rules.max_length) {
        (Some(min), _) if count < min => Some(("min_length", format!("must have at least {min} {unit}"))),
        (_, Some(max)) if count > max => Some(("max_length", format!("must have at most {max} {unit}"))),
        _ => None,
    }
}

/// Checks the rules across inputs.
pub(super) fn check_rules(action: &Action, given: &Map<String, Value>, problems: &mut Problems) {
    let has = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
    let path = |name: &str| {
        let input = action.inputs.iter().find(|input| input.name == name);
        input.map_or_else(|| name.to_owned(), |input| format!("{}.{name}", input.location.as_str()))
    };
    let list =
        |fields: &[String]| fields.iter().map(|field| format!("`{}`", path(field))).collect::<Vec<_>>().join(", ");
    for rule in &action.rules {
        match rule {
            ValidationRule::AtLeastOneOf { fields, message } => {
                if !fields.iter().any(|field| has(field)) {
                    let default_message = || format!("at least one of {} is required", list(fields));
                    let at = fields.first().map(|field| path(field)).unwrap_or_default();
                    problems.add(&at, "at_least_one_of", message.clone().unwrap_or_else(default_message));
                }
            }
            ValidationRule::MutuallyExclusive { fields, message } => {
                let both = fields.iter().filter(|field| has(field)).cloned().collect::<Vec<_>>();
                if both.len() > 1 {
                    let default_message = || format!("only one of {} is allowed", list(fields));
                    problems.add(
                        &path(&both[1]),
                        "mutually_exclusive",
                        message.clone().unwrap_or_else(default_message),
                    );
                }
            }
            ValidationRule::RequiredIf { field, other, equals, not_equals, present, message } => {
                let value = given.get(other).filter(|value| !value.is_null());
                let applies = equals.as_ref().is_none_or(|expected| value == Some(expected))
                    && not_equals.as_ref().is_none_or(|excluded| value != Some(excluded))
                    && present.is_none_or(|expected| expected == value.is_some());
                if applies && !has(field) {
                    let default_message =
                        || format!("`{}` is required for this value of `{}`", path(field), path(other));
                    problems.add(&path(field), "required_if", message.clone().unwrap_or_else(default_message));
                }
            }
        }
    }
}

//! Rules beyond the type: of one value, of a list's length, across inputs.

use patchbay_connector::definition::{Action, Input, InputLocation, ValidationRule};
use serde_json::{Map, Value};

use super::{Problems, formats};

/// The rules of one value (of each element, for a list).
pub(super) fn check_value(input: &Input, value: &Value, path: &str, location: InputLocation, problems: &mut Problems) {
    let rules = input.rules();
    let mut fail = |code: &'static str, own: String| {
        problems.add(path, code, rules.error_message.clone().unwrap_or_else(|| format!("`{path}` {own}")));
    };
    match value {
        Value::String(text) => {
            if !input.array
                && let Some((code, own)) = length(input, text.chars().count(), "characters")
            {
                fail(code, own);
            }
            if let Some((source, regex)) = &rules.pattern
                && !regex.is_match(text)
            {
                fail("pattern", format!("must match the pattern {source}"));
            }
            if let Some(format) = &rules.format
                && let Some(wanted) = formats::expected_format(format, text)
            {
                fail("format", format!("must be {wanted}"));
            }
            // What would change the route or the head of a request is refused whatever the file says.
            if location == InputLocation::Path && matches!(text.as_str(), "" | "." | "..") {
                fail("path_segment", "must not be empty, `.` or `..`: it is one part of a path".to_owned());
            }
            if location == InputLocation::Headers && text.chars().any(|c| c.is_control() && c != '\t') {
                problems.add(path, "header_value", format!("`{path}` holds a line break or another control character"));
            }
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
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

/// The length of a list.
pub(super) fn check_length(input: &Input, count: usize, path: &str, problems: &mut Problems) {
    if let Some((code, own)) = length(input, count, "elements") {
        problems.add(path, code, input.rules().error_message.clone().unwrap_or_else(|| format!("`{path}` {own}")));
    }
}

fn length(input: &Input, count: usize, unit: &str) -> Option<(&'static str, String)> {
    let (count, rules) = (count as u64, input.rules());
    match (rules.min_length, rules.max_length) {
        (Some(min), _) if count < min => Some(("min_length", format!("must have at least {min} {unit}"))),
        (_, Some(max)) if count > max => Some(("max_length", format!("must have at most {max} {unit}"))),
        _ => None,
    }
}

/// The rules over several inputs.
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
                    let own = || format!("at least one of {} is needed", list(fields));
                    let at = fields.first().map(|field| path(field)).unwrap_or_default();
                    problems.add(&at, "at_least_one_of", message.clone().unwrap_or_else(own));
                }
            }
            ValidationRule::MutuallyExclusive { fields, message } => {
                let both = fields.iter().filter(|field| has(field)).cloned().collect::<Vec<_>>();
                if both.len() > 1 {
                    let own = || format!("only one of {} may be given", list(fields));
                    problems.add(&path(&both[1]), "mutually_exclusive", message.clone().unwrap_or_else(own));
                }
            }
            ValidationRule::RequiredIf { field, other, equals, not_equals, present, message } => {
                let value = given.get(other).filter(|value| !value.is_null());
                let applies = equals.as_ref().is_none_or(|wanted| value == Some(wanted))
                    && not_equals.as_ref().is_none_or(|unwanted| value != Some(unwanted))
                    && present.is_none_or(|wanted| wanted == value.is_some());
                if applies && !has(field) {
                    let own = || format!("`{}` is required with this `{}`", path(field), path(other));
                    problems.add(&path(field), "required_if", message.clone().unwrap_or_else(own));
                }
            }
        }
    }
}

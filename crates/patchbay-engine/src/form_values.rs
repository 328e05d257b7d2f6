//! Validates typed values against the connector's fields and reports every problem at once. Messages name fields, never
//! values.

use patchbay_connector::{
    definition::{FieldType, FormField},
    expr, nearest,
};
use patchbay_model::Metadata;
use patchbay_vault::Secret;
use serde_json::{Map, Value};

use crate::{Field, Problem, ProblemPath, validation::MAX_PROBLEMS};

/// The placeholder of a redacted secret in a form; sent back, it keeps the value.
const REDACTED_PLACEHOLDER: &str = "__secretvalue:**redacted**";
/// The maximum size of a value; private keys and certificates fit.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// The values of a form, separated into secret and other values.
#[derive(Default)]
pub(crate) struct FormValues {
    /// The values that are not secret.
    pub(crate) plain: Metadata,
    /// The secret values.
    pub(crate) secrets: Vec<(String, Secret)>,
}

/// Validates typed values against a form, up to [`MAX_PROBLEMS`] problems. `kept` returns true for fields with a stored value; `place` is the first part
/// of every problem's path.
pub(crate) fn check_fields(
    fields: &[FormField],
    typed: Vec<(String, Secret)>,
    place: Field,
    kept: impl Fn(&str) -> bool,
) -> Result<FormValues, Vec<Problem>> {
    let (mut accepted, mut problems) = (FormValues::default(), Vec::new());
    let report = |problems: &mut Vec<Problem>, key: &str, code, message: String| {
        problems.push(Problem { path: ProblemPath::key(place, key), code, message });
    };
    let mut given: Vec<String> = Vec::new();
    for (key, value) in typed {
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
        let Some(field) = fields.iter().find(|field| field.key == key) else {
            let near = nearest(&key, fields.iter().map(|field| field.key.as_str()));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let shown: String = key.chars().take(64).collect();
            report(&mut problems, &shown, "unknown_field", format!("field `{shown}` does not exist{hint}"));
            continue;
        };
        let text = pasted_value(field, value.expose());
        if text.is_empty() || text.starts_with(REDACTED_PLACEHOLDER) || field.read_only {
            continue;
        }
        match check_value(field, text) {
            Ok(()) => {
                if field.secret {
                    let secret = if text.len() == value.expose().len() { value.clone() } else { Secret::new(text) };
                    accepted.secrets.push((key.clone(), secret));
                } else {
                    accepted.plain.insert(key.clone(), plain_value(field, text));
                }
            }
            Err((code, message)) => report(&mut problems, &key, code, message),
        }
        given.push(key);
    }
    for field in fields {
        if given.contains(&field.key) || kept(&field.key) || !is_asked(field, fields, &accepted, &kept) {
            continue;
        }
        match &field.default {
            Some(default) if field.secret => {
                accepted.secrets.push((field.key.clone(), Secret::new(default.as_str().unwrap_or_default())));
            }
            Some(default) => {
                accepted.plain.insert(field.key.clone(), default.clone());
            }
            None if field.required => {
                report(&mut problems, &field.key, "required", format!("{} is required", field.label));
            }
            None => {}
        }
    }
    if problems.is_empty() { Ok(accepted) } else { Err(problems) }
}

/// Returns true if a field's condition holds, or if it has none. It does not hold if it needs a value that the request omits
/// and that is stored: with the stored value, the field was asked for before. A condition that cannot be evaluated holds.
fn is_asked(field: &FormField, fields: &[FormField], given: &FormValues, kept: impl Fn(&str) -> bool) -> bool {
    let Some(condition) = &field.condition else { return true };
    let mut values = Map::new();
    for other in fields.iter().filter(|other| other.key != field.key) {
        // A condition may ask whether a secret is given, not for its text.
        let is_given_secret = given.secrets.iter().any(|(key, _)| *key == other.key);
        let value = match given.plain.get(&other.key) {
            Some(value) => Some(value.clone()),
            None if is_given_secret => Some(Value::from(true)),
            None if kept(&other.key) => None,
            None => other.default.clone().filter(|_| !other.secret),
        };
        if let Some(value) = value {
            values.insert(other.key.clone(), value);
        }
    }
    let is_known = |name: &str| values.contains_key(name) || !kept(name);
    if condition.references().iter().filter_map(|(_, name)| name.as_deref()).any(|name| !is_known(name)) {
        return false;
    }
    let values = Value::Object(values);
    let bindings = expr::Bindings { roots: &[("credentials", &values)] };
    condition.is_truthy(&bindings).unwrap_or(true)
}

/// The ends of the keys of fields that contain a person's password.
const PASSWORD_KEYS: [&str; 3] = ["password", "passphrase", "passwd"];

/// Returns the value of a field without the whitespace and the invisible characters around it, which people paste with a key.
/// A person's password may begin or end with a space, so it stays as it was typed.
fn pasted_value<'v>(field: &FormField, typed: &'v str) -> &'v str {
    let key = field.key.to_ascii_lowercase();
    if PASSWORD_KEYS.iter().any(|end| key.ends_with(end)) {
        return typed;
    }
    // Byte order mark, zero-width space, joiners, word joiner.
    typed.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}'))
}

fn plain_value(field: &FormField, text: &str) -> Value {
    match field.kind {
        FieldType::Number => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        _ => Value::from(text),
    }
}

fn check_value(field: &FormField, text: &str) -> Result<(), (&'static str, String)> {
    let label = &field.label;
    if text.len() > MAX_VALUE_BYTES {
        return Err(("too_long", format!("{label} is longer than {MAX_VALUE_BYTES} bytes")));
    }
    let lines = field.kind == FieldType::TextArea;
    if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(("control_character", format!("{label} contains a line break or another control character")));
    }
    match field.kind {
        FieldType::Select if !field.options.iter().any(|option| option.value == text) => {
            let options = field.options.iter().map(|option| option.value.as_str()).collect::<Vec<_>>().join(", ");
            return Err(("enum", format!("{label} must be one of: {options}")));
        }
        FieldType::Number if !text.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Err(("type", format!("{label} must be a number")));
        }
        _ => {}
    }
    if let Some(validation) = &field.validation
        && !validation.regex.is_match(text)
    {
        let otherwise = || match &validation.format {
            Some(format) => format!("{label} is not a valid {format}"),
            None => format!("{label} does not have the expected format"),
        };
        return Err(("pattern", validation.error_message.clone().unwrap_or_else(otherwise)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_a_hundred_unknown_fields_are_reported_or_counted() {
        let typed = |count| (0..count).map(|number| (format!("field{number}"), Secret::new("v"))).collect::<Vec<_>>();
        let problems = |count| check_fields(&[], typed(count), Field::Credentials, |_| false).err().unwrap_or_default();
        assert_eq!(problems(3).len(), 3);
        assert_eq!(problems(5000).len(), MAX_PROBLEMS);
        assert!(crate::validation::invalid(problems(3)).message.ends_with("(and 2 more)"));
        assert!(crate::validation::invalid(problems(5000)).message.ends_with("(and more)"));
    }
}

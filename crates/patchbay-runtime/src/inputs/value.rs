//! Checks one value against the declaration of its input.

use patchbay_connector::{
    definition::{Input, InputLocation, InputType},
    json_number, nearest,
};
use serde_json::{Map, Number, Value};

use super::{Problems, formats, rules};

/// Returns the value with the type that its input declares; `None` if it counts as missing or has a problem.
pub(super) fn check(
    input: &Input,
    value: Value,
    path: &str,
    location: InputLocation,
    problems: &mut Problems,
) -> Option<Value> {
    if problems.is_full() {
        return None;
    }
    if value.is_null() {
        // In a body, null clears a value. In other locations, it counts as missing.
        return (location == InputLocation::Body && !input.required).then_some(Value::Null);
    }
    if input.variants.is_empty() {
        return check_shape(input, value, path, location, problems);
    }
    for variant in std::iter::once(input).chain(&input.variants) {
        let mut variant_problems = Problems::any();
        if let Some(checked) = check_shape(variant, value.clone(), path, location, &mut variant_problems)
            && variant_problems.is_empty()
        {
            return Some(checked);
        }
    }
    if let Value::Array(items) = &value
        && let Some(checked) = check_mixed_list(input, items, path, location)
    {
        return Some(checked);
    }
    check_shape(input, value, path, location, problems);
    let count = input.variants.len() + 1;
    problems.add(
        path,
        "variant",
        format!("`{path}` matches none of its {count} variants; the problems of the first variant are listed"),
    );
    None
}

/// Checks a list of which each item matches a variant that is a list; `None` if an item matches none. Every variant's
/// length applies.
fn check_mixed_list(input: &Input, items: &[Value], path: &str, location: InputLocation) -> Option<Value> {
    let variants = std::iter::once(input).chain(&input.variants).filter(|variant| variant.array).collect::<Vec<_>>();
    if variants.len() < 2 {
        return None;
    }
    let mut lengths = Problems::any();
    variants.iter().for_each(|variant| rules::check_length(variant, items.len(), path, &mut lengths));
    if !lengths.is_empty() {
        return None;
    }
    let check_item = |item: &Value| {
        variants.iter().find_map(|variant| {
            let mut problems = Problems::any();
            let checked = check_single(variant, item.clone(), path, location, &mut problems)?;
            rules::check_value(variant, &checked, path, location, &mut problems);
            problems.is_empty().then_some(checked)
        })
    };
    items.iter().map(check_item).collect::<Option<Vec<_>>>().map(Value::Array)
}

/// Checks a value or a list of values against one variant of its input.
fn check_shape(
    input: &Input,
    value: Value,
    path: &str,
    location: InputLocation,
    problems: &mut Problems,
) -> Option<Value> {
    if !input.array {
        let value = check_single(input, value, path, location, problems)?;
        rules::check_value(input, &value, path, location, problems);
        return Some(value);
    }
    let items = match value {
        Value::Array(items) => items,
        // A query with one value is a list with one item.
        single if location != InputLocation::Body && !single.is_object() => vec![single],
        other => {
            problems.add(path, "type", format!("`{path}` must be a list, not {}", type_name(&other)));
            return None;
        }
    };
    rules::check_length(input, items.len(), path, problems);
    let mut checked = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        if problems.is_full() {
            break;
        }
        let path = format!("{path}[{index}]");
        if let Some(item) = check_single(input, item, &path, location, problems) {
            rules::check_value(input, &item, &path, location, problems);
            checked.push(item);
        }
    }
    Some(Value::Array(checked))
}

/// Checks the type of a single value, and converts text outside the body.
fn check_single(
    input: &Input,
    value: Value,
    path: &str,
    location: InputLocation,
    problems: &mut Problems,
) -> Option<Value> {
    let is_text = location != InputLocation::Body;
    let mut reject = |expected: &str, value: &Value| {
        problems.add(path, "type", format!("`{path}` must be {expected}, not {}", type_name(value)));
        None
    };
    match (input.kind, value) {
        (InputType::String, value @ Value::String(_))
        | (InputType::Number, value @ Value::Number(_))
        | (InputType::Boolean, value @ Value::Bool(_)) => Some(value),
        (InputType::String, Value::Number(number)) if is_text => Some(Value::String(number.to_string())),
        (InputType::String, Value::Bool(truth)) if is_text => Some(Value::String(truth.to_string())),
        (InputType::String, value) => reject("a string", &value),
        (InputType::Number, Value::String(text)) if is_text => match number(&text) {
            Some(number) => Some(Value::Number(number)),
            None => reject("a number", &Value::String(text)),
        },
        (InputType::Number, value) => reject("a number", &value),
        (InputType::Boolean, Value::String(text)) if is_text && matches!(text.as_str(), "true" | "false") => {
            Some(Value::Bool(text == "true"))
        }
        (InputType::Boolean, value) => reject("true or false", &value),
        (InputType::DatetimeString, Value::String(text)) if formats::is_date(&text) || formats::is_datetime(&text) => {
            Some(Value::String(text))
        }
        (InputType::DatetimeString, value) => {
            reject("a date such as 2026-01-31 or a date and time such as 2026-01-31T10:30:00Z", &value)
        }
        (InputType::Enum, value) => check_enum(input, value, path, is_text, problems),
        (InputType::Object, Value::Object(members)) => {
            Some(Value::Object(check_object(input, members, path, location, problems)))
        }
        (InputType::Object, value) => reject("an object", &value),
    }
}

fn number(text: &str) -> Option<Number> {
    match serde_json::from_str(text.trim()).ok()? {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

fn check_enum(input: &Input, value: Value, path: &str, is_text: bool, problems: &mut Problems) -> Option<Value> {
    if input.one_of.iter().any(|known| json_number::equal(known, &value)) {
        return Some(value);
    }
    let to_text = |known: &Value| match known {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = to_text(&value);
    if is_text && let Some(known) = input.one_of.iter().find(|known| to_text(known) == text) {
        return Some(known.clone());
    }
    let all = input.one_of.iter().map(to_text).collect::<Vec<_>>();
    let hint = nearest(&text, all.iter().map(String::as_str));
    let hint = hint.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
    problems.add(path, "enum", format!("`{path}` must be one of: {}{hint}", all.join(", ")));
    None
}

fn check_object(
    input: &Input,
    members: Map<String, Value>,
    path: &str,
    location: InputLocation,
    problems: &mut Problems,
) -> Map<String, Value> {
    if input.properties.is_empty() {
        return members;
    }
    let mut checked = Map::new();
    for (name, value) in members {
        if problems.is_full() {
            return checked;
        }
        let inner = format!("{path}.{name}");
        if let Some(property) = input.properties.iter().find(|property| property.name == name) {
            if let Some(value) = check(property, value, &inner, location, problems) {
                checked.insert(name, value);
            }
        } else {
            let hint = nearest(&name, input.properties.iter().map(|property| property.name.as_str()));
            let hint = hint.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
            problems.add(&inner, "unknown_field", format!("`{path}` has no property `{name}`{hint}"));
        }
    }
    for property in &input.properties {
        let inner = format!("{path}.{}", property.name);
        if property.required && !checked.contains_key(&property.name) && !problems.covers(&inner) {
            problems.add(&inner, "required", format!("`{inner}` is required: {}", property.description));
        }
    }
    checked
}

/// Returns the type of a value as a noun phrase.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "this string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

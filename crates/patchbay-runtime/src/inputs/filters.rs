//! Gives the values of filters to the inputs that their fields and operators name.
//!
//! A filter is an object `{field, operator, value}`. The value is checked like a value of the input that receives it. It
//! may be text, as outside the body. A list for an input that is not a list is joined with commas, so its items cannot
//! contain one. Each input receives at most one value: two filters with the same field and operator, or a filter beside
//! the input itself, are a problem.

use patchbay_connector::{
    definition::{Action, Input, InputLocation},
    nearest,
};
use serde_json::{Map, Value};

use super::{Problems, rules, value};

const MEMBERS: [&str; 3] = ["field", "operator", "value"];

/// Checks the filters of an input and adds their values to the checked inputs.
pub(super) fn apply(
    action: &Action,
    input: &Input,
    given: Value,
    checked: &mut Map<String, Value>,
    problems: &mut Problems,
) {
    let path = format!("{}.{}", input.location.as_str(), input.name);
    let items = match given {
        Value::Null => return,
        Value::Array(items) => items,
        // A query with one value is a list with one item.
        single @ Value::Object(_) => vec![single],
        _ => {
            let message = format!("`{path}` must be a list of filters, each with `field`, `operator` and `value`");
            return problems.add(&path, "type", message);
        }
    };
    rules::check_length(input, items.len(), &path, problems);
    for (index, item) in items.iter().enumerate() {
        if problems.is_full() {
            return;
        }
        let path = format!("{path}[{index}]");
        let Some((target, value)) = read(action, input, item, &path, problems) else { continue };
        let value_path = format!("{path}.value");
        if checked.contains_key(&target.name) {
            let message = format!("`{path}` sets `{}`, which already has a value", target.name);
            problems.add(&path, "mutually_exclusive", message);
        } else if let Some(value) = joined(target, value, &value_path, problems)
            && let Some(value) = value::check(target, value, &value_path, InputLocation::Query, problems)
        {
            checked.insert(target.name.clone(), value);
        }
    }
    checked.insert(input.name.clone(), Value::Array(items));
}

/// Returns the input that a filter sets, and its value.
fn read<'a>(
    action: &'a Action,
    input: &'a Input,
    filter: &Value,
    path: &str,
    problems: &mut Problems,
) -> Option<(&'a Input, Value)> {
    let Value::Object(members) = filter else {
        problems.add(path, "type", format!("`{path}` must be an object with `field`, `operator` and `value`"));
        return None;
    };
    for name in members.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
        let hint = nearest(name, MEMBERS).map(|known| format!("; did you mean `{known}`?"));
        let message = format!("`{path}` has no property `{name}`{}", hint.unwrap_or_default());
        problems.add(&format!("{path}.{name}"), "unknown_field", message);
    }
    for name in MEMBERS.into_iter().filter(|name| members.get(*name).is_none_or(Value::is_null)) {
        problems.add(&format!("{path}.{name}"), "required", format!("`{path}.{name}` is required"));
    }
    let mut choose = |member: &str, names: &[&str]| {
        let given = members.get(member).filter(|given| !given.is_null())?;
        let found = given.as_str().and_then(|given| names.iter().position(|name| *name == given));
        if found.is_none() {
            let hint = given.as_str().and_then(|given| nearest(given, names.iter().copied()));
            let hint = hint.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
            let path = format!("{path}.{member}");
            problems.add(&path, "enum", format!("`{path}` must be one of: {}{hint}", names.join(", ")));
        }
        found
    };
    let fields = &input.filters.as_ref()?.fields;
    let field = &fields[choose("field", &fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>())?];
    let names = field.operators.iter().map(|operator| operator.name.as_str()).collect::<Vec<_>>();
    let operator = &field.operators[choose("operator", &names)?];
    let target = action.inputs.iter().find(|input| input.name == operator.input)?;
    Some((target, members.get("value").filter(|value| !value.is_null())?.clone()))
}

/// Returns the value; a list for an input that is not a list is joined with commas. An empty list is a problem.
fn joined(target: &Input, value: Value, path: &str, problems: &mut Problems) -> Option<Value> {
    let Value::Array(items) = &value else { return Some(value) };
    if target.array {
        return Some(value);
    }
    if items.iter().all(|item| item.as_str() == Some("")) {
        // Without a value, the provider would decide whether the filter matches everything or nothing.
        problems.add(path, "required", format!("`{path}` contains no value; leave the filter out to match everything"));
        return None;
    }
    let mut texts = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let text = match item {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => item.to_string(),
            _ => {
                problems.add(&path, "type", format!("`{path}` must be a string, a number or a boolean"));
                return None;
            }
        };
        if text.contains(',') {
            let message = format!("`{path}` cannot contain a comma, because the values are separated by commas");
            problems.add(&path, "format", message);
            return None;
        }
        texts.push(text);
    }
    Some(Value::String(texts.join(",")))
}

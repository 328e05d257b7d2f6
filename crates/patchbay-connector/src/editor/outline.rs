//! Finds the keys and the values that the format has at a place, in its JSON Schema.

use std::sync::LazyLock;

use serde_json::Value;

use super::{
    base_name,
    line::{self, Ancestor},
};
use crate::schema::format_schema;

/// The schema of the format.
static SCHEMA: LazyLock<Value> = LazyLock::new(format_schema);
/// The maximum number of schemas that one place has.
const MAX_SCHEMAS: usize = 500;
/// The maximum nesting depth of references and alternatives.
const MAX_DEPTH: usize = 16;

/// Returns the keys that can be written at the end of `before`, without those that are there.
pub(super) fn keys(file: &str, text: &str, line: usize, before: &str) -> Vec<String> {
    let (ancestors, column) = line::ancestors(text, line, Some(before));
    let used = line::siblings(text, line.saturating_sub(1), column).map(|(key, _)| key).collect::<Vec<_>>();
    let mut found: Vec<String> = Vec::new();
    for schema in place(file, text, &ancestors) {
        for key in schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key) {
            if !used.contains(&key.as_str()) && !found.contains(key) {
                found.push(key.clone());
            }
        }
    }
    found
}

/// Returns the values of a key on a line; `None` if the format has no such key there or any value is permitted.
pub(super) fn values_of_key(file: &str, text: &str, line: usize, key: &str) -> Option<Vec<String>> {
    let (ancestors, _) = line::ancestors(text, line, None);
    let own = place(file, text, &ancestors);
    // Within braces, the keys between are on the line itself.
    let mut holders = own.clone();
    holders.extend(own.iter().flat_map(|schema| inner(schema)).flat_map(expanded_of));
    let mut values: Vec<String> = Vec::new();
    for schema in holders.iter().filter_map(|schema| schema.get("properties")?.get(key)).flat_map(expanded_of) {
        let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
        let spelled = listed.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let is_boolean = schema.get("type").and_then(Value::as_str) == Some("boolean");
        let booleans = ["true", "false"].into_iter().filter(|_| is_boolean).map(str::to_owned);
        for value in spelled.chain(booleans) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    (!values.is_empty()).then_some(values)
}

/// Returns the schemas of what is below these ancestors.
fn place(file: &str, text: &str, ancestors: &[Ancestor<'_>]) -> Vec<&'static Value> {
    let is_partial = base_name(file).ends_with(".partial.yaml");
    let root = match ancestors.first() {
        Some(Ancestor::Item) if is_partial => "actions",
        _ if is_partial => "partial",
        _ => "connector",
    };
    let mut schemas = SCHEMA.pointer(&format!("/$defs/{root}")).map(expanded_of).unwrap_or_default();
    for ancestor in ancestors {
        let below = match ancestor {
            Ancestor::Item => schemas.iter().filter_map(|schema| schema.get("items")).collect::<Vec<_>>(),
            Ancestor::Key("parameters", line, column) => {
                let function = line::sibling(text, *line, *column, "functionName");
                let own = function.and_then(|name| SCHEMA.pointer(&format!("/$defs/parameters_{name}")));
                own.map_or_else(|| member(&schemas, "parameters"), |own| vec![own])
            }
            Ancestor::Key(key, ..) => member(&schemas, key),
        };
        schemas = below.into_iter().flat_map(expanded_of).take(MAX_SCHEMAS).collect();
    }
    schemas
}

/// Returns the schemas of a key's value.
fn member(schemas: &[&'static Value], key: &str) -> Vec<&'static Value> {
    let of = |schema: &&'static Value| {
        let own = schema.get("properties").and_then(|members| members.get(key));
        own.or_else(|| schema.get("additionalProperties").filter(|more| more.is_object()))
    };
    schemas.iter().filter_map(of).collect()
}

/// Returns the schemas of the values and items below a schema.
fn inner(schema: &'static Value) -> Vec<&'static Value> {
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(_, schema)| schema);
    let below = members.chain(schema.get("items")).flat_map(expanded_of);
    below.flat_map(|schema| [Some(schema), schema.get("items")]).flatten().collect()
}

/// Returns a schema with everything that it refers to and consists of.
fn expanded_of(schema: &'static Value) -> Vec<&'static Value> {
    let mut found = Vec::new();
    expand(schema, 0, &mut found);
    found
}

fn expand(schema: &'static Value, depth: usize, found: &mut Vec<&'static Value>) {
    let is_known = found.iter().any(|known| std::ptr::eq(*known, schema));
    if depth > MAX_DEPTH || found.len() >= MAX_SCHEMAS || is_known || !schema.is_object() {
        return;
    }
    found.push(schema);
    let target =
        schema.get("$ref").and_then(Value::as_str).and_then(|target| SCHEMA.pointer(target.trim_start_matches('#')));
    let parts = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    let branches = ["then", "else"].into_iter().filter_map(|key| schema.get(key));
    target.into_iter().chain(parts).chain(branches).for_each(|part| expand(part, depth + 1, found));
}

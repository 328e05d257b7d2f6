//! Reads single keywords of schemas through `$ref` and `allOf`.

use std::collections::HashSet;

use serde_json::Value;

use crate::import::refs::ApiDocument;

/// The maximum depth of references and compositions.
const MAX_DEPTH: usize = 16;

/// Returns a keyword of a schema, of what it refers to, or of a part of `allOf`; the outer one takes precedence.
pub(super) fn find<'d>(document: ApiDocument<'d>, schema: &'d Value, key: &str) -> Option<&'d Value> {
    find_within(document, schema, key, 0)
}

fn find_within<'d>(document: ApiDocument<'d>, schema: &'d Value, key: &str, depth: usize) -> Option<&'d Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    if let Some(own) = schema.get(key) {
        return Some(own);
    }
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| document.target(reference));
    let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    target.into_iter().chain(parts).find_map(|part| find_within(document, part, key, depth + 1))
}

/// Returns the types of a schema without `null`; those that its keywords imply if it names none.
pub(super) fn types<'d>(document: ApiDocument<'d>, schema: &'d Value) -> Vec<&'d str> {
    let named = match find(document, schema, "type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let named = named.into_iter().filter(|name| *name != "null").collect::<Vec<_>>();
    if !named.is_empty() {
        return named;
    }
    let implied = [("properties", "object"), ("additionalProperties", "object"), ("items", "array")];
    implied.into_iter().filter(|(key, _)| find(document, schema, key).is_some()).map(|(_, name)| name).take(1).collect()
}

/// Returns true if a value of this type can be valid, by the schema or one of its alternatives.
pub(super) fn accepts<'d>(document: ApiDocument<'d>, schema: &'d Value, name: &str) -> bool {
    accepts_within(document, schema, name, 0)
}

fn accepts_within<'d>(document: ApiDocument<'d>, schema: &'d Value, name: &str, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let alternatives = alternatives(document, schema);
    types(document, schema).contains(&name)
        || alternatives.into_iter().any(|alternative| accepts_within(document, alternative, name, depth + 1))
}

/// Returns the alternatives of a schema (`oneOf`, `anyOf`).
pub(super) fn alternatives<'d>(document: ApiDocument<'d>, schema: &'d Value) -> Vec<&'d Value> {
    let of = |key| find(document, schema, key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    of("oneOf").iter().chain(of("anyOf")).collect()
}

/// Returns true if the schema permits null.
pub(super) fn is_nullable<'d>(document: ApiDocument<'d>, schema: &'d Value) -> bool {
    is_nullable_within(document, schema, 0)
}

fn is_nullable_within<'d>(document: ApiDocument<'d>, schema: &'d Value, depth: usize) -> bool {
    let Some(members) = schema.as_object() else { return schema.as_bool() == Some(true) };
    if depth > MAX_DEPTH || members.is_empty() {
        return true;
    }
    let flag = |key: &str| members.get(key).and_then(Value::as_bool) == Some(true);
    let has_null = |key: &str| {
        let list = members.get(key).and_then(Value::as_array).into_iter().flatten();
        list.into_iter().any(|value| value.is_null() || value.as_str() == Some("null"))
    };
    if flag("nullable") || flag("x-nullable") || has_null("type") || has_null("enum") {
        return true;
    }
    if members.get("type").and_then(Value::as_str) == Some("null") || members.get("const").is_some_and(Value::is_null) {
        return true;
    }
    let reference = members.get("$ref").and_then(Value::as_str).and_then(|reference| document.target(reference));
    let parts = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| members.get(key)?.as_array()).flatten();
    reference.into_iter().chain(parts).any(|part| is_nullable_within(document, part, depth + 1))
}

/// The members that an object can have.
#[derive(Debug, Default)]
pub(super) struct KnownMembers<'d> {
    /// The names.
    pub(super) names: HashSet<&'d str>,
    /// Whether it can have others.
    pub(super) is_open: bool,
}

/// Returns the members that the schema, its parts and its alternatives name.
pub(super) fn members<'d>(document: ApiDocument<'d>, schema: &'d Value) -> KnownMembers<'d> {
    let mut known = KnownMembers::default();
    let is_closed = collect(document, schema, &mut known, 0);
    // An object without a named member is any object.
    known.is_open |= known.names.is_empty() && !is_closed;
    known
}

/// Adds the members of a schema. Returns true if it excludes further ones.
fn collect<'d>(document: ApiDocument<'d>, schema: &'d Value, known: &mut KnownMembers<'d>, depth: usize) -> bool {
    let Some(keys) = schema.as_object() else {
        known.is_open |= schema.as_bool() == Some(true);
        return false;
    };
    if depth > MAX_DEPTH {
        known.is_open = true;
        return false;
    }
    let mut is_closed = false;
    match keys.get("additionalProperties") {
        Some(Value::Bool(open)) => {
            known.is_open |= open;
            is_closed |= !open;
        }
        Some(Value::Object(_)) => known.is_open = true,
        _ => {}
    }
    known.is_open |= keys.contains_key("patternProperties");
    known
        .names
        .extend(keys.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str()));
    match keys.get("$ref").and_then(Value::as_str).map(|reference| document.target(reference)) {
        Some(Some(target)) => is_closed |= collect(document, target, known, depth + 1),
        // What is not in the file can be anything.
        Some(None) => known.is_open = true,
        None => {}
    }
    for part in keys.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        is_closed |= collect(document, part, known, depth + 1);
    }
    for key in ["oneOf", "anyOf"] {
        for alternative in keys.get(key).and_then(Value::as_array).into_iter().flatten() {
            let mut own = KnownMembers::default();
            let closed = collect(document, alternative, &mut own, depth + 1);
            let is_any_object = own.names.is_empty() && !closed && types(document, alternative) == ["object"];
            known.is_open |= own.is_open || is_any_object;
            known.names.extend(own.names);
        }
    }
    is_closed
}

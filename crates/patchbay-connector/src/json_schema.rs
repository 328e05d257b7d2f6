//! Builds JSON Schemas (2020-12) of the connector format.

use serde_json::{Map, Value, json};

/// Returns the schema of a mapping with these keys; the keys that `known` does not contain are strings.
pub(crate) fn object(keys: &[&str], required: &[&str], known: &[(&str, Value)]) -> Value {
    let schema =
        |key: &str| known.iter().find(|(name, _)| *name == key).map_or_else(text, |(_, schema)| schema.clone());
    let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), schema(key))).collect();
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// Returns the schema of a mapping with these keys; the keys that `known` does not contain have any value.
pub(crate) fn any_of_keys(keys: &[&str], known: &[(&str, Value)]) -> Value {
    let schema =
        |key: &str| known.iter().find(|(name, _)| *name == key).map_or(json!(true), |(_, schema)| schema.clone());
    let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), schema(key))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// Returns the schema of a string; numbers and booleans of YAML are read as they are spelled.
pub(crate) fn text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// Returns the schema of a boolean.
pub(crate) fn boolean() -> Value {
    json!({ "type": "boolean" })
}

/// Returns the schema of an integer that is not negative.
pub(crate) fn whole() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// Returns the schema of a list.
pub(crate) fn list(of: &Value) -> Value {
    json!({ "type": "array", "items": of })
}

/// Returns the schema of a list of strings.
pub(crate) fn texts() -> Value {
    list(&text())
}

/// Returns the schema of a string or a list of strings.
pub(crate) fn texts_or_text() -> Value {
    json!({ "anyOf": [text(), texts()] })
}

/// Returns the schema of a mapping whose keys are free.
pub(crate) fn map_of(of: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": of })
}

/// Returns the schema of one of these names.
pub(crate) fn names(names: &[&str]) -> Value {
    json!({ "enum": names })
}

/// Returns the schema of one of the names of `choices`.
pub(crate) fn choice<T>(choices: &[(&str, T)]) -> Value {
    json!({ "enum": choices.iter().map(|(name, _)| *name).collect::<Vec<_>>() })
}

/// Returns a reference to a definition.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

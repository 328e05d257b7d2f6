//! The check of tool definitions against what every host accepts. Hosts refuse a whole list for one bad tool.

use serde_json::{Map, Value};

use super::{
    names::MAX_NAME_CHARS,
    schema::{MAX_DEPTH, MAX_DESCRIPTION_CHARS, is_property_name},
};

/// The keywords that combine schemas. They may not stand at the root.
const COMBINERS: [&str; 3] = ["anyOf", "oneOf", "allOf"];
/// The keywords that not every host knows.
const FOREIGN: [&str; 12] = [
    "$ref",
    "$defs",
    "definitions",
    "$anchor",
    "$dynamicRef",
    "if",
    "then",
    "else",
    "not",
    "patternProperties",
    "dependentSchemas",
    "prefixItems",
];
/// The types of JSON Schema.
const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];

/// Returns everything in a tool's definition that some host refuses; empty for a portable one.
pub fn portable_problems(tool: &Value) -> Vec<String> {
    let mut found = Problems::default();
    let name = tool["name"].as_str().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(is_plain) {
        found.add("name", format!("{name:?} is not 1 to {MAX_NAME_CHARS} letters, digits, _ and -"));
    }
    found.check_description("description", tool.get("description"));
    for key in ["inputSchema", "outputSchema"] {
        let Some(schema) = tool.get(key) else {
            if key == "inputSchema" {
                found.add(key, "is missing");
            }
            continue;
        };
        if schema["type"] != "object" {
            found.add(key, "its type is not `object`");
        }
        for combiner in COMBINERS.iter().filter(|combiner| schema.get(**combiner).is_some()) {
            found.add(key, format!("`{combiner}` at the root"));
        }
        found.check_schema(key, schema, 1);
    }
    found.0
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, path: &str, problem: impl std::fmt::Display) {
        self.0.push(format!("{path}: {problem}"));
    }

    fn check_description(&mut self, path: &str, description: Option<&Value>) {
        match description {
            None => {}
            Some(Value::String(text)) if text.chars().count() <= MAX_DESCRIPTION_CHARS => {}
            Some(Value::String(_)) => self.add(path, format!("longer than {MAX_DESCRIPTION_CHARS} characters")),
            Some(_) => self.add(path, "not a string"),
        }
    }

    fn check_schema(&mut self, path: &str, schema: &Value, depth: usize) {
        let Some(schema) = schema.as_object() else { return self.add(path, "not an object") };
        if depth > MAX_DEPTH {
            self.add(path, format!("deeper than {MAX_DEPTH}"));
        }
        for keyword in FOREIGN.iter().filter(|keyword| schema.contains_key(**keyword)) {
            self.add(path, format!("has `{keyword}`"));
        }
        self.check_description(path, schema.get("description"));
        match schema.get("type") {
            None => {}
            Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => {}
            Some(other) => self.add(path, format!("`type` is {other}")),
        }
        if schema.get("type").is_some_and(|kind| kind == "array") && !schema.contains_key("items") {
            self.add(path, "an array without `items`");
        }
        self.check_enum(path, schema);
        self.check_required(path, schema);
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{path}.{name}");
            if !is_property_name(name) {
                self.add(&path, "not a property name that every host accepts");
            }
            self.check_schema(&path, property, depth + 1);
        }
        if let Some(items) = schema.get("items") {
            self.check_schema(&format!("{path}[]"), items, depth + 1);
        }
        for combiner in COMBINERS {
            for branch in schema.get(combiner).and_then(Value::as_array).into_iter().flatten() {
                self.check_schema(&format!("{path}<{combiner}>"), branch, depth + 1);
            }
        }
    }

    fn check_enum(&mut self, path: &str, schema: &Map<String, Value>) {
        match schema.get("enum") {
            None => {}
            Some(Value::Array(values)) if values.is_empty() => self.add(path, "an empty `enum`"),
            Some(Value::Array(values)) if values.contains(&Value::Null) || !schema.contains_key("type") => {
                self.add(path, "an `enum` with null or without a type");
            }
            Some(Value::Array(_)) => {}
            Some(_) => self.add(path, "`enum` is not a list"),
        }
    }

    fn check_required(&mut self, path: &str, schema: &Map<String, Value>) {
        let Some(required) = schema.get("required") else { return };
        let names = required.as_array().map(Vec::as_slice).unwrap_or_default();
        if names.is_empty() {
            self.add(path, "`required` is not a list of names");
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for name in names {
            let is_known = name.as_str().is_some_and(|name| properties.is_some_and(|all| all.contains_key(name)));
            if !is_known {
                self.add(path, format!("requires {name}, which is not a property"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_hosts_refuse_is_found() {
        let good = json!({ "name": "a_b-C", "description": "x", "inputSchema": { "type": "object" } });
        assert_eq!(portable_problems(&good), [""; 0]);
        let nested = (0..8).fold(json!({ "type": "string" }), |inner, _| json!({ "type": "array", "items": inner }));
        for (input, problem) in [
            (json!({ "type": "string" }), "not `object`"),
            (json!({ "type": "object", "anyOf": [] }), "`anyOf` at the root"),
            (json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/a" } } }), "`$ref`"),
            (json!({ "type": "object", "properties": { "@_x": {} } }), "not a property name"),
            (
                json!({ "type": "object", "properties": { "a": { "enum": ["b", null], "type": "string" } } }),
                "with null",
            ),
            (json!({ "type": "object", "properties": { "a": { "enum": ["b"] } } }), "without a type"),
            (json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] } } }), "`type` is"),
            (json!({ "type": "object", "properties": { "a": { "type": "array" } } }), "without `items`"),
            (json!({ "type": "object", "properties": { "a": { "description": "x".repeat(1025) } } }), "longer"),
            (json!({ "type": "object", "required": ["a"] }), "not a property"),
            (json!({ "type": "object", "required": [] }), "not a list"),
            (json!({ "type": "object", "properties": { "a": nested } }), "deeper"),
        ] {
            let tool = json!({ "name": "a", "inputSchema": input });
            let found = portable_problems(&tool);
            assert!(found.iter().any(|found| found.contains(problem)), "{tool}: {found:?}");
        }
        for name in ["", "a.b", "a b", "ä", &"x".repeat(65)] {
            let tool = json!({ "name": name, "inputSchema": { "type": "object" } });
            assert_eq!(portable_problems(&tool).len(), 1, "{name}");
        }
        assert_eq!(portable_problems(&json!({ "name": "a" })), ["inputSchema: is missing"]);
    }
}

//! An example of a value.

use serde_json::{Map, Value, json};

use super::pattern::matching;

/// How deep an example is.
const MOST_LEVELS: usize = 6;

/// The example of a text of which nothing is known.
const TEXT: &str = "text";

/// Returns an example that fits a schema: that of the schema, or one of its required members, or else of the members that
/// have examples.
pub(crate) fn example(document: &Value, schema: &Value) -> Value {
    of(document, schema, 0)
}

fn of(document: &Value, schema: &Value, level: usize) -> Value {
    for given in [&schema["example"], &schema["examples"][0], &schema["default"], &schema["const"], &schema["enum"][0]]
    {
        if !given.is_null() {
            return given.clone();
        }
    }
    if level > MOST_LEVELS {
        return Value::Null;
    }
    if schema["$ref"].is_string() {
        return of(document, super::resolve(document, schema), level + 1);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(members) = of(document, part, level + 1) {
                whole.extend(members);
            }
        }
        return Value::Object(whole);
    }
    // A value that can be null and has no example is null.
    if schema["type"].as_array().is_some_and(|names| names.iter().any(|name| name == "null")) {
        return Value::Null;
    }
    let kind = match &schema["type"] {
        Value::Array(names) => names.iter().find_map(Value::as_str),
        name => name.as_str(),
    };
    let forms = ["oneOf", "anyOf"].iter().find_map(|key| schema[key].as_array());
    if let (Some(forms), true) = (forms, schema["properties"].is_null()) {
        let form = forms.iter().find(|form| form["type"] != "null");
        return form.map(|form| of(document, form, level + 1)).unwrap_or_default();
    }
    match kind {
        Some("array") => match &schema["items"] {
            items @ Value::Object(_) => match of(document, items, level + 1) {
                // A list of texts that say nothing is shorter empty.
                Value::String(text) if text == TEXT => json!([]),
                item => json!([item]),
            },
            _ => json!([]),
        },
        Some("object") => Value::Object(members(document, schema, level)),
        None if schema["properties"].is_object() => Value::Object(members(document, schema, level)),
        Some("integer" | "number") => {
            let least = &schema["minimum"];
            if least.as_f64().is_some_and(|least| least > 1.0) { least.clone() } else { json!(1) }
        }
        Some("boolean") => json!(true),
        Some("string") => {
            let matching = schema["pattern"].as_str().and_then(matching).filter(|text| !text.is_empty());
            // Digits in the form of a date should be one.
            let matching = matching.map(|text| if text == "1111-11-11" { "2026-01-31".to_owned() } else { text });
            json!(matching.unwrap_or_else(|| text(schema["format"].as_str()).to_owned()))
        }
        _ => Value::Null,
    }
}

fn members(document: &Value, schema: &Value, level: usize) -> Map<String, Value> {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let wanted = properties.filter(|(name, property)| {
        let is_required = required.iter().any(|required| required == *name);
        let has_example = !property["example"].is_null() && property["deprecated"] != true;
        is_required || (required.is_empty() && has_example)
    });
    wanted.map(|(name, property)| (name.clone(), of(document, property, level + 1))).collect()
}

fn text(format: Option<&str>) -> &'static str {
    match format {
        Some("date-time") => "2026-01-15T10:30:00Z",
        Some("date") => "2026-01-15",
        Some("uuid") => "5b0c7f7e-3f0a-4a53-9d5b-7a3c1f0e2d11",
        Some("uri" | "url") => "https://example.com",
        Some("email") => "jo@acme.example",
        _ => TEXT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_fit_their_schemas() {
        for (schema, expected) in [
            (json!({ "type": "string", "example": "x" }), json!("x")),
            (json!({ "enum": ["a", "b"] }), json!("a")),
            (json!({ "type": ["null", "integer"], "minimum": 5 }), Value::Null),
            (json!({ "type": "integer", "minimum": 5 }), json!(5)),
            (json!({ "type": "string", "pattern": "^[HT]-[0-9]+$" }), json!("H-1")),
            (json!({ "type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$" }), json!("2026-01-31")),
            (json!({ "type": "string", "pattern": "(?=a)b" }), json!(TEXT)),
            (json!({ "type": "array", "items": { "type": "string" } }), json!([])),
            (json!({ "type": "array", "items": { "type": "boolean" } }), json!([true])),
            (
                json!({ "oneOf": [{ "type": "null" }, { "type": "string", "format": "uuid" }] }),
                json!(text(Some("uuid"))),
            ),
            (
                json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "number" }, "b": {} } }),
                json!({ "a": 1 }),
            ),
            (
                json!({ "type": "object", "properties": { "a": { "type": "string", "example": "x" }, "b": {} } }),
                json!({ "a": "x" }),
            ),
            (json!({ "type": "object" }), json!({})),
            (json!({}), Value::Null),
        ] {
            assert_eq!(example(&Value::Null, &schema), expected, "{schema}");
        }
    }

    #[test]
    fn a_schema_that_contains_itself_has_an_end() {
        let document =
            json!({ "a": { "type": "object", "required": ["a"], "properties": { "a": { "$ref": "#/a" } } } });
        assert!(example(&document, &json!({ "$ref": "#/a" })).is_object());
        let document = json!({ "a": { "$ref": "#/a" } });
        assert_eq!(example(&document, &json!({ "$ref": "#/a" })), Value::Null);
    }
}

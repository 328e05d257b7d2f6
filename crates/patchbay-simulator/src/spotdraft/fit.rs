//! Fits a record to a schema: adds missing members, and removes unknown ones.

use serde_json::{Map, Value, json};

/// The largest depth to which missing members are generated.
const MAX_DEPTH: usize = 8;

/// Returns `value` fitted to `schema`.
pub fn fit(schema: &Value, schemas: &Value, value: Value) -> Value {
    shape(schema, schemas, Some(value), 0)
}

fn shape(schema: &Value, schemas: &Value, value: Option<Value>, depth: usize) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return shape(&schemas[name], schemas, value, depth);
    }
    if let Some(all) = schema["allOf"].as_array() {
        return shape(all.first().unwrap_or(&Value::Null), schemas, value, depth);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let nullable = choices.iter().any(|choice| choice["type"] == "null");
            return match value {
                None | Some(Value::Null) if nullable => Value::Null,
                value => {
                    let wanted = choices
                        .iter()
                        .find(|choice| value.as_ref().is_none_or(|value| accepts(choice, schemas, value)));
                    shape(wanted.unwrap_or(&Value::Null), schemas, value, depth)
                }
            };
        }
    }
    if depth > MAX_DEPTH {
        return value.unwrap_or(Value::Null);
    }
    match (schema["type"].as_str(), value) {
        (Some("object"), value) if schema["properties"].is_object() => object(schema, schemas, value, depth),
        (Some("array"), Some(Value::Array(items))) => {
            items.into_iter().map(|item| shape(&schema["items"], schemas, Some(item), depth + 1)).collect()
        }
        (Some("array"), _) => json!([]),
        (_, Some(value)) if !value.is_null() => value,
        (kind, _) => default_value(schema, kind),
    }
}

fn object(schema: &Value, schemas: &Value, value: Option<Value>, depth: usize) -> Value {
    let mut record = match value {
        Some(Value::Object(record)) => record,
        _ => Map::new(),
    };
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut shaped = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let found = record.shift_remove(name).filter(|found| !found.is_null());
        if found.is_some() || required.iter().any(|required| required == name) {
            shaped.insert(name.clone(), shape(property, schemas, found, depth + 1));
        }
    }
    Value::Object(shaped)
}

fn accepts(schema: &Value, schemas: &Value, value: &Value) -> bool {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return accepts(&schemas[name], schemas, value);
    }
    match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => true,
    }
}

/// Returns a default value of the schema's type.
fn default_value(schema: &Value, kind: Option<&str>) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match kind {
        Some("string") => match schema["format"].as_str() {
            Some("date-time") => json!("2026-01-01T00:00:00.000Z"),
            Some("uuid") => json!("00000000-0000-4000-8000-000000000000"),
            Some("uri") => json!("https://app.spotdraft.test/"),
            Some("email") => json!("nobody@spotdraft.test"),
            _ => json!(""),
        },
        Some("integer" | "number") => json!(0),
        Some("boolean") => json!(false),
        Some("object") => json!({}),
        _ => Value::Null,
    }
}

//! Headers that repeat parameters of a tool (MCP 2026-07-28, basic/transports/streamable-http): those that the tool's
//! schema marks with `x-mcp-header`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// The maximum depth to which a schema is read.
const MAX_DEPTH: usize = 16;
/// The maximum number of a tool's parameters in headers.
const MAX_HEADERS: usize = 64;
/// The maximum absolute value of an integer in a header (2^53 − 1).
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A parameter that a header repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParamHeader {
    name: HeaderName,
    path: Vec<String>,
}

/// Returns the parameters of a tool that headers repeat.
///
/// # Errors
///
/// The reason for which the tool's definition is not valid.
pub(super) fn tool_headers(tool: &Value) -> Result<Vec<ParamHeader>, &'static str> {
    let mut found = Vec::new();
    match tool.get("inputSchema") {
        Some(schema) => walk(schema, &mut Vec::new(), true, 0, &mut found)?,
        None => return Ok(found),
    }
    Ok(found)
}

/// Collects the marked parameters of a schema. A mark is valid only on a property that is reached through `properties`.
fn walk(
    schema: &Value,
    path: &mut Vec<String>,
    is_reachable: bool,
    depth: usize,
    found: &mut Vec<ParamHeader>,
) -> Result<(), &'static str> {
    if depth > MAX_DEPTH {
        return Ok(());
    }
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(items) => {
            return items.iter().try_for_each(|item| walk(item, path, false, depth + 1, found));
        }
        _ => return Ok(()),
    };
    if let Some(mark) = members.get("x-mcp-header") {
        found.push(param_header(mark, members, path, is_reachable, found)?);
    }
    for (key, member) in members {
        if key == "properties" {
            for (name, property) in member.as_object().into_iter().flatten() {
                path.push(name.clone());
                let outcome = walk(property, path, is_reachable, depth + 1, found);
                path.pop();
                outcome?;
            }
        } else if !matches!(key.as_str(), "x-mcp-header" | "default" | "const" | "enum" | "examples") {
            walk(member, path, false, depth + 1, found)?;
        }
    }
    Ok(())
}

/// Returns the header of a marked parameter.
fn param_header(
    mark: &Value,
    schema: &Map<String, Value>,
    path: &[String],
    is_reachable: bool,
    found: &[ParamHeader],
) -> Result<ParamHeader, &'static str> {
    let text = mark.as_str().filter(|text| !text.is_empty()).ok_or("an `x-mcp-header` is empty or not text")?;
    let name = HeaderName::try_from(format!("mcp-param-{text}"))
        .map_err(|_| "an `x-mcp-header` is not a valid header name")?;
    if !is_reachable || path.is_empty() {
        return Err("an `x-mcp-header` is not on a property");
    }
    if !matches!(schema.get("type").and_then(Value::as_str), Some("string" | "integer" | "boolean")) {
        return Err("an `x-mcp-header` is on a property that is not a string, an integer or a boolean");
    }
    if found.iter().any(|other| other.name == name) || found.len() >= MAX_HEADERS {
        return Err("an `x-mcp-header` occurs twice, or the tool has too many");
    }
    Ok(ParamHeader { name, path: path.to_vec() })
}

/// Returns the header of a parameter for a call's arguments; `None` if they do not contain it.
pub(super) fn argument_header(param: &ParamHeader, arguments: &Value) -> Option<(HeaderName, HeaderValue)> {
    let value = param.path.iter().try_fold(arguments, |at, key| at.get(key))?;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) if number.as_i64().is_some_and(|whole| whole.unsigned_abs() <= MAX_SAFE_INTEGER) => {
            number.to_string()
        }
        _ => return None,
    };
    let mut value = encode_value(&text);
    value.set_sensitive(true);
    Some((param.name.clone(), value))
}

/// Encodes a value for a header: unchanged if it is printable ASCII, otherwise as base64 in `=?base64?…?=`.
pub(super) fn encode_value(text: &str) -> HeaderValue {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | 0x21..=0x7e))
        && text.trim_matches([' ', '\t']) == text
        && !(text.starts_with("=?base64?") && text.ends_with("?="));
    let encoded = if is_plain { text.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(text)) };
    HeaderValue::try_from(encoded).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn property(schema: &Value) -> Value {
        json!({ "name": "t", "inputSchema": { "type": "object", "properties": { "p": schema } } })
    }

    #[test]
    fn values_are_encoded_as_in_the_specification() {
        for (text, written) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("", ""),
        ] {
            assert_eq!(encode_value(text), written, "{text:?}");
        }
    }

    #[test]
    fn marked_parameters_become_headers() {
        let nested =
            json!({ "type": "object", "properties": { "zone": { "type": "integer", "x-mcp-header": "Zone" } } });
        let found = tool_headers(&property(&nested)).unwrap();
        let header = |arguments: Value| argument_header(&found[0], &arguments);
        let (name, value) = header(json!({ "p": { "zone": 42 } })).unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("mcp-param-zone", "42"));
        for without in
            [json!({}), json!({ "p": { "zone": null } }), json!({ "p": { "zone": 9_007_199_254_740_993_i64 } })]
        {
            assert_eq!(header(without.clone()), None, "{without}");
        }
    }

    #[test]
    fn invalid_definitions_are_rejected() {
        for invalid in [
            json!({ "type": "string", "x-mcp-header": "" }),
            json!({ "type": "string", "x-mcp-header": "a\r\nb" }),
            json!({ "type": "string", "x-mcp-header": 5 }),
            json!({ "type": "number", "x-mcp-header": "N" }),
            json!({ "type": "array", "items": { "type": "string", "x-mcp-header": "N" } }),
            json!({ "anyOf": [{ "type": "string", "x-mcp-header": "N" }] }),
            json!({ "type": "object", "properties": {
                "a": { "type": "string", "x-mcp-header": "N" }, "b": { "type": "string", "x-mcp-header": "n" } } }),
        ] {
            assert!(tool_headers(&property(&invalid)).is_err(), "{invalid}");
        }
        assert_eq!(tool_headers(&property(&json!({ "type": "string" }))), Ok(Vec::new()));
        assert_eq!(tool_headers(&json!({ "name": "t" })), Ok(Vec::new()));
    }
}

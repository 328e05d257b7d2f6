//! Headers that repeat parameters of a tool (MCP 2026-07-28, basic/transports/streamable-http): those that the tool's
//! schema marks with `x-mcp-header`.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::headers::{decode_value, encode_value};

/// The maximum depth to which a schema is read.
const MAX_DEPTH: usize = 16;
/// The maximum number of a tool's parameters in headers.
const MAX_HEADERS: usize = 64;
/// The maximum absolute value of an integer in a header (2^53 − 1).
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A parameter that a header repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamHeader {
    name: HeaderName,
    path: Vec<String>,
}

/// Returns the parameters of a tool that headers repeat.
///
/// # Errors
///
/// The reason for which the tool's definition is not valid.
pub fn tool_headers(tool: &Value) -> Result<Vec<ParamHeader>, &'static str> {
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
pub fn argument_header(param: &ParamHeader, arguments: &Value) -> Option<(HeaderName, HeaderValue)> {
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

/// Checks that the headers of a call repeat the marked arguments. An argument that is null or missing needs no header. The error
/// is the name of the header that is missing, cannot be read or says something else.
///
/// # Errors
///
/// The name of the first wrong header.
pub fn check_arguments<'p>(
    params: &'p [ParamHeader],
    headers: &HeaderMap,
    arguments: &Map<String, Value>,
) -> Result<(), &'p HeaderName> {
    params.iter().try_for_each(|param| {
        let mut path = param.path.iter();
        let first = path.next().and_then(|key| arguments.get(key));
        let value = path.try_fold(first, |at, key| Some(at?.get(key))).flatten();
        let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(()) };
        let mut sent = headers.get_all(&param.name).iter();
        let is_equal = match (sent.next(), sent.next()) {
            (Some(only), None) => decode_value(only).is_some_and(|text| is_same(value, &text)),
            _ => false,
        };
        if is_equal { Ok(()) } else { Err(&param.name) }
    })
}

/// Returns true if a header's text is the value of an argument. Integers are compared as numbers: `42.0` is 42.
fn is_same(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Bool(value) => text == if *value { "true" } else { "false" },
        Value::Number(number) => {
            let sent = serde_json::from_str::<serde_json::Number>(text).ok();
            let whole = safe_integer(number);
            whole.is_some() && whole == sent.as_ref().and_then(safe_integer)
        }
        _ => false,
    }
}

/// Returns a number that is a whole one within the limits of all programming languages.
fn safe_integer(number: &serde_json::Number) -> Option<i64> {
    let whole = match number.as_i64() {
        Some(whole) => whole,
        None => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            // The text of a whole floating-point number has only digits.
            format!("{float:.0}").parse().ok()?
        }
    };
    (whole.unsigned_abs() <= MAX_SAFE_INTEGER).then_some(whole)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn property(schema: &Value) -> Value {
        json!({ "name": "t", "inputSchema": { "type": "object", "properties": { "p": schema } } })
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

    #[test]
    fn the_headers_of_a_call_repeat_its_arguments() {
        let params = tool_headers(&json!({ "inputSchema": { "type": "object", "properties": {
            "text": { "type": "string", "x-mcp-header": "Text" },
            "zone": { "type": "integer", "x-mcp-header": "Zone" },
            "flag": { "type": "boolean", "x-mcp-header": "Flag" },
            "in": { "type": "object", "properties": { "deep": { "type": "string", "x-mcp-header": "Deep" } } } } } }))
        .unwrap();
        let check = |arguments: Value, headers: &[(&'static str, &'static str)]| {
            let headers =
                headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            let headers = headers.fold(HeaderMap::new(), |mut all, (name, value)| {
                all.append(name, value);
                all
            });
            let checked = check_arguments(&params, &headers, arguments.as_object().unwrap());
            checked.map_err(|name| name.as_str().to_owned())
        };
        for (arguments, headers) in [
            (json!({}), &[][..]),
            (json!({ "text": null, "in": null }), &[]),
            (json!({}), &[("mcp-param-text", "unasked"), ("mcp-param-other", "x")]),
            (json!({ "text": "Hello" }), &[("mcp-param-text", "=?base64?SGVsbG8=?=")]),
            (json!({ "text": "SGVsbG8=" }), &[("mcp-param-text", " SGVsbG8=\t")]),
            (json!({ "text": "=?base64?SGVsbG8=" }), &[("mcp-param-text", "=?base64?SGVsbG8=")]),
            (json!({ "zone": 42 }), &[("mcp-param-zone", "42.0")]),
            (json!({ "zone": 4.2e1 }), &[("mcp-param-zone", "42")]),
            (json!({ "zone": -9_007_199_254_740_991_i64 }), &[("mcp-param-zone", "-9007199254740991")]),
            (json!({ "flag": false }), &[("mcp-param-flag", "false")]),
            (json!({ "in": { "deep": "x" } }), &[("mcp-param-deep", "x")]),
        ] {
            assert_eq!(check(arguments.clone(), headers), Ok(()), "{arguments} {headers:?}");
        }
        for (arguments, headers) in [
            (json!({ "text": "Hello" }), &[][..]),
            (json!({ "text": "Hello" }), &[("mcp-param-text", "hello")]),
            (json!({ "text": "Hello" }), &[("mcp-param-text", "=?base64?SGVsbG8?=")]),
            (json!({ "text": "Hello" }), &[("mcp-param-text", "=?base64?SGVs!!!bG8=?=")]),
            (json!({ "text": "Hello" }), &[("mcp-param-text", "Hello"), ("mcp-param-text", "Hello")]),
            (json!({ "zone": 42 }), &[("mcp-param-zone", "42.5")]),
            (json!({ "zone": 42 }), &[("mcp-param-zone", "fourty-two")]),
            (json!({ "zone": 9_007_199_254_740_993_i64 }), &[("mcp-param-zone", "9007199254740993")]),
            (json!({ "zone": 1.5 }), &[("mcp-param-zone", "1.5")]),
            (json!({ "flag": true }), &[("mcp-param-flag", "TRUE")]),
            (json!({ "text": ["Hello"] }), &[("mcp-param-text", "Hello")]),
            (json!({ "in": { "deep": "x" } }), &[]),
        ] {
            assert!(check(arguments.clone(), headers).is_err(), "{arguments} {headers:?}");
        }
    }
}

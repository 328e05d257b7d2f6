//! Checks the answers to questions: the values of a form against its schema, and the shape of others.

use serde_json::{Map, Value};

use super::input::InputRequest;

/// Checks an answer against the question that was asked.
///
/// # Errors
///
/// What is wrong, without the answer's values.
pub(crate) fn check_answer(question: &InputRequest, answer: &Value) -> Result<(), String> {
    let Some(members) = answer.as_object() else { return Err("it is not an object".to_owned()) };
    match question {
        InputRequest::Form { schema, .. } => match action_of(members)? {
            "accept" => match members.get("content") {
                Some(Value::Object(content)) => check_form(schema, content),
                _ => Err("it accepts without `content`".to_owned()),
            },
            _ => Ok(()),
        },
        InputRequest::Url { .. } => action_of(members).map(|_| ()),
        InputRequest::Sampling { .. } => match (members.get("role"), members.get("content")) {
            (Some(Value::String(_)), Some(Value::Object(_) | Value::Array(_))) => Ok(()),
            _ => Err("it is not a message with `role` and `content`".to_owned()),
        },
        InputRequest::Roots => match members.get("roots") {
            Some(Value::Array(_)) => Ok(()),
            _ => Err("it has no `roots`".to_owned()),
        },
    }
}

fn action_of(members: &Map<String, Value>) -> Result<&str, String> {
    let action = members.get("action").and_then(Value::as_str);
    let action = action.filter(|action| matches!(*action, "accept" | "decline" | "cancel"));
    action.ok_or_else(|| "its `action` is not accept, decline or cancel".to_owned())
}

/// Checks the values of a form. Forms are flat: the schemas are those that the protocol allows in forms.
fn check_form(schema: &Value, content: &Map<String, Value>) -> Result<(), String> {
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if content.get(name).is_none_or(Value::is_null) {
            return Err(format!("the field `{name}` is required"));
        }
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(()) };
    for (name, value) in content {
        let Some(property) = properties.get(name) else { continue };
        if !(value.is_null() || is_valid(property, value)) {
            return Err(format!("the field `{name}` does not have the value that was asked for"));
        }
    }
    Ok(())
}

fn is_valid(schema: &Value, value: &Value) -> bool {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let count = |name: &str| schema.get(name).and_then(Value::as_u64);
    let is_within = |length: usize, least: &str, most: &str| {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        count(least).is_none_or(|least| length >= least) && count(most).is_none_or(|most| length <= most)
    };
    match (schema.get("type").and_then(Value::as_str), value) {
        (Some("string"), Value::String(text)) => {
            is_within(text.chars().count(), "minLength", "maxLength") && is_choice(schema, value, "oneOf")
        }
        (Some("number"), Value::Number(number)) => is_in_range(number.as_f64(), bound("minimum"), bound("maximum")),
        (Some("integer"), Value::Number(number)) => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0);
            is_in_range(float, bound("minimum"), bound("maximum"))
        }
        (Some("boolean"), Value::Bool(_)) => true,
        (Some("array"), Value::Array(items)) => {
            let choices = schema.get("items").unwrap_or(&Value::Null);
            is_within(items.len(), "minItems", "maxItems") && items.iter().all(|item| is_choice(choices, item, "anyOf"))
        }
        (None, _) => true,
        _ => false,
    }
}

fn is_in_range(value: Option<f64>, least: Option<f64>, most: Option<f64>) -> bool {
    value.is_some_and(|value| least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most))
}

/// Returns true if a value is one of the choices of a schema, or if the schema has none.
fn is_choice(schema: &Value, value: &Value, titled: &str) -> bool {
    let plain = schema.get("enum").and_then(Value::as_array);
    let named = schema.get(titled).and_then(Value::as_array);
    plain.is_none_or(|choices| choices.contains(value))
        && named.is_none_or(|choices| choices.iter().any(|choice| choice.get("const") == Some(value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form() -> InputRequest {
        let schema = json!({ "type": "object", "required": ["name"], "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": 5 },
            "age": { "type": "integer", "minimum": 0 },
            "score": { "type": "number", "maximum": 1 },
            "ok": { "type": "boolean" },
            "plain": { "type": "string", "enum": ["a", "b"] },
            "titled": { "type": "string", "oneOf": [{ "const": "a", "title": "A" }] },
            "many": { "type": "array", "maxItems": 2, "items": { "type": "string", "enum": ["a", "b"] } },
            "named": { "type": "array", "items": { "anyOf": [{ "const": "a", "title": "A" }] } } } });
        InputRequest::Form { message: "Who?".to_owned(), schema }
    }

    #[test]
    fn the_values_of_a_form_follow_its_schema() {
        let check = |content: Value| check_answer(&form(), &json!({ "action": "accept", "content": content })).is_ok();
        for valid in [
            json!({ "name": "Ada" }),
            json!({ "name": "Ada", "age": 36, "score": 0.5, "ok": true, "plain": "b", "titled": "a" }),
            json!({ "name": "Ada", "many": ["a", "b"], "named": ["a"], "unknown": { "x": 1 }, "age": null }),
        ] {
            assert!(check(valid.clone()), "{valid}");
        }
        for invalid in [
            json!({}),
            json!({ "name": null }),
            json!({ "name": "" }),
            json!({ "name": "too long" }),
            json!({ "name": 5 }),
            json!({ "name": "Ada", "age": -1 }),
            json!({ "name": "Ada", "age": 1.5 }),
            json!({ "name": "Ada", "score": 2 }),
            json!({ "name": "Ada", "ok": "true" }),
            json!({ "name": "Ada", "plain": "c" }),
            json!({ "name": "Ada", "titled": "A" }),
            json!({ "name": "Ada", "many": ["a", "b", "a"] }),
            json!({ "name": "Ada", "named": ["b"] }),
        ] {
            assert!(!check(invalid.clone()), "{invalid}");
        }
    }

    #[test]
    fn every_answer_has_the_shape_of_its_question() {
        let url = InputRequest::Url { message: String::new(), url: String::new(), id: String::new() };
        let sampling = InputRequest::Sampling { params: Map::new() };
        for (question, answer, is_valid) in [
            (&form(), json!({ "action": "decline" }), true),
            (&form(), json!({ "action": "accept" }), false),
            (&form(), json!({ "action": "maybe" }), false),
            (&form(), json!(12345), false),
            (&url, json!({ "action": "accept" }), true),
            (&url, json!({}), false),
            (&sampling, json!({ "role": "assistant", "content": { "type": "text", "text": "x" } }), true),
            (&sampling, json!({ "role": "assistant" }), false),
            (&InputRequest::Roots, json!({ "roots": [] }), true),
            (&InputRequest::Roots, json!({ "roots": {} }), false),
        ] {
            assert_eq!(check_answer(question, &answer).is_ok(), is_valid, "{answer}");
        }
    }
}

//! Parameter lists in one line, for the results of searches: `path.id*: string, query.limit: number`.

use serde_json::{Map, Value};

use super::request::ParamStyle;

/// The most parameters of a list.
const MAX_PARAMETERS: usize = 30;
/// The most values of an enumeration.
const MAX_VALUES: usize = 6;

/// Returns the parameters of a tool's input schema. A star marks those that are required.
pub(super) fn parameters(schema: &Map<String, Value>, style: ParamStyle) -> String {
    let mut all = Vec::new();
    let properties = |schema: &Map<String, Value>| schema.get("properties").and_then(Value::as_object).cloned();
    for (name, property) in properties(schema).unwrap_or_default() {
        match property.as_object().filter(|_| style == ParamStyle::Nested).and_then(properties) {
            Some(inner) => {
                let required = &property["required"];
                all.extend(
                    inner
                        .iter()
                        .map(|(inner, property)| parameter(&format!("{name}.{inner}"), inner, property, required)),
                );
            }
            None => all.push(parameter(&name, &name, &property, &schema.get("required").cloned().unwrap_or_default())),
        }
    }
    let rest = all.len().saturating_sub(MAX_PARAMETERS);
    // Those that are required come first, so that none of them is cut.
    all.sort_by_key(|parameter| !parameter.contains('*'));
    all.truncate(MAX_PARAMETERS);
    let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    format!("{}{more}", all.join(", "))
}

fn parameter(shown: &str, name: &str, property: &Value, required: &Value) -> String {
    let is_required = required.as_array().is_some_and(|required| required.iter().any(|required| required == name));
    let star = if is_required { "*" } else { "" };
    format!("{shown}{star}: {}", kind(property))
}

fn kind(schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let shown = values.iter().take(MAX_VALUES).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let more = if values.len() > MAX_VALUES { "|…" } else { "" };
        return format!("{}{more}", shown.collect::<Vec<_>>().join("|"));
    }
    match schema["type"].as_str() {
        Some("array") => format!("list of {}", kind(&schema["items"])),
        Some(kind) => kind.to_owned(),
        None => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_fit_in_a_line() {
        let nested = json!({ "properties": {
            "query": { "type": "object", "properties": {
                "limit": { "type": "number" },
                "sort": { "type": "string", "enum": ["a", "b", "c", "d", "e", "f", "g"] },
            } },
            "path": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } },
        } });
        assert_eq!(
            parameters(nested.as_object().unwrap(), ParamStyle::Nested),
            "path.id*: string, query.limit: number, query.sort: a|b|c|d|e|f|…"
        );
        let flat = json!({ "required": ["b"], "properties": {
            "a": { "type": "array", "items": { "type": "object" } }, "b": {},
        } });
        assert_eq!(parameters(flat.as_object().unwrap(), ParamStyle::FlatSmart), "b*: any, a: list of object");
        let many = (0..40).map(|number| (format!("p{number}"), json!({ "type": "string" }))).collect::<Map<_, _>>();
        let many = json!({ "properties": many });
        assert!(parameters(many.as_object().unwrap(), ParamStyle::FlatSmart).ends_with(", and 10 more"));
        assert_eq!(parameters(&Map::new(), ParamStyle::Nested), "");
    }
}

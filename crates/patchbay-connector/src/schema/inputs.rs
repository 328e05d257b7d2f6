//! An action's inputs as a JSON Schema (2020-12), in the groups of the RPC body: path, query, headers, body.

use serde_json::{Map, Value, json};

use crate::definition::{Action, Filters, Input, InputLocation, InputType};

impl Action {
    /// Returns the schema of the action's inputs, except hidden ones.
    pub fn input_schema(&self) -> Value {
        let mut groups = Map::new();
        let mut required = Vec::new();
        for location in [InputLocation::Path, InputLocation::Query, InputLocation::Headers, InputLocation::Body] {
            let is_in_group = |input: &&Input| input.location == location && input.is_shown();
            let inputs = self.inputs.iter().filter(is_in_group).collect::<Vec<_>>();
            if inputs.is_empty() {
                continue;
            }
            if inputs.iter().any(|input| input.required) {
                required.push(location.as_str());
            }
            groups.insert(location.as_str().to_owned(), object(&inputs, &self.inputs));
        }
        json!({ "type": "object", "properties": groups, "required": required, "additionalProperties": false })
    }
}

/// Returns the schema of an object with these inputs; `all` are the inputs that filters name.
fn object(inputs: &[&Input], all: &[Input]) -> Value {
    let properties: Map<String, Value> = inputs.iter().map(|input| (input.name.clone(), schema(input, all))).collect();
    let required = inputs.iter().filter(|input| input.required).map(|input| input.name.as_str()).collect::<Vec<_>>();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn schema(input: &Input, all: &[Input]) -> Value {
    let mut shape = if input.variants.is_empty() {
        typed(input, all)
    } else {
        let variants = std::iter::once(input).chain(&input.variants).map(|variant| typed(variant, all));
        json!({ "anyOf": with_mixed_lists(variants.collect()) })
    };
    if !input.description.is_empty() {
        shape["description"] = json!(input.description);
    }
    shape
}

/// Merges the variants that are lists into the first of them, so that its items match any of them.
fn with_mixed_lists(variants: Vec<Value>) -> Vec<Value> {
    let is_list = |variant: &Value| variant["type"] == "array";
    let items =
        variants.iter().filter(|variant| is_list(variant)).map(|list| list["items"].clone()).collect::<Vec<_>>();
    if items.len() < 2 {
        return variants;
    }
    let mut merged: Vec<Value> = Vec::new();
    for mut variant in variants {
        if !is_list(&variant) {
            merged.push(variant);
        } else if !merged.iter().any(is_list) {
            variant["items"] = json!({ "anyOf": items });
            merged.push(variant);
        }
    }
    merged
}

fn typed(input: &Input, all: &[Input]) -> Value {
    let rules = input.rules();
    let mut element = match (input.kind, &input.filters) {
        (InputType::String, _) => json!({ "type": "string" }),
        (InputType::Number, _) => json!({ "type": "number" }),
        (InputType::Boolean, _) => json!({ "type": "boolean" }),
        (InputType::DatetimeString, _) => json!({ "type": "string", "format": "date-time" }),
        (InputType::Enum, _) => json!({ "enum": input.one_of }),
        (InputType::Object, Some(filters)) => filter(filters, all),
        (InputType::Object, None) => {
            let properties = input.properties.iter().filter(|property| property.is_shown()).collect::<Vec<_>>();
            if properties.is_empty() { json!({ "type": "object" }) } else { object(&properties, all) }
        }
    };
    if let Some(format) = &rules.format {
        element["format"] = json!(if format == "datetime" { "date-time" } else { format });
    }
    if let Some((pattern, _)) = &rules.pattern {
        element["pattern"] = json!(pattern);
    }
    let bounds = [("minimum", rules.min), ("maximum", rules.max)];
    for (name, bound) in bounds {
        if let Some(bound) = bound {
            element[name] = json!(bound);
        }
    }
    let lengths = [(rules.min_length, "minLength", "minItems"), (rules.max_length, "maxLength", "maxItems")];
    let mut outer = if input.array { json!({ "type": "array", "items": element }) } else { element };
    for (length, of_text, of_list) in lengths {
        if let Some(length) = length {
            outer[if input.array { of_list } else { of_text }] = json!(length);
        }
    }
    outer
}

/// Returns the schema of one filter. `anyOf` has the operators of each field and the types of their values; fields with
/// the same ones share an entry. The members also stand by themselves, for forms.
fn filter(filters: &Filters, inputs: &[Input]) -> Value {
    let mut fields = Vec::new();
    let mut operators: Vec<&str> = Vec::new();
    let mut entries: Vec<(Vec<&str>, Option<Value>, Vec<&str>)> = Vec::new();
    for field in &filters.fields {
        fields.push(field.name.as_str());
        let mut by_value: Vec<(Option<Value>, Vec<&str>)> = Vec::new();
        for operator in &field.operators {
            let name = operator.name.as_str();
            if !operators.contains(&name) {
                operators.push(name);
            }
            let input = inputs.iter().find(|input| input.name == operator.input);
            let value = input.and_then(|input| filter_value(input, inputs));
            match by_value.iter_mut().find(|(known, _)| *known == value) {
                Some((_, names)) => names.push(name),
                None => by_value.push((value, vec![name])),
            }
        }
        for (value, names) in by_value {
            match entries.iter_mut().find(|(known, known_value, _)| *known == names && *known_value == value) {
                Some((_, _, fields)) => fields.push(&field.name),
                None => entries.push((names, value, vec![&field.name])),
            }
        }
    }
    let entry = |(operators, value, fields): (Vec<&str>, Option<Value>, Vec<&str>)| {
        let mut members = json!({ "field": { "enum": fields }, "operator": { "enum": operators } });
        if let Some(value) = value {
            members["value"] = value;
        }
        json!({ "properties": members })
    };
    json!({
        "type": "object",
        "properties": {
            "field": { "enum": fields },
            "operator": { "enum": operators },
            "value": {
                "type": ["string", "number", "boolean", "array"],
                "description": "The value, or a list if the operator accepts several."
            }
        },
        "required": ["field", "operator", "value"],
        "additionalProperties": false,
        "anyOf": entries.into_iter().map(entry).collect::<Vec<_>>()
    })
}

/// Returns the schema of the value that a filter gives to an input; `None` for any text, which can also be a list.
fn filter_value(input: &Input, all: &[Input]) -> Option<Value> {
    let is_any_text = input.kind == InputType::String && !input.array && input.rules.is_none();
    (!is_any_text || !input.variants.is_empty()).then(|| typed(input, all))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{SourceFile, load};

    /// Returns the input schema of an action with these inputs.
    fn schema_of(inputs: &str) -> Value {
        let text = format!(
            "Patchbay: 1.0.0\n\
             info: {{ title: Demo, key: demo, version: 1.0.0, description: A demo. }}\n\
             baseUrl: https://api.example.com\n\
             authentication:\n  - custom: {{ type: custom, label: Key, authorization: {{ type: none }} }}\n\
             actions:\n  - actionId: list\n    label: List\n    description: Lists.\n    inputs:\n{inputs}    \
             steps: [{{ stepId: a, stepFunction: {{ functionName: request, parameters: {{ url: /a }} }} }}]\n"
        );
        let loaded = load(&[SourceFile { name: "demo.connector.yaml".to_owned(), text }]);
        loaded.connector.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)).actions[0].input_schema()
    }

    #[test]
    fn hidden_inputs_and_properties_are_omitted_unless_they_are_required() {
        let schema = schema_of(
            "      - { name: shown, type: string, in: query, description: A }\n      \
                   - { name: hidden, type: string, in: query, description: B, hidden: true }\n      \
                   - { name: needed, type: string, in: path, description: C, hidden: true, required: true }\n      \
                   - name: thing\n        type: object\n        in: body\n        description: D\n        \
                       properties: [{ name: a, type: string }, { name: b, type: string, hidden: true }]\n      \
                   - { name: gone, type: string, in: headers, description: E, hidden: true }\n",
        );
        let names = |path: &str| {
            let properties = schema.pointer(path).and_then(Value::as_object);
            properties.map(|properties| properties.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
        };
        assert_eq!(names("/properties"), ["path", "query", "body"]);
        assert_eq!(names("/properties/path/properties"), ["needed"]);
        assert_eq!(names("/properties/query/properties"), ["shown"]);
        assert_eq!(names("/properties/body/properties/thing/properties"), ["a"]);
    }

    #[test]
    fn fields_with_the_same_operators_and_values_share_an_entry() {
        let schema = schema_of(
            "      - name: filters\n        type: object\n        array: true\n        in: query\n        \
                       description: Filters.\n        rules: { maxLength: 5 }\n        filters:\n          \
                         name: { eq: name, in: names }\n          title: { eq: name, in: names }\n          \
                         state: { eq: state, in: names }\n          size: { eq: size, gt: size }\n      \
                   - { name: name, type: string, in: query, description: A, hidden: true }\n      \
                   - { name: names, type: string, in: query, description: A, hidden: true }\n      \
                   - { name: state, type: enum, oneOf: { values: [open, shut] }, in: query, description: A, hidden: true }\n      \
                   - { name: size, type: number, rules: { min: 1 }, in: query, description: A, hidden: true }\n",
        );
        let expected = json!({
            "type": "array",
            "description": "Filters.",
            "maxItems": 5,
            "items": {
                "type": "object",
                "properties": {
                    "field": { "enum": ["name", "title", "state", "size"] },
                    "operator": { "enum": ["eq", "in", "gt"] },
                    "value": {
                        "type": ["string", "number", "boolean", "array"],
                        "description": "The value, or a list if the operator accepts several."
                    }
                },
                "required": ["field", "operator", "value"],
                "additionalProperties": false,
                "anyOf": [
                    { "properties": { "field": { "enum": ["name", "title"] }, "operator": { "enum": ["eq", "in"] } } },
                    {
                        "properties": {
                            "field": { "enum": ["state"] },
                            "operator": { "enum": ["eq"] },
                            "value": { "enum": ["open", "shut"] }
                        }
                    },
                    { "properties": { "field": { "enum": ["state"] }, "operator": { "enum": ["in"] } } },
                    {
                        "properties": {
                            "field": { "enum": ["size"] },
                            "operator": { "enum": ["eq", "gt"] },
                            "value": { "type": "number", "minimum": 1.0 }
                        }
                    }
                ]
            }
        });
        assert_eq!(schema["properties"]["query"]["properties"], json!({ "filters": expected }));
    }
}

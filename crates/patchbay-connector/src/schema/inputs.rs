//! An action's inputs as a JSON Schema (2020-12), in the groups of the RPC body: path, query, headers, body.

use serde_json::{Map, Value, json};

use crate::definition::{Action, Input, InputLocation, InputType};

impl Action {
    /// Returns the schema of the action's inputs.
    pub fn input_schema(&self) -> Value {
        let mut groups = Map::new();
        let mut required = Vec::new();
        for location in [InputLocation::Path, InputLocation::Query, InputLocation::Headers, InputLocation::Body] {
            let inputs = self.inputs.iter().filter(|input| input.location == location).collect::<Vec<_>>();
            if inputs.is_empty() {
                continue;
            }
            if inputs.iter().any(|input| input.required) {
                required.push(location.as_str());
            }
            groups.insert(location.as_str().to_owned(), object(&inputs));
        }
        json!({ "type": "object", "properties": groups, "required": required, "additionalProperties": false })
    }
}

fn object(inputs: &[&Input]) -> Value {
    let properties: Map<String, Value> = inputs.iter().map(|input| (input.name.clone(), schema(input))).collect();
    let required = inputs.iter().filter(|input| input.required).map(|input| input.name.as_str()).collect::<Vec<_>>();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn schema(input: &Input) -> Value {
    let mut shape = if input.variants.is_empty() {
        typed(input)
    } else {
        let variants = std::iter::once(typed(input)).chain(input.variants.iter().map(typed)).collect::<Vec<_>>();
        json!({ "anyOf": variants })
    };
    if !input.description.is_empty() {
        shape["description"] = json!(input.description);
    }
    shape
}

fn typed(input: &Input) -> Value {
    let rules = input.rules();
    let mut element = match input.kind {
        InputType::String => json!({ "type": "string" }),
        InputType::Number => json!({ "type": "number" }),
        InputType::Boolean => json!({ "type": "boolean" }),
        InputType::DatetimeString => json!({ "type": "string", "format": "date-time" }),
        InputType::Enum => json!({ "enum": input.one_of }),
        InputType::Object if input.properties.is_empty() => json!({ "type": "object" }),
        InputType::Object => object(&input.properties.iter().collect::<Vec<_>>()),
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

//! The inputs of an action as the arguments of a tool, in each style.

use std::collections::{HashMap, HashSet};

use patchbay_connector::definition::{Action, Input, InputLocation};
use patchbay_runtime::RawInputs;
use serde_json::{Map, Value, json};

use super::{
    request::ParamStyle,
    schema::{Names, portable, property_names},
};

const LOCATIONS: [InputLocation; 4] =
    [InputLocation::Path, InputLocation::Query, InputLocation::Headers, InputLocation::Body];

/// How a tool takes the inputs of an action.
pub(super) struct Arguments {
    /// The portable schema of the arguments.
    pub(super) schema: Map<String, Value>,
    /// The input of each argument; empty in the nested style.
    flat: HashMap<String, Flat>,
    /// The names within the groups, in the nested style.
    names: Names,
}

struct Flat {
    location: InputLocation,
    input: String,
    names: Names,
}

impl Arguments {
    /// Returns the arguments of an action.
    pub(super) fn new(action: &Action, style: ParamStyle) -> Self {
        let schema = action.input_schema();
        let made = match style {
            ParamStyle::Nested => {
                let (schema, names) = portable(&schema, 1);
                Self { schema: into_object(schema), flat: HashMap::new(), names }
            }
            ParamStyle::FlatPrefixed | ParamStyle::FlatSmart => Self::flat(&schema, style),
        };
        Self { schema: without_nothing(made.schema), ..made }
    }

    fn flat(schema: &Value, style: ParamStyle) -> Self {
        let mut inputs = Vec::new();
        for location in LOCATIONS {
            let group = &schema["properties"][location.as_str()];
            let required = group["required"].as_array().map(Vec::as_slice).unwrap_or_default();
            for (name, input) in group["properties"].as_object().into_iter().flatten() {
                let is_required = required.iter().any(|required| required == name);
                inputs.push((location, name.as_str(), input, is_required));
            }
        }
        let mut seen = HashSet::new();
        let shared = inputs.iter().filter(|(_, name, ..)| !seen.insert(*name)).map(|(_, name, ..)| *name);
        let shared = shared.collect::<HashSet<_>>();
        let wanted = inputs.iter().map(|(location, name, ..)| {
            let is_prefixed = style == ParamStyle::FlatPrefixed || shared.contains(name);
            if is_prefixed { format!("{}_{name}", location.as_str()) } else { (*name).to_owned() }
        });
        let wanted = distinct(wanted.collect());
        let arguments = property_names(wanted.iter().map(String::as_str));
        let (mut properties, mut required, mut flat) = (Map::new(), Vec::new(), HashMap::new());
        for ((location, input, schema, is_required), argument) in inputs.into_iter().zip(arguments) {
            let (schema, names) = portable(schema, 2);
            properties.insert(argument.clone(), schema);
            if is_required {
                required.push(json!(argument));
            }
            flat.insert(argument, Flat { location, input: input.to_owned(), names });
        }
        let schema = json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false
        });
        Self { schema: into_object(schema), flat, names: Names::default() }
    }

    /// Sorts the arguments of a call into the inputs of the action. Arguments that the schema does not have are accepted if
    /// they can mean one input only: a group in a flat style, or the plain name of an input.
    ///
    /// # Errors
    ///
    /// The names of the arguments that are not known.
    pub(super) fn split(&self, action: &Action, arguments: Map<String, Value>) -> Result<RawInputs, Vec<String>> {
        let mut inputs = RawInputs::default();
        let mut unknown = Vec::new();
        for (name, value) in arguments {
            if let Some(flat) = self.flat.get(&name) {
                // Null clears a value of a body, and counts as missing elsewhere: the check of the inputs knows it.
                group(&mut inputs, flat.location).insert(flat.input.clone(), flat.names.restore(value));
                continue;
            }
            let location = LOCATIONS.into_iter().find(|location| location.as_str() == name);
            match (location, value) {
                (Some(_), Value::Null) => {}
                (Some(location), value) if as_group(&value).is_some() => {
                    let members = as_group(&value).unwrap_or_default();
                    let members = match self.names.within(location.as_str()) {
                        Some(names) => names.restore_members(members),
                        None => members,
                    };
                    group(&mut inputs, location).extend(members);
                }
                (_, value) => match only_input(action, &name) {
                    Some((location, input)) => {
                        group(&mut inputs, location).insert(input, value);
                    }
                    None => unknown.push(name),
                },
            }
        }
        if unknown.is_empty() { Ok(inputs) } else { Err(unknown) }
    }

    /// Returns the path of an input as the caller of the tool names it: `body.name` is `body_name` or `name` in a flat style.
    pub(super) fn shown_path(&self, path: &str) -> String {
        let Some((location, rest)) = path.split_once('.') else { return path.to_owned() };
        let found = self.flat.iter().filter(|(_, flat)| flat.location.as_str() == location);
        let found = found.filter_map(|(argument, flat)| {
            let rest = rest.strip_prefix(flat.input.as_str())?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then(|| format!("{argument}{rest}"))
        });
        found.min_by_key(String::len).unwrap_or_else(|| path.to_owned())
    }
}

/// Appends numbers to repeated names.
fn distinct(names: Vec<String>) -> Vec<String> {
    let mut taken = HashSet::new();
    let distinct = names.into_iter().map(|name| {
        let mut unique = name.clone();
        let mut number = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        unique
    });
    distinct.collect()
}

fn group(inputs: &mut RawInputs, location: InputLocation) -> &mut Map<String, Value> {
    match location {
        InputLocation::Path => &mut inputs.path,
        InputLocation::Query => &mut inputs.query,
        InputLocation::Headers => &mut inputs.headers,
        InputLocation::Body => &mut inputs.body,
    }
}

/// Returns the members of a group, also if a model wrote them as text.
fn as_group(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// Returns the only input with this name, or with this name after its group: `query_limit`, `query.limit`.
fn only_input(action: &Action, name: &str) -> Option<(InputLocation, String)> {
    let of = |input: &Input| (input.location, input.name.clone());
    let mut plain = action.inputs.iter().filter(|input| input.name == name);
    if let Some(first) = plain.next() {
        return plain.next().is_none().then(|| of(first));
    }
    let prefixed = |input: &&Input| {
        let rest = name.strip_prefix(input.location.as_str()).and_then(|rest| rest.strip_prefix(['_', '.']));
        rest == Some(input.name.as_str())
    };
    action.inputs.iter().find(prefixed).map(of)
}

fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Removes empty lists and objects, which some hosts refuse.
fn without_nothing(mut schema: Map<String, Value>) -> Map<String, Value> {
    let is_empty = |value: &Value| value.as_object().is_some_and(Map::is_empty) || value == &json!([]);
    schema.retain(|key, value| !(matches!(key.as_str(), "properties" | "required") && is_empty(value)));
    schema
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use patchbay_connector::{SourceFile, load, render};

    use super::*;

    fn action(inputs: &str) -> Arc<Action> {
        let text = format!(
            r"
Patchbay: 1.0.0
info: {{title: Demo, key: demo, version: 1.0.0, description: For tests.}}
categories: [documents]
baseUrl: https://demo.example.com
authentication:
  - key:
      type: custom
      label: Key
      configFields: [{{key: key, label: Key, type: password, required: true, secret: true}}]
      authorization: {{type: bearer, token: '${{credentials.key}}'}}
actions:
  - actionId: do_it
    label: Do it
    description: Does it.
    categories: [documents]
    actionType: custom
    inputs: {inputs}
    steps:
      - stepId: get
        description: Get.
        stepFunction:
          functionName: request
          parameters: {{url: /me, method: get}}
"
        );
        let files = [SourceFile { name: "demo.connector.yaml".to_owned(), text }];
        let loaded = load(&files);
        let connector = loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)));
        connector.actions[0].clone()
    }

    const INPUTS: &str = "[{name: id, type: string, in: path, required: true, description: Id.}, \
        {name: id, type: string, in: query, description: Id.}, \
        {name: '@_x', type: string, in: body, description: X.}, \
        {name: limit, type: number, in: query, description: Limit.}]";

    fn names(style: ParamStyle) -> Vec<String> {
        let arguments = Arguments::new(&action(INPUTS), style);
        arguments.schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn each_style_has_its_names() {
        assert_eq!(names(ParamStyle::Nested), ["path", "query", "body"]);
        assert_eq!(names(ParamStyle::FlatPrefixed), ["path_id", "query_id", "query_limit", "body___x"]);
        assert_eq!(names(ParamStyle::FlatSmart), ["path_id", "query_id", "limit", "__x"]);
    }

    #[test]
    fn each_style_reaches_the_same_inputs() {
        let action = action(INPUTS);
        for (style, given) in [
            (
                ParamStyle::Nested,
                json!({ "path": { "id": "1" }, "query": { "id": "2", "limit": 3 }, "body": { "__x": "4" } }),
            ),
            (
                ParamStyle::Nested,
                json!({ "path": "{\"id\": \"1\"}", "query": { "id": "2" }, "limit": 3, "body": { "__x": "4" } }),
            ),
            (ParamStyle::FlatPrefixed, json!({ "path_id": "1", "query_id": "2", "query_limit": 3, "body___x": "4" })),
            (
                ParamStyle::FlatSmart,
                json!({ "path_id": "1", "query_id": "2", "limit": 3, "__x": "4", "headers": null }),
            ),
            (ParamStyle::FlatSmart, json!({ "path": { "id": "1" }, "query_id": "2", "query_limit": 3, "@_x": "4" })),
        ] {
            let arguments = Arguments::new(&action, style);
            let inputs = arguments.split(&action, given.as_object().unwrap().clone()).unwrap();
            assert_eq!(Value::Object(inputs.path), json!({ "id": "1" }), "{given}");
            assert_eq!(Value::Object(inputs.query), json!({ "id": "2", "limit": 3 }), "{given}");
            assert_eq!(Value::Object(inputs.body), json!({ "@_x": "4" }), "{given}");
        }
    }

    #[test]
    fn unknown_arguments_are_named() {
        let action = action(INPUTS);
        for style in ParamStyle::ALL {
            let given = json!({ "nope": 1, "id": "which one?", "path": 5 });
            let wrong = Arguments::new(&action, style).split(&action, given.as_object().unwrap().clone());
            assert_eq!(wrong.err().unwrap(), ["nope", "id", "path"], "{style:?}");
        }
    }

    #[test]
    fn problems_name_what_the_caller_sent() {
        let action = action(INPUTS);
        for (style, path, expected) in [
            (ParamStyle::Nested, "query.limit", "query.limit"),
            (ParamStyle::FlatPrefixed, "query.limit", "query_limit"),
            (ParamStyle::FlatSmart, "query.limit", "limit"),
            (ParamStyle::FlatSmart, "path.id[0].x", "path_id[0].x"),
            (ParamStyle::FlatSmart, "query.limits", "query.limits"),
            (ParamStyle::FlatSmart, "query", "query"),
        ] {
            assert_eq!(Arguments::new(&action, style).shown_path(path), expected);
        }
    }

    #[test]
    fn an_action_without_inputs_takes_an_empty_object() {
        for style in ParamStyle::ALL {
            let arguments = Arguments::new(&action("[]"), style);
            assert_eq!(Value::Object(arguments.schema), json!({ "type": "object", "additionalProperties": false }));
        }
    }
}

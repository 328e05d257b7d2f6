//! Makes a value from a schema: the same one each time, with every member that the schema names.

use serde_json::{Map, Value, json};

use super::{
    pattern::{compiled, text_matching},
    schema::{alternatives, find, types},
};
use crate::import::refs::ApiDocument;

/// The maximum number of values of a sample.
const MAX_VALUES: usize = 4_000;
/// The maximum nesting depth.
const MAX_DEPTH: usize = 10;

/// The direction in which a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Answer,
}

/// Makes samples, within limits.
pub(super) struct Sampler<'d> {
    document: ApiDocument<'d>,
    direction: Direction,
    left: usize,
    /// The references that are being read.
    within: Vec<&'d str>,
}

/// Returns a value that the schema permits; `None` if it permits only what never ends.
pub(super) fn sample<'d>(document: ApiDocument<'d>, schema: &'d Value, direction: Direction) -> Option<Value> {
    Sampler { document, direction, left: MAX_VALUES, within: Vec::new() }.value(schema, 0)
}

impl<'d> Sampler<'d> {
    fn value(&mut self, schema: &'d Value, depth: usize) -> Option<Value> {
        if self.left == 0 || depth > MAX_DEPTH {
            return None;
        }
        self.left -= 1;
        let outside = self.within.len();
        let mut target = Some(schema);
        while let Some(reference) = target.and_then(|schema| schema.get("$ref")).and_then(Value::as_str) {
            if self.within.contains(&reference) {
                self.within.truncate(outside);
                return None;
            }
            self.within.push(reference);
            target = self.document.target(reference);
        }
        let value = self.of(schema, depth);
        self.within.truncate(outside);
        let is_repeated = find(self.document, schema, "repeated").and_then(Value::as_bool) == Some(true);
        Some(if is_repeated { json!([value]) } else { value })
    }

    fn of(&mut self, schema: &'d Value, depth: usize) -> Value {
        let document = self.document;
        if let Some(constant) = find(document, schema, "const") {
            return constant.clone();
        }
        let listed = find(document, schema, "enum").and_then(Value::as_array);
        if let Some(first) = listed.and_then(|values| values.iter().find(|value| !value.is_null())) {
            return first.clone();
        }
        let kind = types(document, schema).first().copied();
        let choices = alternatives(document, schema);
        if matches!(kind, None | Some("object")) && !choices.is_empty() {
            let own = if kind.is_some() { self.object(schema, depth) } else { Map::new() };
            let chosen = choices.into_iter().find_map(|choice| self.value(choice, depth + 1));
            return match chosen {
                Some(Value::Object(mut chosen)) => {
                    for (name, value) in own {
                        chosen.entry(name).or_insert(value);
                    }
                    Value::Object(chosen)
                }
                Some(other) if own.is_empty() => other,
                _ => Value::Object(own),
            };
        }
        match kind {
            Some("string") => Value::String(self.text(schema)),
            Some("integer" | "number") => Value::from(self.number(schema)),
            Some("boolean") => Value::Bool(true),
            Some("array") => {
                let item = find(document, schema, "items").and_then(|items| self.value(items, depth + 1));
                let count = find(document, schema, "minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 8);
                let count = usize::try_from(count).unwrap_or(1);
                Value::Array(item.map(|item| vec![item; count]).unwrap_or_default())
            }
            Some("object") => Value::Object(self.object(schema, depth)),
            Some("null") => Value::Null,
            _ => Value::String("text".to_owned()),
        }
    }

    fn object(&mut self, schema: &'d Value, depth: usize) -> Map<String, Value> {
        let mut properties = Vec::new();
        self.properties(schema, &mut properties, 0);
        let hidden = if self.direction == Direction::Answer { "writeOnly" } else { "readOnly" };
        let mut members = Map::new();
        for (name, property) in properties {
            let is_hidden = find(self.document, property, hidden).and_then(Value::as_bool) == Some(true);
            if is_hidden || members.contains_key(name) {
                continue;
            }
            if let Some(value) = self.value(property, depth + 1) {
                members.insert(name.to_owned(), value);
            }
        }
        let further = find(self.document, schema, "additionalProperties").filter(|further| further.is_object());
        if members.is_empty()
            && let Some(value) = further.and_then(|further| self.value(further, depth + 1))
        {
            members.insert("key".to_owned(), value);
        }
        members
    }

    /// Adds the properties of a schema and of its parts.
    fn properties(&self, schema: &'d Value, found: &mut Vec<(&'d str, &'d Value)>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let own = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        found.extend(own.map(|(name, property)| (name.as_str(), property)));
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| self.document.target(reference));
        let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        for part in target.into_iter().chain(parts) {
            self.properties(part, found, depth + 1);
        }
    }

    /// Returns 1, or the bound of the schema that is nearest to it.
    #[expect(clippy::cast_possible_truncation, reason = "a bound that is near enough")]
    fn number(&self, schema: &'d Value) -> i64 {
        let bound = |key| find(self.document, schema, key).and_then(Value::as_f64);
        match (bound("minimum"), bound("maximum")) {
            (Some(least), _) if least > 1.0 => least.ceil() as i64,
            (_, Some(most)) if most < 1.0 => most.floor() as i64,
            _ => 1,
        }
    }

    fn text(&self, schema: &'d Value) -> String {
        let text = |key| find(self.document, schema, key).and_then(Value::as_str);
        let by_format = match text("format") {
            Some("date-time") => "2026-01-31T10:30:00Z",
            Some("date") => "2026-01-31",
            Some("time") => "10:30:00Z",
            Some("uuid") => "9f8c2a54-3b1d-4e6f-8a7b-0c1d2e3f4a5b",
            Some("email" | "idn-email") => "user@example.com",
            Some("uri" | "url" | "uri-reference") => "https://example.com/text",
            Some("hostname") => "example.com",
            Some("ipv4") => "192.0.2.1",
            Some("ipv6") => "2001:db8::1",
            Some("byte") => "dGV4dA==",
            Some("int64" | "uint64" | "int32") => "1",
            _ => "text",
        };
        if let Some(pattern) = text("pattern")
            && let Some(compiled) = compiled(pattern)
            && !compiled.is_match(by_format)
            && let Some(made) = text_matching(pattern)
        {
            return made;
        }
        let length = |key| {
            find(self.document, schema, key).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok())
        };
        let (least, most) = (length("minLength").unwrap_or(0).min(1_000), length("maxLength").unwrap_or(usize::MAX));
        let mut made = by_format.to_owned();
        while made.len() < least {
            made.push('x');
        }
        if made.len() > most {
            made.truncate(most);
        }
        made
    }
}

//! Compares a value with a schema.
//!
//! In a query or a form every value is text, so that `1` can be a number. Members that no part of a schema names are
//! findings unless the schema permits further ones in so many words. An answer is less strict than a request: recorded
//! answers are extracts, and descriptions often omit null.

use serde_json::Value;

use super::{
    Finding, FindingKind,
    pattern::compiled,
    sample::{Direction, sample},
    schema::{self, find, is_nullable},
};
use crate::{import::refs::ApiDocument, json_number, nearest};

/// The maximum nesting depth.
const MAX_DEPTH: usize = 48;
/// The maximum number of comparisons for a value.
const MAX_STEPS: usize = 200_000;
/// The maximum number of findings for a value.
const MAX_FINDINGS: usize = 50;
/// The maximum number of listed names in a message.
const MAX_LISTED: usize = 12;

/// What a finding has found where members of an empty object are missing.
pub const EMPTY_OBJECT: &str = "{}";

/// Compares values with schemas.
pub(super) struct Checker<'d> {
    document: ApiDocument<'d>,
    direction: Direction,
    is_text: bool,
    findings: Vec<Finding>,
    left: usize,
}

impl<'d> Checker<'d> {
    /// Creates a checker of JSON values.
    pub(super) fn new(document: ApiDocument<'d>, direction: Direction) -> Self {
        Self { document, direction, is_text: false, findings: Vec::new(), left: MAX_STEPS }
    }

    /// Creates a checker of values that are sent as text.
    pub(super) fn of_text(document: ApiDocument<'d>) -> Self {
        Self { is_text: true, ..Self::new(document, Direction::Request) }
    }

    /// Compares a value and returns the findings.
    pub(super) fn check(mut self, schema: &'d Value, value: &Value, place: &str) -> Vec<Finding> {
        self.one(schema, value, place, true, 0);
        self.findings.truncate(MAX_FINDINGS);
        self.findings
    }

    fn add(&mut self, kind: FindingKind, place: &str, message: String, value: &Value, schema: &'d Value) {
        if self.findings.len() >= MAX_FINDINGS {
            return;
        }
        let found = match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => None,
        };
        let fitting = found.as_ref().and_then(|_| sample(self.document, schema, Direction::Request));
        self.findings.push(Finding { found, fitting, ..Finding::new(kind, place, message) });
    }

    /// Compares one value. `is_whole` is false for a part of a composition, whose members are known to the whole.
    fn one(&mut self, schema: &'d Value, value: &Value, place: &str, is_whole: bool, depth: usize) {
        let Some(keys) = schema.as_object() else { return };
        if depth > MAX_DEPTH || self.left == 0 {
            return;
        }
        self.left -= 1;
        if value.is_null() {
            if is_whole && self.direction == Direction::Request && !is_nullable(self.document, schema) {
                let message = format!("null is sent; the description has {}", self.expected(schema));
                self.add(FindingKind::Type, place, message, value, schema);
            }
            return;
        }
        if is_whole && keys.get("repeated").and_then(Value::as_bool) == Some(true) {
            match value {
                Value::Array(items) => {
                    for (index, item) in items.iter().enumerate() {
                        self.single(schema, item, &format!("{place}[{index}]"), is_whole, depth + 1);
                    }
                }
                _ if self.is_text => self.single(schema, value, place, is_whole, depth + 1),
                _ => {
                    let message = format!("{} is sent; the description has a list", noun(value));
                    self.add(FindingKind::Type, place, message, value, schema);
                }
            }
            return;
        }
        self.single(schema, value, place, is_whole, depth);
    }

    fn single(&mut self, schema: &'d Value, value: &Value, place: &str, is_whole: bool, depth: usize) {
        let Some(keys) = schema.as_object() else { return };
        if !self.has_type(schema, value, place) || !self.is_listed(schema, value, place) {
            return;
        }
        if self.direction == Direction::Request {
            match value {
                Value::String(text) if self.is_text && is_numeric(schema) => {
                    if let Ok(number) = text.parse() {
                        self.number(schema, number, value, place);
                    }
                }
                Value::String(text) => self.text(schema, text, value, place),
                Value::Number(number) => {
                    if let Some(number) = number.as_f64() {
                        self.number(schema, number, value, place);
                    }
                }
                _ => {}
            }
        }
        if is_whole && let Value::Object(members) = value {
            self.unknown_members(schema, members.keys().map(String::as_str), place);
        }
        if let Some(target) = keys.get("$ref").and_then(Value::as_str).and_then(|name| self.document.target(name)) {
            self.one(target, value, place, false, depth + 1);
        }
        match value {
            Value::Object(members) => self.object(schema, members, place, depth),
            Value::Array(items) => {
                if let Some(of) = keys.get("items") {
                    for (index, item) in items.iter().enumerate() {
                        self.one(of, item, &format!("{place}[{index}]"), true, depth + 1);
                    }
                }
            }
            _ => {}
        }
        for part in keys.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.one(part, value, place, false, depth + 1);
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(choices) = keys.get(key).and_then(Value::as_array).filter(|choices| !choices.is_empty()) {
                self.choice(choices, value, place, depth);
            }
        }
    }

    /// Compares a value with alternatives. If none fits, the findings of the one that fits best are those.
    fn choice(&mut self, choices: &'d [Value], value: &Value, place: &str, depth: usize) {
        let mut best: Option<Vec<Finding>> = None;
        for choice in choices {
            let mut one = Self {
                document: self.document,
                direction: self.direction,
                is_text: self.is_text,
                findings: Vec::new(),
                left: self.left,
            };
            one.one(choice, value, place, false, depth + 1);
            self.left = one.left;
            if one.findings.is_empty() {
                return;
            }
            let weight =
                |findings: &[Finding]| (findings.iter().filter(|one| one.place == place).count(), findings.len());
            if best.as_ref().is_none_or(|best| weight(&one.findings) < weight(best)) {
                best = Some(one.findings);
            }
        }
        self.findings.extend(best.unwrap_or_default());
    }

    fn object(&mut self, schema: &'d Value, members: &serde_json::Map<String, Value>, place: &str, depth: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if let Some(value) = members.get(name) {
                self.one(property, value, &format!("{place}.{name}"), true, depth + 1);
            }
        }
        if self.direction == Direction::Request {
            for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
            {
                let property = properties.and_then(|properties| properties.get(name));
                let is_read_only =
                    property.and_then(|property| find(self.document, property, "readOnly")).and_then(Value::as_bool)
                        == Some(true);
                if !members.contains_key(name) && !is_read_only && self.findings.len() < MAX_FINDINGS {
                    let found = members.is_empty().then(|| EMPTY_OBJECT.to_owned());
                    self.findings.push(Finding { found, ..Finding::missing(format!("{place}.{name}")) });
                }
            }
        }
        if let Some(further) = schema.get("additionalProperties").filter(|further| further.is_object()) {
            for (name, value) in members {
                if properties.is_none_or(|properties| !properties.contains_key(name)) {
                    self.one(further, value, &format!("{place}.{name}"), true, depth + 1);
                }
            }
        }
    }

    fn unknown_members<'v>(&mut self, schema: &'d Value, names: impl Iterator<Item = &'v str>, place: &str) {
        let known = schema::members(self.document, schema);
        if known.is_open {
            return;
        }
        for name in names.filter(|name| !known.names.contains(name)) {
            let mut all = known.names.iter().copied().collect::<Vec<_>>();
            all.sort_unstable();
            let hint = nearest(name, all.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            let hint = hint
                .unwrap_or_else(|| if all.is_empty() { String::new() } else { format!("; it has {}", listed(&all)) });
            let message = format!("the description has no member `{name}`{hint}");
            if self.findings.len() < MAX_FINDINGS {
                self.findings.push(Finding::new(FindingKind::Member, format!("{place}.{name}"), message));
            }
        }
    }

    fn has_type(&mut self, schema: &'d Value, value: &Value, place: &str) -> bool {
        let types = match schema.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        if types.iter().any(|name| self.is_a(name, value)) {
            return true;
        }
        let verb = if self.direction == Direction::Answer { "recorded" } else { "sent" };
        let message = format!("{} is {verb}; the description has {}", noun(value), self.expected(schema));
        self.add(FindingKind::Type, place, message, value, schema);
        false
    }

    fn is_a(&self, name: &str, value: &Value) -> bool {
        let text = value.as_str().filter(|_| self.is_text);
        match name {
            "string" => value.is_string(),
            "integer" => is_whole_number(value) || text.is_some_and(|text| text.parse::<i128>().is_ok()),
            "number" => value.is_number() || text.is_some_and(|text| text.parse::<f64>().is_ok()),
            "boolean" => value.is_boolean() || text.is_some_and(|text| matches!(text, "true" | "false")),
            "array" => value.is_array() || text.is_some(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            // `file`, `any` and what is not a type.
            _ => true,
        }
    }

    fn is_listed(&mut self, schema: &'d Value, value: &Value, place: &str) -> bool {
        let listed_values = match (schema.get("enum").and_then(Value::as_array), schema.get("const")) {
            (Some(values), _) => values.iter().collect::<Vec<_>>(),
            (None, Some(constant)) => vec![constant],
            (None, None) => return true,
        };
        // Some descriptions list the values of the items beside the type of the list.
        if value.is_array() {
            return true;
        }
        let spelled = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let is_same =
            |known: &&Value| json_number::equal(known, value) || (self.is_text && spelled(known) == spelled(value));
        if listed_values.iter().any(is_same) {
            return true;
        }
        let names = listed_values.iter().map(|value| spelled(value)).collect::<Vec<_>>();
        let names = names.iter().map(String::as_str).collect::<Vec<_>>();
        let message = format!("`{}` is not one of {}", spelled(value), listed(&names));
        self.add(FindingKind::Value, place, message, value, schema);
        false
    }

    fn text(&mut self, schema: &'d Value, text: &str, value: &Value, place: &str) {
        let is_string = schema.get("type").is_none_or(|name| name.as_str() == Some("string"));
        if !is_string {
            return;
        }
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        let expected = match format {
            "date" => (!is_date(text)).then_some("a date"),
            "date-time" => (text.len() < 10 || !text.get(..10).is_some_and(is_date)).then_some("a date and time"),
            "uuid" => (text.len() != 36 || text.bytes().any(|byte| byte != b'-' && !byte.is_ascii_hexdigit()))
                .then_some("a UUID"),
            _ => None,
        };
        if let Some(expected) = expected {
            self.add(FindingKind::Value, place, format!("`{text}` is not {expected}"), value, schema);
            return;
        }
        let pattern = schema.get("pattern").and_then(Value::as_str);
        if let Some(pattern) = pattern
            && compiled(pattern).is_some_and(|compiled| !compiled.is_match(text))
        {
            self.add(FindingKind::Value, place, format!("`{text}` does not match `{pattern}`"), value, schema);
            return;
        }
        let length = text.chars().count() as u64;
        let bound = |key| schema.get(key).and_then(Value::as_u64);
        if bound("minLength").is_some_and(|least| length < least)
            || bound("maxLength").is_some_and(|most| length > most)
        {
            let message = format!("`{text}` has {length} characters, which the description does not permit");
            self.add(FindingKind::Value, place, message, value, schema);
        }
    }

    fn number(&mut self, schema: &'d Value, number: f64, value: &Value, place: &str) {
        let bound = |key| schema.get(key).and_then(Value::as_f64);
        if bound("minimum").is_some_and(|least| number < least) || bound("maximum").is_some_and(|most| number > most) {
            let message = format!("{number} is out of the range that the description permits");
            self.add(FindingKind::Value, place, message, value, schema);
        }
    }

    /// Returns the types that the description has, as a noun phrase.
    fn expected(&self, schema: &'d Value) -> String {
        let types = schema::types(self.document, schema);
        if types.is_empty() { "another type".to_owned() } else { types.join(" or ") }
    }
}

fn is_numeric(schema: &Value) -> bool {
    matches!(schema.get("type").and_then(Value::as_str), Some("integer" | "number"))
}

fn is_whole_number(value: &Value) -> bool {
    let Value::Number(number) = value else { return false };
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(place, byte)| if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
}

/// Returns the first names, and how many more there are.
pub(super) fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(MAX_LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

//! Schemas that every host accepts, made from those of connectors.
//!
//! - No references, and combinations of schemas only below the root.
//! - Each schema has one type; an enumeration has the type of its values and no null.
//! - The names of properties are portable. [`Names`] turns the arguments of a call back.
//! - Nothing is deeper than [`MAX_DEPTH`], and no description is longer than [`MAX_DESCRIPTION_CHARS`].
//! - Patterns that only some dialects of regular expressions read are left out. The server checks each input anyway.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

/// The most schemas within each other, with the root.
pub(super) const MAX_DEPTH: usize = 8;
/// The most characters of a description.
pub(super) const MAX_DESCRIPTION_CHARS: usize = 1024;
/// The most characters of the name of a property.
const MAX_PROPERTY_CHARS: usize = 64;
/// The formats that hosts know.
const FORMATS: [&str; 8] = ["date-time", "date", "time", "email", "uri", "uuid", "ipv4", "ipv6"];
/// The keywords that stay as they are.
const BOUNDS: [&str; 6] = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"];

/// Returns true for a property name that every host accepts: `^[a-zA-Z0-9_.-]{1,64}$`.
pub(super) fn is_property_name(name: &str) -> bool {
    (1..=MAX_PROPERTY_CHARS).contains(&name.len()) && name.chars().all(is_property_char)
}

const fn is_property_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// The names of properties that differ from the connector's, in a value and in what it contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// The connector's name by the portable one.
    renamed: HashMap<String, String>,
    /// The names within a property, by its portable name.
    within: HashMap<String, Names>,
    /// The names within the items of a list.
    items: Option<Box<Names>>,
}

impl Names {
    fn is_empty(&self) -> bool {
        self.renamed.is_empty() && self.within.is_empty() && self.items.is_none()
    }

    fn add(&mut self, original: &str, name: &str, within: Self) {
        if original != name {
            self.renamed.insert(name.to_owned(), original.to_owned());
        }
        if !within.is_empty() {
            self.within.entry(name.to_owned()).or_default().merge(within);
        }
    }

    fn merge(&mut self, other: Self) {
        self.renamed.extend(other.renamed);
        for (name, within) in other.within {
            self.within.entry(name).or_default().merge(within);
        }
        if let Some(items) = other.items {
            self.items.get_or_insert_default().merge(*items);
        }
    }

    /// Returns the names within a property.
    pub(super) fn within(&self, name: &str) -> Option<&Self> {
        self.within.get(name)
    }

    /// Gives a value the connector's names.
    pub(super) fn restore(&self, value: Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.restore_members(members)),
            Value::Array(items) => match &self.items {
                Some(names) => items.into_iter().map(|item| names.restore(item)).collect(),
                None => Value::Array(items),
            },
            other => other,
        }
    }

    /// Gives the members of an object the connector's names.
    pub(super) fn restore_members(&self, members: Map<String, Value>) -> Map<String, Value> {
        if self.is_empty() {
            return members;
        }
        let restored = members.into_iter().map(|(name, value)| {
            let value = match self.within.get(&name) {
                Some(names) => names.restore(value),
                None => value,
            };
            (self.renamed.get(&name).cloned().unwrap_or(name), value)
        });
        restored.collect()
    }
}

/// Returns a text of at most [`MAX_DESCRIPTION_CHARS`] characters.
pub(super) fn described(text: &str) -> String {
    shortened(text, MAX_DESCRIPTION_CHARS)
}

/// Returns a text of at most `max` characters, with an ellipsis if it was cut.
pub(super) fn shortened(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut cut = text.chars().take(max.saturating_sub(1)).collect::<String>();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// Returns portable names for the properties of an object, in their order. A name that is portable stays as it is.
pub(super) fn property_names<'a>(originals: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let mut taken = originals.clone().filter(|name| is_property_name(name)).map(str::to_owned).collect::<HashSet<_>>();
    let mut names = Vec::new();
    for original in originals {
        if is_property_name(original) {
            names.push(original.to_owned());
            continue;
        }
        let plain = original.chars().map(|c| if is_property_char(c) { c } else { '_' });
        let plain = plain.take(MAX_PROPERTY_CHARS).collect::<String>();
        let plain = if plain.is_empty() { "_".to_owned() } else { plain };
        let mut name = plain.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            let end = format!("_{number}");
            name = format!("{}{end}", &plain[..plain.len().min(MAX_PROPERTY_CHARS - end.len())]);
            number += 1;
        }
        names.push(name);
    }
    names
}

/// Returns the portable form of a schema at a depth, and the names that it changes. The root has the depth 1.
pub(super) fn portable(schema: &Value, depth: usize) -> (Value, Names) {
    let Some(given) = schema.as_object() else { return (json!({}), Names::default()) };
    let mut names = Names::default();
    let mut made = if given.contains_key("properties") {
        object(given, depth, &mut names)
    } else if let Some(branches) = given.get("anyOf").or_else(|| given.get("oneOf")).and_then(Value::as_array) {
        any_of(branches, depth, &mut names)
    } else if let Some(values) = given.get("enum").and_then(Value::as_array) {
        enumeration(values, depth)
    } else {
        typed(given, depth, &mut names)
    };
    if let Some(text) = description(given, depth) {
        made.insert("description".to_owned(), text.into());
    }
    (Value::Object(made), names)
}

/// Returns the description of a schema. That of a filter ends with the operators of each field, because the alternatives
/// that say it in the connector's schema are not portable.
fn description(given: &Map<String, Value>, depth: usize) -> Option<String> {
    let own = given.get("description").and_then(Value::as_str).unwrap_or_default();
    let mut text = own.to_owned();
    if given.contains_key("properties") && depth > 1 {
        let pairs = given.get("anyOf").and_then(Value::as_array).into_iter().flatten().filter_map(|branch| {
            let values = |name: &str| {
                let values = branch["properties"][name]["enum"].as_array()?;
                Some(values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
            };
            Some(format!("{}: {}", values("field")?, values("operator")?))
        });
        let pairs = pairs.collect::<Vec<_>>().join("; ");
        if !pairs.is_empty() {
            format!("{text} Operators by field: {pairs}.").trim().clone_into(&mut text);
        }
    }
    (!text.is_empty()).then(|| described(&text))
}

fn object(given: &Map<String, Value>, depth: usize, names: &mut Names) -> Map<String, Value> {
    let mut made = Map::from_iter([("type".to_owned(), json!("object"))]);
    let Some(properties) = given.get("properties").and_then(Value::as_object).filter(|_| depth < MAX_DEPTH) else {
        return made;
    };
    let portable_names = property_names(properties.keys().map(String::as_str));
    let mut of_original = HashMap::new();
    let mut made_properties = Map::new();
    for ((original, property), name) in properties.iter().zip(portable_names) {
        let (property, within) = portable(property, depth + 1);
        names.add(original, &name, within);
        made_properties.insert(name.clone(), property);
        of_original.insert(original.as_str(), name);
    }
    let required = given.get("required").and_then(Value::as_array).into_iter().flatten();
    let required =
        required.filter_map(|name| of_original.get(name.as_str()?).map(|name| json!(name))).collect::<Vec<_>>();
    if !made_properties.is_empty() {
        made.insert("properties".to_owned(), made_properties.into());
    }
    if !required.is_empty() {
        made.insert("required".to_owned(), required.into());
    }
    if given.get("additionalProperties") == Some(&json!(false)) {
        made.insert("additionalProperties".to_owned(), json!(false));
    }
    made
}

fn any_of(branches: &[Value], depth: usize, names: &mut Names) -> Map<String, Value> {
    let mut made = Vec::new();
    // At the root and at the end of the depth, everything is accepted: the server checks the value.
    if depth > 1 && depth < MAX_DEPTH {
        for branch in branches {
            let (branch, within) = portable(branch, depth + 1);
            names.merge(within);
            if !made.contains(&branch) {
                made.push(branch);
            }
        }
    }
    match <[Value; 1]>::try_from(made) {
        Ok([Value::Object(only)]) => only,
        Ok(_) => Map::new(),
        Err(several) if several.is_empty() => Map::new(),
        Err(several) => Map::from_iter([("anyOf".to_owned(), several.into())]),
    }
}

fn enumeration(values: &[Value], depth: usize) -> Map<String, Value> {
    let mut by_type: Vec<(&str, Vec<Value>)> = Vec::new();
    for value in values {
        let kind = match value {
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) => "boolean",
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        match by_type.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, values)) => values.push(value.clone()),
            None => by_type.push((kind, vec![value.clone()])),
        }
    }
    let of_type = |(kind, values): (&str, Vec<Value>)| json!({ "type": kind, "enum": values });
    let mut made = by_type.into_iter().map(of_type).collect::<Vec<_>>();
    match made.pop() {
        Some(Value::Object(only)) if made.is_empty() => only,
        Some(last) if depth < MAX_DEPTH => {
            made.push(last);
            Map::from_iter([("anyOf".to_owned(), made.into())])
        }
        _ => Map::new(),
    }
}

fn typed(given: &Map<String, Value>, depth: usize, names: &mut Names) -> Map<String, Value> {
    let mut made = Map::new();
    match given.get("type") {
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().filter(|kind| **kind != "null");
            let branches = kinds.map(|kind| json!({ "type": kind })).collect::<Vec<_>>();
            return any_of(&branches, depth, names);
        }
        Some(Value::String(kind)) if kind == "array" => {
            // A list needs the schema of its items, which would be too deep.
            if depth == MAX_DEPTH {
                return made;
            }
            let (items, within) = match given.get("items") {
                Some(items) => portable(items, depth + 1),
                None => (json!({}), Names::default()),
            };
            if !within.is_empty() {
                names.items = Some(Box::new(within));
            }
            made.insert("type".to_owned(), json!("array"));
            made.insert("items".to_owned(), items);
        }
        Some(Value::String(kind)) => {
            made.insert("type".to_owned(), json!(kind));
        }
        _ => {}
    }
    let format = given.get("format").and_then(Value::as_str).map(|format| if format == "url" { "uri" } else { format });
    if let Some(format) = format.filter(|format| FORMATS.contains(format)) {
        made.insert("format".to_owned(), json!(format));
    }
    if let Some(pattern) = given.get("pattern").and_then(Value::as_str).filter(|pattern| is_portable(pattern)) {
        made.insert("pattern".to_owned(), json!(pattern));
    }
    for keyword in BOUNDS {
        if let Some(bound) = given.get(keyword) {
            made.insert(keyword.to_owned(), bound.clone());
        }
    }
    made
}

/// Returns true for a pattern that means the same in every dialect of regular expressions, also in ECMAScript with the
/// flag `u`, where an unknown escape is an error.
fn is_portable(pattern: &str) -> bool {
    let mut characters = pattern.chars().peekable();
    let (mut in_class, mut previous) = (false, None);
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                let Some(escaped) = characters.next() else { return false };
                let is_known = matches!(
                    escaped,
                    'd' | 'D'
                        | 's'
                        | 'S'
                        | 'w'
                        | 'W'
                        | 'n'
                        | 'r'
                        | 't'
                        | '.'
                        | '*'
                        | '+'
                        | '?'
                        | '^'
                        | '$'
                        | '('
                        | ')'
                        | '['
                        | ']'
                        | '{'
                        | '}'
                        | '|'
                        | '/'
                        | '\\'
                ) || (escaped == '-' && in_class)
                    || (escaped == 'b' && !in_class);
                if !is_known {
                    return false;
                }
            }
            '[' if in_class => return false,
            '[' => {
                in_class = true;
                if characters.peek() == Some(&'^') {
                    characters.next();
                }
                // A bracket at the beginning of a class is a character in some dialects, and its end in others.
                if characters.peek() == Some(&']') {
                    return false;
                }
            }
            ']' if in_class => in_class = false,
            ']' => return false,
            '&' | '~' | '-' if in_class && previous == Some(c) => return false,
            '{' if !in_class => {
                // Only a repetition.
                let mut inner = String::new();
                loop {
                    match characters.next() {
                        Some('}') => break,
                        Some(c) if c.is_ascii_digit() || c == ',' => inner.push(c),
                        _ => return false,
                    }
                }
                if !inner.starts_with(|c: char| c.is_ascii_digit()) {
                    return false;
                }
            }
            '}' if !in_class => return false,
            '(' if !in_class && characters.peek() == Some(&'?') => {
                characters.next();
                if characters.next() != Some(':') {
                    return false;
                }
            }
            _ => {}
        }
        previous = Some(c);
    }
    !in_class
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::agents::portable_problems;

    fn problems(schema: &Value) -> Vec<String> {
        portable_problems(&json!({ "name": "a", "inputSchema": schema }))
    }

    #[test]
    fn names_are_mapped_and_restored_at_any_depth() {
        let schema = json!({
            "type": "object",
            "properties": {
                "@_id": { "type": "string" },
                "__id": { "type": "string" },
                "list": { "type": "array", "items": { "type": "object", "properties": { "a b": { "type": "string" } } } },
                "any": { "anyOf": [{ "type": "string" }, { "type": "object", "properties": { "$x": { "type": "number" } } }] },
            },
            "required": ["@_id"],
        });
        let (made, names) = portable(&schema, 1);
        assert_eq!(problems(&made), [""; 0]);
        assert_eq!(made["required"], json!(["__id_2"]));
        let given = json!({ "__id_2": "1", "__id": "2", "list": [{ "a_b": "x" }, "y"], "any": { "_x": 1 }, "more": 0 });
        let restored =
            json!({ "@_id": "1", "__id": "2", "list": [{ "a b": "x" }, "y"], "any": { "$x": 1 }, "more": 0 });
        assert_eq!(names.restore(given), restored);
    }

    #[test]
    fn keywords_become_portable() {
        for (given, expected) in [
            (json!({ "enum": ["a", null] }), json!({ "type": "string", "enum": ["a"] })),
            (
                json!({ "enum": ["a", 1] }),
                json!({ "anyOf": [{ "type": "string", "enum": ["a"] }, { "type": "number", "enum": [1] }] }),
            ),
            (json!({ "enum": [null] }), json!({})),
            (json!({ "type": ["string", "null"] }), json!({ "type": "string" })),
            (json!({ "type": "array" }), json!({ "type": "array", "items": {} })),
            (json!({ "type": "string", "format": "url" }), json!({ "type": "string", "format": "uri" })),
            (json!({ "type": "string", "format": "color" }), json!({ "type": "string" })),
            (json!({ "type": "string", "pattern": "^(?i)a$" }), json!({ "type": "string" })),
            (json!({ "type": "string", "pattern": "^a{2,}$" }), json!({ "type": "string", "pattern": "^a{2,}$" })),
            (json!({ "anyOf": [{ "type": "string" }, { "type": "string" }] }), json!({ "type": "string" })),
            (json!({ "type": "object", "properties": {}, "required": [] }), json!({ "type": "object" })),
        ] {
            assert_eq!(portable(&given, 2).0, expected, "{given}");
        }
    }

    #[test]
    fn patterns_that_dialects_read_differently_are_left_out() {
        for good in ["^[a-z0-9_-]+$", "^\\d{4}-\\d{2}$", "a|b", "(?:a)+", "[^@]+@[^@]+", "\\.", "^$", "[\\w.-]+"] {
            assert!(is_portable(good), "{good}");
        }
        for bad in
            ["(?i)a", "(?P<x>a)", "\\pL", "\\A", "\\_", "a\\-b", "[[:alpha:]]", "[a&&b]", "a{", "}", "]", "[]a]", "["]
        {
            assert!(!is_portable(bad), "{bad}");
        }
    }

    fn any_schema() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!({ "type": "string" })),
            Just(json!({ "type": "array" })),
            Just(json!({ "enum": ["a", null, 1, true] })),
            Just(json!({ "type": ["string", "number", "array", "null"] })),
            Just(json!({ "$ref": "#/$defs/x", "description": "y".repeat(3000) })),
            Just(json!(true)),
        ];
        leaf.prop_recursive(12, 60, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|items| json!({ "type": "array", "items": items })),
                proptest::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({ "anyOf": all })),
                proptest::collection::vec(("\\PC{0,80}", inner), 0..4).prop_map(|all| {
                    let required = all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
                    json!({ "properties": all.into_iter().collect::<Map<_, _>>(), "required": required })
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_schema_becomes_portable(inner in any_schema()) {
            let root = json!({ "type": "object", "properties": { "a": inner } });
            let found = problems(&portable(&root, 1).0);
            prop_assert!(found.is_empty(), "{:?}", found);
        }
    }
}

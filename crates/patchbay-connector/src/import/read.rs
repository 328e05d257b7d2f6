//! Parses an API description into a tree, within limits. Its first character distinguishes JSON from YAML.
//!
//! Unlike the files of a connector, API descriptions may contain anchors and aliases; the values of an alias count each
//! time. The values take at most 8 times the text plus 64 MiB, see [`json_tree`]: they are counted before they are added.

use std::{borrow::Cow, collections::HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use serde_json::{Map, Value};

use super::{
    ImportError,
    repeated_keys::{MAX_NAMED, repeated_keys},
    yaml_repair::{self, MAX_REPAIRS, Stop},
};
use crate::{
    json_tree::{self, LargeTree, VALUE_BYTES, next_item_bytes, next_member_bytes, uncapped_max_bytes, value_bytes},
    syntax,
};

/// The maximum size of a description, in bytes.
const MAX_TEXT_BYTES: usize = 48 * 1024 * 1024;
/// The maximum nesting depth.
const MAX_DEPTH: usize = 96;

pub(super) fn read(text: &str) -> Result<Value, ImportError> {
    read_with_repeated(text, &mut Vec::new())
}

/// Parses a description; adds the keys that a mapping has twice, of which the last value counts.
pub(super) fn read_with_repeated(text: &str, repeated: &mut Vec<String>) -> Result<Value, ImportError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(ImportError::TooLarge(format!("it has more than {} MiB", MAX_TEXT_BYTES / 1024 / 1024)));
    }
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with(['{', '[']) {
        json(text)
            .inspect(|_| repeated.extend(repeated_keys(text)))
            .or_else(|error| yaml(text, repeated).map_err(|_| error))
    } else {
        yaml(text, repeated)
    }
}

fn too_large(large: LargeTree) -> ImportError {
    ImportError::TooLarge(large.to_string())
}

/// `serde_json` limits the depth.
fn json(text: &str) -> Result<Value, ImportError> {
    json_tree::measure_within(text.as_bytes(), uncapped_max_bytes(text.len())).map_err(too_large)?;
    serde_json::from_str(text).map_err(|error| ImportError::Syntax(error.to_string()))
}

/// Parses YAML as libyaml does, which is more tolerant than the parser.
fn yaml(text: &str, repeated: &mut Vec<String>) -> Result<Value, ImportError> {
    let first = match parse_yaml(text, repeated) {
        Err(YamlError::Scan(error)) => error,
        Err(YamlError::Import(error)) => return Err(error),
        Ok(value) => return Ok(value),
    };
    let (mut text, mut latest) = (Cow::Borrowed(text), None);
    for count in 0..MAX_REPAIRS {
        let error: &ScanError = latest.as_ref().unwrap_or(&first);
        let marker = error.marker();
        let stop = Stop { line: marker.line(), column: marker.col(), reason: error.info() };
        let Some(indented) = yaml_repair::indented(&text, &stop, count == 0) else { break };
        text = Cow::Owned(indented);
        repeated.clear();
        match parse_yaml(&text, repeated) {
            Err(YamlError::Scan(next)) => latest = Some(next),
            Err(YamlError::Import(error)) => return Err(error),
            Ok(value) => return Ok(value),
        }
    }
    let marker = first.marker();
    Err(ImportError::Syntax(format!("{}:{}: {}", marker.line(), marker.col() + 1, first.info())))
}

enum YamlError {
    Scan(ScanError),
    Import(ImportError),
}

impl From<ImportError> for YamlError {
    fn from(error: ImportError) -> Self {
        Self::Import(error)
    }
}

fn parse_yaml(text: &str, repeated: &mut Vec<String>) -> Result<Value, YamlError> {
    let mut builder = JsonBuilder { limit: uncapped_max_bytes(text.len()), ..JsonBuilder::default() };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(YamlError::Scan)?;
        let at =
            |message: &str| ImportError::Syntax(format!("{}:{}: {message}", span.start.line(), span.start.col() + 1));
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let value = if plain { syntax::plain_value(&text) } else { Value::String(text.into_owned()) };
                let bytes = value_bytes(&value);
                builder.spend(bytes)?;
                builder.add(value, bytes, anchor)?;
            }
            Event::SequenceStart(anchor, _) => {
                builder.open(OpenContainer { anchor, value: Container::List(Vec::new()), bytes: VALUE_BYTES })?;
            }
            Event::MappingStart(anchor, _) => {
                builder.open(OpenContainer { anchor, value: Container::Map(Map::new(), None), bytes: VALUE_BYTES })?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::Alias(anchor) => {
                let bytes = builder.anchors.get(&anchor).ok_or_else(|| at("the alias has no anchor"))?.1;
                builder.spend(bytes)?;
                if let Some((value, bytes)) = builder.anchors.get(&anchor).cloned() {
                    builder.add(value, bytes, 0)?;
                }
            }
            Event::DocumentStart(_) if builder.root.is_some() => return Err(at("there is a second document").into()),
            _ => {}
        }
    }
    repeated.append(&mut builder.repeated);
    builder.root.ok_or_else(|| ImportError::Syntax("it is empty".to_owned()).into())
}

enum Container {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

struct OpenContainer {
    anchor: usize,
    value: Container,
    /// The memory of the container with its values, in bytes.
    bytes: usize,
}

#[derive(Default)]
struct JsonBuilder {
    stack: Vec<OpenContainer>,
    root: Option<Value>,
    /// The memory of all values, with the copies for aliases, in bytes.
    bytes: usize,
    limit: usize,
    /// The values that aliases may repeat, and their memory.
    anchors: HashMap<usize, (Value, usize)>,
    /// The keys that a mapping has twice.
    repeated: Vec<String>,
}

impl JsonBuilder {
    /// Counts memory before it is used.
    fn spend(&mut self, bytes: usize) -> Result<(), ImportError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.limit { Err(too_large(LargeTree { limit: self.limit })) } else { Ok(()) }
    }

    fn open(&mut self, open: OpenContainer) -> Result<(), ImportError> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(ImportError::TooLarge(format!("it is nested deeper than {MAX_DEPTH} levels")));
        }
        self.stack.push(open);
        Ok(())
    }

    fn close(&mut self) -> Result<(), ImportError> {
        let Some(OpenContainer { anchor, value, bytes }) = self.stack.pop() else {
            return Err(ImportError::Syntax("its structure is not valid".to_owned()));
        };
        let value = match value {
            Container::List(items) => Value::Array(items),
            Container::Map(members, _) => Value::Object(merged(members)),
        };
        self.add(value, bytes, anchor)
    }

    /// Adds a value whose memory, `bytes`, has been counted.
    fn add(&mut self, value: Value, bytes: usize, anchor: usize) -> Result<(), ImportError> {
        if anchor != 0 {
            self.spend(bytes)?;
            self.anchors.insert(anchor, (value.clone(), bytes));
        }
        let growth = match self.stack.last() {
            None => 0,
            Some(OpenContainer { value: Container::List(items), .. }) => next_item_bytes(items.len()),
            // A key becomes a part of its member.
            Some(OpenContainer { value: Container::Map(_, None), .. }) => 0,
            Some(OpenContainer { value: Container::Map(members, Some(_)), .. }) => next_member_bytes(members.len()),
        };
        self.spend(growth)?;
        match self.stack.last_mut() {
            None => self.root = Some(value),
            Some(open) => {
                open.bytes += bytes + growth;
                match &mut open.value {
                    Container::List(items) => items.push(value),
                    Container::Map(members, key) => match key.take() {
                        Some(key) => {
                            if members.contains_key(&key) && self.repeated.len() < MAX_NAMED {
                                self.repeated.push(key.clone());
                            }
                            members.insert(key, value);
                        }
                        None => *key = Some(key_text(value)),
                    },
                }
            }
        }
        Ok(())
    }
}

fn key_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Returns the mapping with the members of its merge key (`<<`), over which its own members take precedence.
fn merged(mut members: Map<String, Value>) -> Map<String, Value> {
    let Some(base) = members.shift_remove("<<") else { return members };
    let bases = match base {
        Value::Object(base) => vec![base],
        Value::Array(bases) => bases
            .into_iter()
            .filter_map(|base| if let Value::Object(base) = base { Some(base) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    for (key, value) in bases.into_iter().flatten() {
        members.entry(key).or_insert(value);
    }
    members
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn json_and_yaml_with_anchors_are_equal() {
        let yaml = "base: &b {a: 1, \"200\": x}\ncopy: *b\nmore: {<<: *b, a: 2}\n404: [true, null, 'no']\n";
        let expected = json!({
            "base": {"a": 1, "200": "x"}, "copy": {"a": 1, "200": "x"},
            "more": {"a": 2, "200": "x"}, "404": [true, null, "no"],
        });
        assert_eq!(read(yaml).unwrap(), expected);
        assert_eq!(read(&format!("\u{feff} {expected}")).unwrap(), expected);
    }

    #[test]
    fn lines_within_brackets_and_quotes_may_begin_at_the_column_of_their_key() {
        for (text, expected) in [
            ("a:\n  b: [\n    x,\n  ]\n  c: 1\n", json!({ "a": { "b": ["x"], "c": 1 } })),
            ("a:\n  b: {\n    x: 1\n  }\n", json!({ "a": { "b": { "x": 1 } } })),
            (
                "a:\n  - b: [\n    x\n    ]\n    c: {y: [\n    1\n    ]}\n",
                json!({ "a": [{ "b": ["x"], "c": { "y": [1] } }] }),
            ),
            ("a:\n  b: \"one\n  two\"\n  c: 'it''s\n  so'\n", json!({ "a": { "b": "one two", "c": "it's so" } })),
            ("a:\n  b: [\n  x,\n  y\n  ]\n", json!({ "a": { "b": ["x", "y"] } })),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        assert!(matches!(read("a:\n    b: 1\n  c: 2\n"), Err(ImportError::Syntax(_))));
    }

    #[test]
    fn repeated_keys_are_found_in_both_notations() {
        for text in ["paths: {a: 1}\npaths: {b: {b: 2}}\n", r#"{"paths": {"a": 1}, "paths": {"b": {"b": 2}}}"#] {
            let mut repeated = Vec::new();
            assert_eq!(read_with_repeated(text, &mut repeated).unwrap(), json!({ "paths": { "b": { "b": 2 } } }));
            assert_eq!(repeated, ["paths"], "{text}");
        }
    }

    #[test]
    fn nested_aliases_and_deep_nesting_are_rejected() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            let _ = writeln!(bomb, "a{level}: &a{level} [{inner}]");
        }
        assert!(matches!(read(&bomb), Err(ImportError::TooLarge(_))));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 1_000].join(", "));
        assert!(matches!(read(&long), Err(ImportError::TooLarge(_))));
        let numbers = format!("[{}1]", "1,".repeat(6 * 1024 * 1024));
        let flow = format!("x: {numbers}");
        let entries = (0..1_500_000).map(|number| format!("a{number}:\n")).collect::<String>();
        let objects = format!("[{}{{}}]", "{},".repeat(4 * 1024 * 1024));
        for text in [&numbers, &flow, &entries, &objects] {
            assert!(matches!(read(text), Err(ImportError::TooLarge(_))), "{}", &text[..20]);
        }
        let deep = format!("x: {}{}", "[".repeat(2000), "]".repeat(2000));
        assert!(read(&deep).is_err());
        assert!(read(&deep[3..]).is_err());
        for broken in ["", "{", "a: [", "- *nothing", "\0"] {
            assert!(read(broken).is_err(), "{broken:?}");
        }
    }
}

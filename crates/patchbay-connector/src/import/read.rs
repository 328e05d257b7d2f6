//! Parses an API description into a tree, within limits. Its first character distinguishes JSON from YAML.
//!
//! Unlike the files of a connector, API descriptions may contain anchors and aliases; the values of an alias count each
//! time.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::ImportError;
use crate::syntax;

/// The maximum size of a description, in bytes.
const MAX_TEXT_BYTES: usize = 48 * 1024 * 1024;
/// The maximum number of values.
const MAX_NODES: usize = 3_000_000;
/// The maximum number of values in YAML, in which a few bytes of aliases become many values.
const MAX_YAML_NODES: usize = 1_000_000;
/// The number of bytes of a YAML string that count as one value, because an alias copies the string.
const TEXT_BYTES_PER_NODE: usize = 256;
/// The maximum nesting depth.
const MAX_DEPTH: usize = 96;

pub(super) fn read(text: &str) -> Result<Value, ImportError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(ImportError::TooLarge(format!("it has more than {} MiB", MAX_TEXT_BYTES / 1024 / 1024)));
    }
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with(['{', '[']) {
        json(text).or_else(|error| yaml(text).map_err(|_| error))
    } else {
        yaml(text)
    }
}

fn too_many(most: usize) -> ImportError {
    ImportError::TooLarge(format!("it has more than {most} values"))
}

/// `serde_json` limits the depth. The values are counted before: each value except the first follows a comma or an
/// opening bracket.
fn json(text: &str) -> Result<Value, ImportError> {
    let (mut nodes, mut within, mut escaped) = (1_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b',' | b'[' | b'{' if !within => nodes += 1,
            _ => {}
        }
    }
    if nodes > MAX_NODES {
        return Err(too_many(MAX_NODES));
    }
    serde_json::from_str(text).map_err(|error| ImportError::Syntax(error.to_string()))
}

fn yaml(text: &str) -> Result<Value, ImportError> {
    let mut builder = JsonBuilder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            ImportError::Syntax(format!("{}:{}: {}", marker.line(), marker.col() + 1, error.info()))
        })?;
        let at =
            |message: &str| ImportError::Syntax(format!("{}:{}: {message}", span.start.line(), span.start.col() + 1));
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let weight = 1 + text.len() / TEXT_BYTES_PER_NODE;
                let plain = style == ScalarStyle::Plain;
                let value = if plain { syntax::plain_value(&text) } else { Value::String(text.into_owned()) };
                builder.add(value, weight, anchor)?;
            }
            Event::SequenceStart(anchor, _) => {
                builder.open(OpenContainer { anchor, value: Container::List(Vec::new()), nodes: 1 })?;
            }
            Event::MappingStart(anchor, _) => {
                builder.open(OpenContainer { anchor, value: Container::Map(Map::new(), None), nodes: 1 })?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::Alias(anchor) => {
                let (value, nodes) =
                    builder.anchors.get(&anchor).cloned().ok_or_else(|| at("the alias has no anchor"))?;
                builder.add(value, nodes, 0)?;
            }
            Event::DocumentStart(_) if builder.root.is_some() => return Err(at("there is a second document")),
            _ => {}
        }
    }
    builder.root.ok_or_else(|| ImportError::Syntax("it is empty".to_owned()))
}

enum Container {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

struct OpenContainer {
    anchor: usize,
    value: Container,
    nodes: usize,
}

#[derive(Default)]
struct JsonBuilder {
    stack: Vec<OpenContainer>,
    root: Option<Value>,
    nodes: usize,
    anchors: HashMap<usize, (Value, usize)>,
}

impl JsonBuilder {
    fn open(&mut self, open: OpenContainer) -> Result<(), ImportError> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(ImportError::TooLarge(format!("it is nested deeper than {MAX_DEPTH} levels")));
        }
        self.stack.push(open);
        Ok(())
    }

    fn close(&mut self) -> Result<(), ImportError> {
        let Some(OpenContainer { anchor, value, nodes }) = self.stack.pop() else {
            return Err(ImportError::Syntax("its structure is not valid".to_owned()));
        };
        // The values inside have been counted.
        self.nodes = self.nodes.saturating_sub(nodes - 1);
        let value = match value {
            Container::List(items) => Value::Array(items),
            Container::Map(members, _) => Value::Object(merged(members)),
        };
        self.add(value, nodes, anchor)
    }

    fn add(&mut self, value: Value, nodes: usize, anchor: usize) -> Result<(), ImportError> {
        self.nodes += nodes;
        if self.nodes > MAX_YAML_NODES {
            return Err(too_many(MAX_YAML_NODES));
        }
        if anchor != 0 {
            self.nodes += nodes;
            self.anchors.insert(anchor, (value.clone(), nodes));
        }
        match self.stack.last_mut() {
            None => self.root = Some(value),
            Some(open) => {
                open.nodes += nodes;
                match &mut open.value {
                    Container::List(items) => items.push(value),
                    Container::Map(members, key) => match key.take() {
                        Some(key) => _ = members.insert(key, value),
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
    fn nested_aliases_and_deep_nesting_are_rejected() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            let _ = writeln!(bomb, "a{level}: &a{level} [{inner}]");
        }
        assert!(matches!(read(&bomb), Err(ImportError::TooLarge(_))));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 1_000].join(", "));
        assert!(matches!(read(&long), Err(ImportError::TooLarge(_))));
        let deep = format!("x: {}{}", "[".repeat(2000), "]".repeat(2000));
        assert!(read(&deep).is_err());
        assert!(read(&deep[3..]).is_err());
        for broken in ["", "{", "a: [", "- *nothing", "\0"] {
            assert!(read(broken).is_err(), "{broken:?}");
        }
    }
}

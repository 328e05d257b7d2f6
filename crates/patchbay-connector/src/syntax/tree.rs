//! Builds the tree from parser events.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as RawSpan};
use serde_json::Number;

use super::{Position, Span, yaml_mistake};
use crate::{
    diagnostic::{Diagnostic, code},
    json_tree::text_bytes,
};

/// The maximum size of a file, in bytes.
const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// The maximum nesting depth.
const MAX_DEPTH: usize = 48;
/// The maximum number of nodes.
const MAX_NODES: usize = 200_000;
/// The most digits of a number that count as its memory: longer ones are texts.
const MAX_NUMBER_BYTES: usize = 24;
/// How many times its text the nodes of a file may take, beside [`EXTRA_BYTES`].
const FACTOR: usize = 8;
/// The memory that the nodes of any file, or of all files of a connector, may take in addition, in bytes.
const EXTRA_BYTES: usize = 16 * 1024 * 1024;

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: NodeValue,
    /// The position in the file.
    pub span: Span,
    /// The spelling of a number, if reading it as a number loses a part of it: `2.10`.
    pub spelling: Option<Box<str>>,
}

/// The value of a node.
#[derive(Clone, Debug)]
pub enum NodeValue {
    /// `null`, `~` or empty.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Any other scalar.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping.
    Map(Vec<MappingEntry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct MappingEntry {
    /// The key.
    pub key: String,
    /// The position of the key.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Returns true if the value is null or empty.
    pub const fn is_null(&self) -> bool {
        matches!(self.value, NodeValue::Null)
    }

    /// Returns a name of the node's type, for messages.
    pub const fn type_name(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "a boolean",
            NodeValue::Number(_) => "a number",
            NodeValue::Text(_) => "a string",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a mapping",
        }
    }

    /// Returns the node as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(truth) => Value::Bool(*truth),
            NodeValue::Number(number) => Value::Number(number.clone()),
            NodeValue::Text(text) => Value::String(text.clone()),
            NodeValue::List(items) => items.iter().map(Self::to_json).collect(),
            NodeValue::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect(),
        }
    }
}

/// The memory that the nodes of one or more files may still take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeMemory(usize);

impl NodeMemory {
    /// Creates the memory of files of `length` bytes in total: 8 times the text plus 16 MiB.
    pub(crate) const fn of_text(length: usize) -> Self {
        Self(length.saturating_mul(FACTOR).saturating_add(EXTRA_BYTES))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.0.checked_sub(bytes);
        self.0 = left.ok_or_else(|| "the file consists of too many small values for its length".to_owned())?;
        Ok(())
    }
}

/// Parses one document.
///
/// # Errors
/// A [`code::SYNTAX`] error if the text is not YAML, or exceeds a limit.
pub fn parse(file: &str, text: &str) -> Result<Node, Box<Diagnostic>> {
    parse_within(file, text, &mut NodeMemory::of_text(text.len()))
}

/// Parses one document within the memory of all files that are parsed together.
///
/// # Errors
/// A [`code::SYNTAX`] error if the text is not YAML, or exceeds a limit.
pub(crate) fn parse_within(file: &str, text: &str, memory: &mut NodeMemory) -> Result<Node, Box<Diagnostic>> {
    let fail = |message: String, span: Span| Box::new(Diagnostic::error(code::SYNTAX, message, file, span));
    if text.len() > MAX_FILE_BYTES {
        return Err(fail(format!("the file is larger than {} MiB", MAX_FILE_BYTES / 1024 / 1024), Span::default()));
    }
    let explained = |said: &str, at: Position| {
        let is_limit = ["deeper than", "values", "only one document"].iter().any(|words| said.contains(words));
        let mistake = yaml_mistake::explain(text, at, said).filter(|_| !is_limit || said.contains("mapping values"))?;
        Some(Box::new(Diagnostic::error(code::SYNTAX, mistake.message, file, mistake.span).with_hint(mistake.hint)))
    };
    let mut builder = TreeBuilder { stack: Vec::new(), root: None, nodes: 0, memory };
    for event in Parser::new_from_str(text) {
        let (event, raw) = event.map_err(|error| {
            let at = position(*error.marker());
            explained(error.info(), at).unwrap_or_else(|| fail(error.info().to_owned(), Span { start: at, end: at }))
        })?;
        builder
            .take(event, span(raw))
            .map_err(|message| explained(&message, span(raw).start).unwrap_or_else(|| fail(message, span(raw))))?;
    }
    Ok(builder.root.unwrap_or(Node { value: NodeValue::Null, span: Span::default(), spelling: None }))
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

fn span(raw: RawSpan) -> Span {
    Span { start: position(raw.start), end: position(raw.end) }
}

/// A list or mapping that has not ended yet.
enum OpenNode {
    List(Vec<Node>, Span),
    Map { entries: Vec<MappingEntry>, key: Option<(String, Span)>, span: Span },
}

struct TreeBuilder<'m> {
    stack: Vec<OpenNode>,
    root: Option<Node>,
    nodes: usize,
    memory: &'m mut NodeMemory,
}

impl TreeBuilder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                reject(anchor, tag.is_some())?;
                let plain = if style == ScalarStyle::Plain { plain(&text) } else { NodeValue::Text(String::new()) };
                let (value, spelling) = match plain {
                    NodeValue::Number(number) => {
                        let spelling = (number.to_string() != *text).then(|| text.into());
                        (NodeValue::Number(number), spelling)
                    }
                    NodeValue::Text(_) => (NodeValue::Text(text.into_owned()), None),
                    other => (other, None),
                };
                self.add(Node { value, span, spelling })
            }
            Event::SequenceStart(anchor, tag) => {
                reject(anchor, tag.is_some())?;
                self.open(OpenNode::List(Vec::new(), span))
            }
            Event::MappingStart(anchor, tag) => {
                reject(anchor, tag.is_some())?;
                self.open(OpenNode::Map { entries: Vec::new(), key: None, span })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (value, span) = match self.stack.pop() {
                    Some(OpenNode::List(items, span)) => (NodeValue::List(items), span),
                    Some(OpenNode::Map { entries, span, .. }) => (NodeValue::Map(entries), span),
                    None => return Err("the file's structure is not valid".to_owned()),
                };
                self.add(Node { value, span, spelling: None })
            }
            Event::Alias(_) => Err("aliases (`*name`) are not allowed in this file".to_owned()),
            Event::DocumentStart(_) if self.root.is_some() => Err("only one document is allowed in a file".to_owned()),
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: OpenNode) -> Result<(), String> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(format!("the file is nested deeper than {MAX_DEPTH} levels"));
        }
        self.stack.push(open);
        Ok(())
    }

    fn add(&mut self, node: Node) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!("the file has more than {MAX_NODES} values"));
        }
        let text = match &node.value {
            NodeValue::Text(text) => text.len(),
            NodeValue::Number(_) => MAX_NUMBER_BYTES,
            _ => 0,
        };
        let growth = match self.stack.last() {
            Some(OpenNode::List(items, _)) => growth(items.len(), size_of::<Node>()),
            Some(OpenNode::Map { entries, key: Some(_), .. }) => growth(entries.len(), size_of::<MappingEntry>()),
            _ => 0,
        };
        self.memory.spend(text_bytes(text) + growth)?;
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(OpenNode::List(items, _)) => items.push(node),
            Some(OpenNode::Map { entries, key, .. }) => match key.take() {
                Some((name, key_span)) => entries.push(MappingEntry { key: name, key_span, value: node }),
                None => *key = Some((key_text(&node)?, node.span)),
            },
        }
        Ok(())
    }
}

/// Returns the memory by which a list of `count` items of `item_bytes` each grows with the next one, in bytes: it doubles
/// when it is full.
fn growth(count: usize, item_bytes: usize) -> usize {
    let capacity = |count: usize| if count == 0 { 0 } else { count.max(4).next_power_of_two() * item_bytes };
    capacity(count + 1) - capacity(count)
}

fn key_text(node: &Node) -> Result<String, String> {
    match &node.value {
        NodeValue::Text(text) => Ok(text.clone()),
        NodeValue::Number(number) => Ok(node.spelling.as_deref().map_or_else(|| number.to_string(), str::to_owned)),
        NodeValue::Bool(truth) => Ok(truth.to_string()),
        _ => Err(format!("a key must be a string, not {}", node.type_name())),
    }
}

fn reject(anchor: usize, tagged: bool) -> Result<(), String> {
    if anchor != 0 {
        return Err("anchors (`&name`) are not allowed in this file".to_owned());
    }
    if tagged {
        return Err("tags (`!name`) are not allowed in this file".to_owned());
    }
    Ok(())
}

/// Returns the JSON value of a plain scalar.
pub(crate) fn plain_value(text: &str) -> serde_json::Value {
    Node { value: plain(text), span: Span::default(), spelling: None }.to_json()
}

/// Returns the value of a plain scalar of the core schema (YAML 1.2.2 section 10.3.2); only decimal numbers.
fn plain(text: &str) -> NodeValue {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return NodeValue::Null,
        "true" | "True" | "TRUE" => return NodeValue::Bool(true),
        "false" | "False" | "FALSE" => return NodeValue::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if digits.starts_with(|c: char| c.is_ascii_digit()) && !leading_zero {
        if let Ok(whole) = text.parse::<i64>() {
            return NodeValue::Number(whole.into());
        }
        if let Ok(whole) = text.parse::<u64>() {
            return NodeValue::Number(whole.into());
        }
        let is_float = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
        if let Some(number) = text.parse::<f64>().ok().filter(|_| is_float).and_then(Number::from_f64) {
            return NodeValue::Number(number);
        }
    }
    NodeValue::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_many_small_values_are_refused() {
        let entries = |count: usize| (0..count).map(|number| format!("a{number}:\n")).collect::<String>();
        let lists = format!("x: [{}[]]\n", "[],".repeat(132_000));
        let refused = parse("a.yaml", &lists).unwrap_err();
        assert!(refused.message.contains("too many small values"), "{}", refused.message);
        assert!(parse("a.yaml", &entries(180_000)).is_err());
        let steps = "- {stepId: step, description: A step with a text of the usual length, in: query}\n".repeat(20_000);
        assert!(parse("a.yaml", &steps).is_ok());
        // The files of a connector share their memory.
        let part = entries(60_000);
        let mut memory = NodeMemory::of_text(3 * part.len());
        let parsed = (0..5).filter(|_| parse_within("a.yaml", &part, &mut memory).is_ok()).count();
        assert!((1..5).contains(&parsed), "{parsed}");
    }
}

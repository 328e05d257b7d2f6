//! A value that is written as YAML.

use serde_json::{Number, Value};

/// A YAML value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Yaml {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    /// The lines of a block, unchanged.
    Lines(Vec<String>),
    List(Vec<Yaml>),
    Map(Map),
}

/// A mapping in its order.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Map {
    pub(super) entries: Vec<(String, Yaml)>,
    /// The comments, each with the index of the entry below it.
    pub(super) comments: Vec<(usize, String)>,
    /// Whether it is written on one line if it fits.
    pub(super) flow: bool,
}

impl Map {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Creates a mapping that is written on one line if it fits.
    pub(crate) fn flow() -> Self {
        Self { flow: true, ..Self::default() }
    }

    /// Returns the mapping with a further entry.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Yaml>) -> Self {
        self.set(key, value);
        self
    }

    /// Returns the mapping with a further entry if there is a value.
    pub(crate) fn with_some(mut self, key: &str, value: Option<impl Into<Yaml>>) -> Self {
        if let Some(value) = value {
            self.set(key, value);
        }
        self
    }

    pub(crate) fn set(&mut self, key: &str, value: impl Into<Yaml>) {
        self.entries.push((key.to_owned(), value.into()));
    }

    /// Returns the text of an entry.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let value = self.entries.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        if let Some(Yaml::Text(text)) = value { Some(text) } else { None }
    }

    /// Adds a comment above the next entry.
    pub(crate) fn comment(&mut self, text: &str) {
        self.comments.push((self.entries.len(), text.to_owned()));
    }

    /// Returns the mapping as a block.
    pub(crate) fn in_block(self) -> Self {
        Self { flow: false, ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Yaml {
    /// Returns the number of values, itself included.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Self::count).sum::<usize>(),
            Self::Map(map) => 1 + map.entries.iter().map(|(_, value)| value.count()).sum::<usize>(),
            _ => 1,
        }
    }

    pub(crate) fn from_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Value::Object(members) => {
                let entries = members.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect();
                Self::Map(Map { entries, ..Map::flow() })
            }
        }
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Yaml {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<u64> for Yaml {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<Number> for Yaml {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<Vec<Yaml>> for Yaml {
    fn from(items: Vec<Yaml>) -> Self {
        Self::List(items)
    }
}

impl From<Vec<String>> for Yaml {
    fn from(items: Vec<String>) -> Self {
        Self::List(items.into_iter().map(Self::Text).collect())
    }
}

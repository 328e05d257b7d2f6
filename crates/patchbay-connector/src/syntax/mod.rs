//! YAML as a tree that knows where everything stands. Also read by the server's configuration.
//!
//! Bounded: text, depth and node count. Anchors, aliases and tags are refused. Scalars follow the
//! YAML 1.2 core schema: `no` is a text. Mappings keep their order and their duplicates.

mod reader;
mod tree;

pub use reader::{Mapping, Reader, Report};
pub(crate) use tree::plain_value;
pub use tree::{MappingEntry, Node, NodeValue, parse};

use std::fmt;

/// A place in a file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// From a place up to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// Where it begins.
    pub start: Position,
    /// The place after it.
    pub end: Position,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

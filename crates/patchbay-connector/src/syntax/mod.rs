//! YAML as a tree with the position of every node. The server's configuration uses it, too.
//!
//! Limited in size, depth and number of nodes. Anchors, aliases and tags are rejected. Scalars follow the core schema
//! of YAML 1.2: `no` is a string. Mappings keep their order and their duplicate keys.

mod reader;
mod tree;

pub use reader::{Mapping, Reader, Report};
pub(crate) use tree::plain_value;
pub use tree::{MappingEntry, Node, NodeValue, parse};

use std::fmt;

/// A position in a file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A range of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// The first position.
    pub start: Position,
    /// The position after the last one.
    pub end: Position,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

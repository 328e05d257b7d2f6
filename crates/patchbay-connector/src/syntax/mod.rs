//! YAML as a tree with the position of every node. The server's configuration uses it, too.
//!
//! Limited in size, depth, and number and memory of nodes. Anchors, aliases and tags are rejected. Scalars follow the core schema
//! of YAML 1.2: `no` is a string. Mappings keep their order and their duplicate keys.

mod name_set;
mod reader;
mod tree;
mod value;
mod yaml_mistake;

pub use crate::diagnostic::{Position, Span};
pub(crate) use name_set::NameSet;
pub use reader::{Mapping, Reader, Report};
pub use tree::{MappingEntry, Node, NodeValue, parse};
pub(crate) use tree::{NodeMemory, parse_within, plain_value};

//! Expressions: JSONPath (`$…`), JEXL (`{{…}}`) and interpolation (`${…}`), compiled once at load.
//!
//! The language is closed: an expression reads its [`Scope`] and nothing else, every evaluation is
//! bounded by fuel and by the room that its values take, and parsing by depth and length. `lexer` and `parser` read JEXL, `path` reads
//! JSONPath, `eval` runs both, `template` is the text that holds them.

mod ast;
mod error;
mod eval;
mod functions;
mod lexer;
mod parser;
mod path;
mod room;
mod template;
mod value;
mod xml;

pub use error::{EvalError, ExprSyntaxError};
pub use functions::{Function, reference};
pub use room::Room;
pub use template::{Escape, Template};
pub use xml::escape_xml;

use serde_json::Value;

/// The longest expression text, in bytes.
pub(crate) const MAX_SOURCE: usize = 4096;
/// The deepest nesting of an expression.
pub(crate) const MAX_DEPTH: usize = 48;
/// The tallest tree of an expression. Chains (`1+1+…`, `.a.b…`) grow a tree without nesting, and
/// running, searching and dropping it recurse.
pub(crate) const MAX_HEIGHT: usize = 128;

/// The names that an expression sees. Cheap to build for each call: it borrows.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// `(name, value)` for `inputs`, `credentials`, `steps`, `context`, `iterator`, `response`.
    pub roots: &'a [(&'a str, &'a Value)],
}

impl<'a> Scope<'a> {
    /// The root with this name.
    pub fn root(&self, name: &str) -> Option<&'a Value> {
        self.roots.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

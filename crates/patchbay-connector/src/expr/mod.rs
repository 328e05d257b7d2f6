//! Expressions: JSONPath (`$…`), JEXL (`{{…}}`) and interpolation (`${…}`), compiled once at load.
//!
//! The language is closed: an expression reads its [`Bindings`] and nothing else. Evaluation is limited by fuel and by
//! a memory budget, parsing by depth and length. `lexer` and `parser` read JEXL, `path` reads JSONPath (RFC 9535, with
//! the extensions of jsonpath-plus), `eval` evaluates both, `template` is the string that contains them.

mod ast;
mod error;
mod eval;
mod functions;
mod lexer;
mod memory_budget;
mod parser;
mod path;
mod pattern;
mod template;
mod value;
mod value_template;
mod xml;

pub use error::{EvalError, ExprSyntaxError};
pub use functions::{Function, from_unix_millis, parse_iso, reference, unix_to_millis, write_iso};
pub use memory_budget::MemoryBudget;
pub(crate) use template::EVERYTHING;
pub use template::{Escape, Template, UrlAuthority, UrlPlace};
pub use value_template::ValueTemplate;
pub use xml::escape_xml;

use serde_json::Value;

/// The maximum length of one expression, in bytes. The text around `${…}` does not count.
pub(crate) const MAX_EXPRESSION_BYTES: usize = 4096;
/// The maximum nesting depth of an expression.
pub(crate) const MAX_DEPTH: usize = 48;
/// The maximum height of an expression's tree. Chains (`1+1+…`, `.a.b…`) grow a tree without nesting, and
/// evaluating, searching and dropping it recurse.
pub(crate) const MAX_HEIGHT: usize = 128;

/// The names and values that an expression can read. Cheap to build for each call: it borrows.
#[derive(Clone, Copy, Debug)]
pub struct Bindings<'a> {
    /// `(name, value)` for `inputs`, `credentials`, `steps`, `context`, `iterator`, `response`.
    pub roots: &'a [(&'a str, &'a Value)],
}

impl<'a> Bindings<'a> {
    /// Returns the root with this name.
    pub fn root(&self, name: &str) -> Option<&'a Value> {
        self.roots.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

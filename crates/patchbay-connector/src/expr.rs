//! Expressions: JSONPath (`$…`), JEXL (`{{…}}`) and interpolation (`${…}`), compiled once at load.
//!
//! Evaluation is bounded by fuel and touches nothing but its scope.

use serde_json::Value;

/// A text of a connector file, compiled.
#[derive(Debug)]
pub struct Template {
    source: String,
}

/// The names that an expression sees. Cheap to build for each call: it borrows.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// `(name, value)` for `inputs`, `credentials`, `steps`, `context`, `iterator`, `response`.
    pub roots: &'a [(&'a str, &'a Value)],
}

/// How the values of `${…}` are escaped where they land in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Not at all.
    None,
    /// As one path segment of a URL: `/`, `?`, `#`, `%` and the rest percent-encoded, and a value of
    /// `.` or `..` refused. Only values are escaped; literal text stays.
    PathSegment,
    /// For a host name or base URL: letters, digits, `-`, `.`, `_` only; anything else is refused.
    Host,
    /// For a header: refused when it holds a control character (CR, LF, NUL …).
    Header,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A name inside a text resolved to nothing.
    #[error("`{path}` has no value")]
    Missing {
        /// The path, as written in the file.
        path: String,
    },
    /// A value may not stand where it would land.
    #[error("`{path}` {reason}")]
    Refused {
        /// The path, as written in the file.
        path: String,
        /// Why.
        reason: String,
    },
    /// An operation does not fit its values.
    #[error("{0}")]
    Type(String),
    /// It took too many steps or grew too large.
    #[error("the expression `{source_text}` does too much work")]
    Fuel {
        /// The expression.
        source_text: String,
    },
}

impl Template {
    /// The text as it stands in the file.
    pub fn source(&self) -> &str {
        &self.source
    }
}

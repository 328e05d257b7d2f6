//! Problems of a connector file: coded, placed, with a hint.

mod formats;
mod render;

pub use formats::{to_json, to_sarif};
pub use render::render;

use crate::syntax::Span;

/// The stable codes.
pub mod code {
    /// The file is no YAML that we read.
    pub const SYNTAX: &str = "PB0001";
    /// A key that does not exist.
    pub const UNKNOWN_KEY: &str = "PB0002";
    /// A key twice.
    pub const DUPLICATE_KEY: &str = "PB0003";
    /// A key that must be there.
    pub const MISSING_KEY: &str = "PB0004";
    /// A text where a list belongs, and the like.
    pub const WRONG_TYPE: &str = "PB0005";
    /// A name outside a closed set.
    pub const UNKNOWN_VALUE: &str = "PB0006";
    /// An expression that does not parse.
    pub const EXPRESSION: &str = "PB0101";
    /// A `$ref` without its file.
    pub const UNRESOLVED_REF: &str = "PB0102";
    /// Two actions, inputs, steps or fields with one id.
    pub const DUPLICATE_ID: &str = "PB0103";
    /// A name that leads nowhere: a step, an input, a credential, a scope, an action.
    pub const UNDEFINED: &str = "PB0104";
    /// A pattern that is no regular expression.
    pub const PATTERN: &str = "PB0105";
    /// Part of the format that this version cannot run.
    pub const UNSUPPORTED: &str = "PB0106";
    /// A value that breaks a rule of the format.
    pub const INVALID: &str = "PB0107";
    /// Something that a reader would miss.
    pub const MISSING_TEXT: &str = "PB0201";
    /// A spelling or version of old.
    pub const DEPRECATED: &str = "PB0202";
    /// Something that is written and never used.
    pub const UNUSED: &str = "PB0203";
    /// Part of the format that is read and not run yet, without harm to the rest.
    pub const NOT_RUN: &str = "PB0205";
    /// Further problems are not listed.
    pub const TOO_MANY: &str = "PB0299";
}

/// What each code means, for lists of rules.
pub const CODES: [(&str, &str); 18] = [
    (code::SYNTAX, "The file is not YAML that can be read."),
    (code::UNKNOWN_KEY, "A key does not exist in the format."),
    (code::DUPLICATE_KEY, "A key stands twice in one mapping."),
    (code::MISSING_KEY, "A required key is missing."),
    (code::WRONG_TYPE, "A value has the wrong type."),
    (code::UNKNOWN_VALUE, "A name is not among those that are possible here."),
    (code::EXPRESSION, "An expression does not parse."),
    (code::UNRESOLVED_REF, "A $ref has no file."),
    (code::DUPLICATE_ID, "Two things have one id."),
    (code::UNDEFINED, "A name leads nowhere."),
    (code::PATTERN, "A pattern is not a regular expression."),
    (code::UNSUPPORTED, "This version cannot run a part of the file."),
    (code::INVALID, "A value breaks a rule of the format."),
    (code::MISSING_TEXT, "A text that readers need is missing."),
    (code::DEPRECATED, "A spelling or version of old is used."),
    (code::UNUSED, "Something is written and never used."),
    (code::NOT_RUN, "A part of the file is read but not run yet."),
    (code::TOO_MANY, "Further problems are not listed."),
];

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The connector cannot be used.
    Error,
    /// It can, but it is unwise.
    Warning,
}

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The file.
    pub file: String,
    /// Where in the file.
    pub span: Span,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Severity {
    /// Its name in all outputs (SARIF has the same).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, message: impl Into<String>, file: &str, span: Span) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), file: file.to_owned(), span, hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

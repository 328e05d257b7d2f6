//! The errors and warnings of a connector file: code, message, position, hint.

mod formats;
mod render;
mod span;

pub use formats::{to_json, to_sarif};
pub use render::render;
pub use span::{Position, Span};

/// The codes; they do not change.
pub mod code {
    /// The file is not valid YAML.
    pub const SYNTAX: &str = "PB0001";
    /// An unknown key.
    pub const UNKNOWN_KEY: &str = "PB0002";
    /// A duplicate key.
    pub const DUPLICATE_KEY: &str = "PB0003";
    /// A required key is missing.
    pub const MISSING_KEY: &str = "PB0004";
    /// A value has the wrong type.
    pub const WRONG_TYPE: &str = "PB0005";
    /// A value is not one of the permitted names.
    pub const UNKNOWN_VALUE: &str = "PB0006";
    /// An expression is not valid.
    pub const EXPRESSION: &str = "PB0101";
    /// A `$ref` refers to a file that does not exist.
    pub const UNRESOLVED_REF: &str = "PB0102";
    /// Two actions, inputs, steps or fields have the same id.
    pub const DUPLICATE_ID: &str = "PB0103";
    /// A reference to an undefined step, input, credential, scope or action.
    pub const UNDEFINED: &str = "PB0104";
    /// A pattern is not a supported regular expression.
    pub const PATTERN: &str = "PB0105";
    /// A part of the format that Patchbay does not support.
    pub const UNSUPPORTED: &str = "PB0106";
    /// A value that violates a rule of the format.
    pub const INVALID: &str = "PB0107";
    /// Events are received, but nothing verifies their sender.
    pub const UNVERIFIED: &str = "PB0108";
    /// A description that people or agents need is missing.
    pub const MISSING_TEXT: &str = "PB0201";
    /// A deprecated spelling or version.
    pub const DEPRECATED: &str = "PB0202";
    /// A part of the file that has no effect.
    pub const UNUSED: &str = "PB0203";
    /// A part of the format that is read but has no effect yet.
    pub const NOT_RUN: &str = "PB0205";
    /// Further diagnostics are not listed.
    pub const TOO_MANY: &str = "PB0299";
}

/// The codes with their meanings.
pub const CODES: [(&str, &str); 19] = [
    (code::SYNTAX, "The file is not valid YAML."),
    (code::UNKNOWN_KEY, "The key is not part of the format."),
    (code::DUPLICATE_KEY, "A mapping has a key twice."),
    (code::MISSING_KEY, "A required key is missing."),
    (code::WRONG_TYPE, "A value has the wrong type."),
    (code::UNKNOWN_VALUE, "A value is not one of the permitted names."),
    (code::EXPRESSION, "An expression is not valid."),
    (code::UNRESOLVED_REF, "A `$ref` refers to a file that does not exist."),
    (code::DUPLICATE_ID, "Two elements have the same id."),
    (code::UNDEFINED, "A reference to an undefined name."),
    (code::PATTERN, "A pattern is not a supported regular expression."),
    (code::UNSUPPORTED, "Patchbay does not support a part of the file."),
    (code::INVALID, "A value violates a rule of the format."),
    (code::UNVERIFIED, "Events are received, but nothing verifies their sender."),
    (code::MISSING_TEXT, "A description that people or agents need is missing."),
    (code::DEPRECATED, "A deprecated spelling or version is used."),
    (code::UNUSED, "A part of the file has no effect."),
    (code::NOT_RUN, "A part of the file is read but has no effect yet."),
    (code::TOO_MANY, "Further diagnostics are not listed."),
];

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The connector cannot be used.
    Error,
    /// The connector can be used.
    Warning,
}

/// An error or a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The code.
    pub code: &'static str,
    /// The severity.
    pub severity: Severity,
    /// The message.
    pub message: String,
    /// The file.
    pub file: String,
    /// The position in the file.
    pub span: Span,
    /// A correction.
    pub hint: Option<String>,
    /// The earlier of two places that exclude each other: its file and position.
    pub earlier: Option<(String, Span)>,
}

impl Severity {
    /// Returns the name in all outputs (SARIF uses the same names).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Diagnostic {
    /// Creates an error.
    pub fn error(code: &'static str, message: impl Into<String>, file: &str, span: Span) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            file: file.to_owned(),
            span,
            hint: None,
            earlier: None,
        }
    }

    /// Returns the diagnostic with the earlier of two places that exclude each other.
    #[must_use]
    pub fn with_earlier(mut self, file: &str, span: Span) -> Self {
        self.earlier = Some((file.to_owned(), span));
        self
    }

    /// Returns the diagnostic with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

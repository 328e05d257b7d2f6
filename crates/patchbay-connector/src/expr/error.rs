//! The errors of expressions: syntax errors and evaluation errors.

/// An expression with a syntax error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprSyntaxError {
    /// The message.
    pub message: String,
    /// The position, a byte offset into the text.
    pub offset: usize,
    /// A correction.
    pub hint: Option<String>,
}

impl ExprSyntaxError {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), offset, hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the error with its offset moved by `by` bytes, for an expression within a longer text.
    pub(crate) fn shifted(mut self, by: usize) -> Self {
        self.offset += by;
        self
    }
}

/// The reason why an expression cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A name within a text has no value.
    #[error("`{path}` has no value")]
    Missing {
        /// The path, as written in the file.
        path: String,
    },
    /// A value is not allowed in this position.
    #[error("`{path}` {reason}")]
    Refused {
        /// The path, as written in the file.
        path: String,
        /// The reason.
        reason: String,
    },
    /// An operation does not accept its operands.
    #[error("{0}")]
    Type(String),
    /// The evaluation exceeded its fuel.
    #[error("the expression exceeds its evaluation limit")]
    Fuel,
    /// The result exceeds the memory budget.
    #[error("the result exceeds the memory limit of a call")]
    Large,
    /// The result exceeds the nesting depth.
    #[error("the result is nested too deep")]
    Deep,
}

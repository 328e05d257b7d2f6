//! What goes wrong in an expression: while reading it, while running it.

/// An expression that does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprSyntaxError {
    /// What is wrong.
    pub message: String,
    /// Where, as a byte offset into the text.
    pub offset: usize,
    /// How to mend it.
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

    /// The same error inside a longer text.
    pub(crate) fn shifted(mut self, by: usize) -> Self {
        self.offset += by;
        self
    }
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
    /// It took too many steps.
    #[error("an expression does too much work")]
    Fuel,
    /// What it builds takes too much memory.
    #[error("what is built takes more memory than a call may have")]
    Large,
    /// What it builds nests too deep.
    #[error("what is built nests too deep")]
    Deep,
}

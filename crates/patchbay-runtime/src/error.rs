//! The error of the runtime and the engine: a stable code that decides the HTTP status, a message for a person, and the
//! provider's response if the provider failed.

use std::{fmt, sync::Arc};

use patchbay_connector::Diagnostic;
use patchbay_model::{CodedError, ErrorCode, FailureReason, Field};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{page::is_page, trace::RunTrace};

/// A problem of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The path of the value.
    pub path: ProblemPath,
    /// A stable code, such as `required`, `type`, `enum`, `pattern`, `unknown_field`.
    pub code: &'static str,
    /// A message for a person.
    pub message: String,
}

/// The path of a problem in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemPath {
    /// A path in the names that the caller used, such as the input `body.approvals[0].order`. It is shown unchanged.
    Input(String),
    /// A field of the product, and the path within it, such as `.clientId` or `[3]`. Each surface shows its own name of the
    /// field.
    Field(Field, String),
}

impl ProblemPath {
    /// Creates the path of a key in the values of a field.
    pub fn key(field: Field, key: &str) -> Self {
        Self::Field(field, format!(".{key}"))
    }

    /// Creates the path of an item in the list of a field.
    pub fn index(field: Field, index: usize) -> Self {
        Self::Field(field, format!("[{index}]"))
    }
}

impl From<Field> for ProblemPath {
    fn from(field: Field) -> Self {
        Self::Field(field, String::new())
    }
}

impl From<String> for ProblemPath {
    fn from(path: String) -> Self {
        Self::Input(path)
    }
}

impl From<&str> for ProblemPath {
    fn from(path: &str) -> Self {
        Self::Input(path.to_owned())
    }
}

impl fmt::Display for ProblemPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(path) => f.write_str(path),
            Self::Field(field, within) => write!(f, "{}{within}", field.as_str()),
        }
    }
}

impl Serialize for ProblemPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A provider's error response, with secrets redacted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProviderFailure {
    /// Its status; `None` without a response.
    pub status: Option<u16>,
    /// The URL that was called, without secrets.
    pub url: String,
    /// Its body: a value if it is JSON or XML, otherwise shortened text.
    pub body: Value,
    /// Its useful headers, never cookies or credentials.
    pub headers: Vec<(String, String)>,
    /// The missing scopes that it names.
    pub wanted_scopes: Vec<String>,
}

/// An error of the runtime or the engine.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The stable code, for programs; `docs/errors.md` lists all.
    pub code: ErrorCode,
    /// The HTTP status if it differs from the code's, 400 to 599.
    status: Option<u16>,
    /// A message for people: what happened, why, what to do.
    pub message: String,
    /// Every problem found in the request.
    pub problems: Vec<Problem>,
    /// The diagnostics of rejected connector files.
    pub diagnostics: Option<Box<[Diagnostic]>>,
    /// The provider's response.
    pub provider: Option<Box<ProviderFailure>>,
    /// The seconds to wait before a retry.
    pub retry_after: Option<u64>,
    /// Whether the request may have changed something outside of this server before it failed.
    pub may_have_effect: bool,
    /// The trace of the run if the caller requested it, with secrets redacted.
    pub trace: Option<Box<RunTrace>>,
    /// The error that caused this one, for logs: never for a response.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Creates an error with nothing attached.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            status: None,
            message: message.into(),
            problems: Vec::new(),
            diagnostics: None,
            provider: None,
            retry_after: None,
            may_have_effect: false,
            trace: None,
            source: None,
        }
    }

    /// Creates the error of a provider's error response, with the response's `status`, see [`Error::set_status`].
    pub fn provider(status: u16, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Provider, message).with_status(status)
    }

    /// Returns the HTTP status of the response.
    pub fn status(&self) -> u16 {
        self.status.unwrap_or(self.code.status())
    }

    /// Returns whether the failed request has changed nothing, here or at a provider, so that it may run again. An error of
    /// the server itself may have left a part of the change.
    pub fn is_without_effect(&self) -> bool {
        let is_unclear =
            matches!(self.code, ErrorCode::Internal | ErrorCode::Storage | ErrorCode::Vault | ErrorCode::SignIn);
        !self.may_have_effect && !is_unclear
    }

    /// Returns the reason why the request to the provider failed; none if no provider has a part in the error.
    pub fn reason(&self) -> Option<FailureReason> {
        let reason = self.code.reason(self.status())?;
        let has_page = || match self.provider.as_ref().map(|provider| &provider.body) {
            Some(Value::String(text)) => is_page(text.as_bytes()),
            _ => false,
        };
        // With these statuses, a page for people is a firewall's or a proxy's, so the provider has refused nothing.
        let is_blocked = self.code == ErrorCode::Provider && matches!(self.status(), 400 | 403) && has_page();
        Some(if is_blocked { FailureReason::Unavailable } else { reason })
    }

    /// Changes the code, and with it the status.
    pub fn set_code(&mut self, code: ErrorCode) {
        self.code = code;
        self.status = None;
    }

    /// Sets a status that differs from the code's. Every status that is not an error (400 to 599) becomes 502: a provider's
    /// 101 would switch the protocol of our caller's connection, and HTTP has no class from 600 (RFC 9110, section 15).
    pub fn set_status(&mut self, status: u16) {
        self.status = Some(if (400..600).contains(&status) { status } else { 502 });
    }

    /// Returns the error with a status that differs from the code's.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.set_status(status);
        self
    }

    /// Returns the error with every problem of the request.
    #[must_use]
    pub fn with_problems(mut self, problems: Vec<Problem>) -> Self {
        self.problems = problems;
        self
    }

    /// Returns the error with the diagnostics of connector files.
    #[must_use]
    pub fn with_diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        self.diagnostics = Some(diagnostics.into());
        self
    }

    /// Returns the error with the provider's response.
    #[must_use]
    pub fn with_provider(mut self, failure: ProviderFailure) -> Self {
        self.provider = Some(Box::new(failure));
        self
    }

    /// Returns the error with the error that caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Returns the error with the seconds to wait.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl<E: CodedError> From<E> for Error {
    fn from(error: E) -> Self {
        if error.code().status() >= 500 {
            tracing::error!(error = &error as &dyn std::error::Error, "a call failed");
        }
        let retry_after = error.retry_after();
        Self { retry_after, ..Self::new(error.code(), error.public_message()).with_source(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_a_firewall_refuses_nothing() {
        for (status, body, reason) in [
            (403, "<html>Blocked", FailureReason::Unavailable),
            (400, " <!doctype html>", FailureReason::Unavailable),
            (403, "no", FailureReason::Refused),
            (404, "<html>Not found", FailureReason::Refused),
            (429, "<html>Slow down", FailureReason::RateLimited),
        ] {
            let failure = ProviderFailure { status: Some(status), body: body.into(), ..ProviderFailure::default() };
            let error = Error::provider(status, "x").with_provider(failure);
            assert_eq!(error.reason(), Some(reason), "{status} {body}");
        }
        assert_eq!(Error::provider(403, "x").reason(), Some(FailureReason::Refused));
    }

    #[test]
    fn only_statuses_of_errors_become_ours() {
        for status in 100..1000 {
            let ours = if (400..=599).contains(&status) { status } else { 502 };
            assert_eq!(Error::provider(status, "x").status(), ours);
            assert_eq!(Error::new(ErrorCode::Provider, "x").with_status(status).status(), ours);
        }
    }
}

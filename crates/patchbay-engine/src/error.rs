//! The engine's one error: a kind that decides the HTTP status, a stable code, a sentence for a
//! person, and what the provider said where it was the provider that failed.

use std::sync::Arc;

use patchbay_connector::Diagnostic;
use serde::Serialize;
use serde_json::Value;

/// What went wrong, in HTTP's terms. The server maps it to a status and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// 400: the request is wrong.
    Invalid,
    /// 401: no key or token, or not a valid one; or the provider refuses the account's credentials.
    Unauthorized,
    /// 403: the key lacks the scope.
    Forbidden,
    /// 404: there is no such thing in the caller's project.
    NotFound,
    /// 408: the time budget ran out.
    Timeout,
    /// 409: it conflicts with what is stored.
    Conflict,
    /// 412: the account is suspended or expired, or its profile is disabled.
    Precondition,
    /// 429: too many requests; whose limit it is, the message says.
    RateLimited,
    /// 500: our fault.
    Internal,
    /// 501: the provider or connector cannot do that.
    Unsupported,
    /// 502: the provider cannot be reached or answers nonsense.
    BadGateway,
    /// 503: our storage cannot take it now (disk full, read-only).
    Unavailable,
    /// The provider answered with this error status (400 to 599), which is passed on.
    Provider(u16),
}

impl ErrorKind {
    /// The HTTP status to answer with.
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Timeout => 408,
            Self::Conflict => 409,
            Self::Precondition => 412,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unsupported => 501,
            Self::BadGateway => 502,
            Self::Unavailable => 503,
            Self::Provider(status) => status,
        }
    }
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, such as `body.approvals[0].order`.
    pub path: String,
    /// A stable code, such as `required`, `type`, `enum`, `pattern`, `unknown_field`.
    pub code: &'static str,
    /// A sentence for a person.
    pub message: String,
}

/// What a provider answered when it failed. Secrets are already redacted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProviderFailure {
    /// Its status; none when there was no answer.
    pub status: Option<u16>,
    /// The URL that was called, without secrets.
    pub url: String,
    /// Its body: a value where it was JSON or XML, else its text, shortened.
    pub body: Value,
    /// Its headers worth passing on (never cookies or credentials).
    pub headers: Vec<(String, String)>,
    /// The scopes that it refused the request for want of, as far as it names them.
    pub wanted_scopes: Vec<String>,
}

/// What an engine call fails with.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Decides the status.
    pub kind: ErrorKind,
    /// Stable, for machines, such as `ValidationError`; all are listed in `docs/errors.md`.
    pub code: &'static str,
    /// For people: what is wrong, where, what to do.
    pub message: String,
    /// Every problem found, for `Invalid`.
    pub problems: Vec<Problem>,
    /// What is wrong with a connector's files, where it is they that are refused.
    pub diagnostics: Option<Box<[Diagnostic]>>,
    /// What the provider said.
    pub provider: Option<Box<ProviderFailure>>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u64>,
    /// What was sent to the provider, where the caller asked for it. Secrets are already redacted.
    pub trace: Option<Box<crate::runtime::RunTrace>>,
    /// The error that caused this one, for logs: never for a response.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with nothing attached.
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            problems: Vec::new(),
            diagnostics: None,
            provider: None,
            retry_after: None,
            trace: None,
            source: None,
        }
    }

    /// With every problem of the request.
    #[must_use]
    pub fn with_problems(mut self, problems: Vec<Problem>) -> Self {
        self.problems = problems;
        self
    }

    /// With what is wrong with a connector's files.
    #[must_use]
    pub fn with_diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        self.diagnostics = Some(diagnostics.into());
        self
    }

    /// With what the provider said.
    #[must_use]
    pub fn with_provider(mut self, failure: ProviderFailure) -> Self {
        self.provider = Some(Box::new(failure));
        self
    }

    /// With the error that caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// With the seconds to wait.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

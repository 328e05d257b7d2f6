//! Error bodies: the API's and the Hub API's.

use patchbay_engine::{Error, ErrorCode, Exchange, ProviderFailure, RunTrace};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    error_code::ErrorCodeOut,
    failure_reason::FailureReasonOut,
    problems::ProblemOut,
    shared::{DiagnosticOut, EmptyObject},
};

/// The body of every error response of the API.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error)]
pub(crate) struct ErrorOut {
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    status_code: u16,
    /// What happened, why, and what to do, for a person.
    #[schema(example = "the request is not valid: page must be 1 or more")]
    message: String,
    /// When it happened.
    #[schema(format = DateTime, example = "2026-05-01T12:00:00Z")]
    timestamp: String,
    #[schema(value_type = ErrorCodeOut)]
    error_code: ErrorCode,
    /// Why the request to the provider failed; absent if no provider has a part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<FailureReasonOut>,
    /// Every problem of the request as a text, if the request is wrong: its place and what is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["page: page must be a whole number, 1 or more"]))]
    errors: Vec<String>,
    /// The problems for programs, in the order of `errors`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    problems: Vec<ProblemOut>,
    /// The problems in a connector's files, if the connector is rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    diagnostics: Option<Vec<DiagnosticOut>>,
    /// `statusCode` and `message` again, for older clients.
    data: ErrorDataOut,
    /// The provider's response, if the provider failed.
    #[serde(rename = "provider_errors", skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    provider_errors: Vec<ProviderErrorOut>,
    /// The requests to the provider and its responses, if the request asked for them with `debug`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    debug: Option<RunTraceOut>,
}

impl ErrorOut {
    /// Returns the body for an error that happened at `timestamp` (RFC 3339).
    pub(crate) fn new(error: &Error, timestamp: String) -> Self {
        let status_code = error.status();
        Self {
            status_code,
            message: error.message.clone(),
            timestamp,
            error_code: error.code,
            reason: error.reason().map(Into::into),
            errors: ProblemOut::texts(&error.problems),
            problems: ProblemOut::list(&error.problems),
            diagnostics: error.diagnostics.as_deref().map(DiagnosticOut::list),
            data: ErrorDataOut { status_code, message: error.message.clone(), headers: EmptyObject {} },
            provider_errors: error.provider.as_deref().map(ProviderErrorOut::new).into_iter().collect(),
            debug: error.trace.as_deref().cloned().map(RunTraceOut::new),
        }
    }
}

/// The status and the message of an error, for older clients.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ErrorData)]
pub(crate) struct ErrorDataOut {
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    status_code: u16,
    message: String,
    /// Always empty.
    headers: EmptyObject,
}

/// A provider's response to a failed request. Secrets are redacted.
#[derive(Serialize, ToSchema)]
#[schema(as = ProviderError)]
pub struct ProviderErrorOut {
    /// The HTTP status; null if there was no response.
    #[schema(required, example = 403)]
    status: Option<u16>,
    /// The URL of the request, without secrets.
    #[schema(example = "https://api.example.com/contracts")]
    url: String,
    /// The body: JSON if it is JSON or XML, otherwise a string.
    raw: Value,
    /// The headers of the response, without cookies and credentials.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: Map<String, Value>,
}

impl ProviderErrorOut {
    /// Returns the shape in which errors show a provider's response.
    pub fn new(failure: &ProviderFailure) -> Self {
        let headers = failure.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        Self { status: failure.status, url: failure.url.clone(), raw: failure.body.clone(), headers: headers.collect() }
    }
}

/// The requests of a run to the provider. Secrets are redacted.
#[derive(Serialize, ToSchema)]
#[schema(as = RunTrace)]
pub(crate) struct RunTraceOut {
    /// The duration of the run in milliseconds.
    #[schema(example = 120)]
    duration_ms: u64,
    /// The requests and responses, in order; 100 at most.
    #[schema(max_items = 100)]
    requests: Vec<ExchangeOut>,
}

impl RunTraceOut {
    pub(crate) fn new(trace: RunTrace) -> Self {
        Self { duration_ms: trace.duration_ms, requests: trace.requests.into_iter().map(ExchangeOut::new).collect() }
    }
}

/// One request to the provider and its response.
#[derive(Serialize, ToSchema)]
#[schema(as = Exchange)]
pub(crate) struct ExchangeOut {
    /// The step of the action that sent the request.
    step: String,
    #[schema(example = "GET")]
    method: String,
    url: String,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: Map<String, Value>,
    /// The request's body: JSON if it is JSON, otherwise a string; null if there is none.
    body: Value,
    /// The status of the response; null if there was no response.
    #[schema(required)]
    status: Option<u16>,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    response_headers: Map<String, Value>,
    response_body: Value,
    /// The time from the request to the end of the response, in milliseconds.
    duration_ms: u64,
    /// Why there was no response.
    #[schema(required)]
    error: Option<String>,
}

impl ExchangeOut {
    fn new(exchange: Exchange) -> Self {
        Self {
            step: exchange.step,
            method: exchange.method,
            url: exchange.url,
            headers: exchange.headers,
            body: exchange.body,
            status: exchange.status,
            response_headers: exchange.response_headers,
            response_body: exchange.response_body,
            duration_ms: exchange.duration_ms,
            error: exchange.error,
        }
    }
}

/// The body of every error response of the Hub API.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HubError)]
pub(crate) struct HubErrorOut {
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    status_code: u16,
    /// What happened, why, and what to do, for a person.
    message: String,
    #[schema(value_type = ErrorCodeOut)]
    error_code: ErrorCode,
    /// Why the request to the provider failed; absent if no provider has a part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<FailureReasonOut>,
    /// Every problem of the request as a text, if the request is wrong: its place and what is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["page: page must be a whole number, 1 or more"]))]
    errors: Vec<String>,
    /// The problems for programs, in the order of `errors`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    problems: Vec<ProblemOut>,
    /// The body of the provider's response, if the provider failed. A string to show, not JSON.
    #[serde(rename = "provider_response", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provider_response: Option<String>,
}

impl HubErrorOut {
    pub(crate) fn new(error: &Error, status_code: u16) -> Self {
        // A provider that was not reached has no response.
        let responded = error.provider.as_ref().filter(|provider| provider.status.is_some());
        let provider_response = responded.map(|provider| match &provider.body {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        });
        Self {
            status_code,
            message: error.message.clone(),
            error_code: error.code,
            reason: error.reason().map(Into::into),
            errors: ProblemOut::texts(&error.problems),
            problems: ProblemOut::list(&error.problems),
            provider_response,
        }
    }
}

//! Errors in the wire's two shapes: the API's, and the Hub's.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use patchbay_engine::{Error, ErrorCode, Problem, ProviderFailure};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// An error of the API.
#[derive(Debug)]
pub(crate) struct ApiError(pub(crate) Error, pub(crate) String);

/// An error of the Hub API.
#[derive(Debug)]
pub(crate) struct HubError(pub(crate) Error);

/// What every failed call answers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    /// The HTTP status.
    status_code: u16,
    /// What is wrong, where, and what to do.
    message: String,
    /// When it happened.
    timestamp: String,
    /// A stable code; `docs/errors.md` lists them.
    #[schema(value_type = String)]
    error_code: ErrorCode,
    /// Every problem of the request, where it was the request that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemBody>,
    /// What is wrong with a connector's files, where it is they that are refused: `code`, `severity`, `message`,
    /// `hint`, `file`, `line`, `column`, `endLine`, `endColumn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    diagnostics: Option<Value>,
    /// The same once more, where older clients look for it.
    #[schema(value_type = Object)]
    data: Value,
    /// What the provider answered, where it was the provider that failed.
    #[serde(rename = "provider_errors", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    provider_errors: Vec<Value>,
    /// What was sent to the provider and answered, where the request asked for it with `debug`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    debug: Option<Value>,
}

/// One problem of a request.
#[derive(Serialize, ToSchema)]
struct ProblemBody {
    /// Where, such as `body.approvals[0].order`.
    path: String,
    /// A stable code.
    code: &'static str,
    /// A sentence for a person.
    message: String,
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error, String::new())
    }
}

impl From<Error> for HubError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// What the provider answered, as every error shows it.
pub fn provider_error(failure: &ProviderFailure) -> Value {
    let headers: Map<String, Value> =
        failure.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({ "status": failure.status, "url": failure.url, "raw": failure.body, "headers": headers })
}

fn respond(status: u16, retry_after: Option<u64>, body: &impl Serialize) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The body of an API error; also what a heartbeat answer ends with.
pub(crate) fn body(error: &Error, now: String) -> ErrorBody {
    let status = error.status();
    let problems = error.problems.iter().map(|Problem { path, code, message }| ProblemBody {
        path: path.clone(),
        code,
        message: message.clone(),
    });
    ErrorBody {
        status_code: status,
        message: error.message.clone(),
        timestamp: now,
        error_code: error.code,
        errors: problems.collect(),
        diagnostics: error.diagnostics.as_deref().map(patchbay_connector::to_json),
        data: json!({ "statusCode": status, "message": error.message, "headers": {} }),
        provider_errors: error.provider.as_deref().map(provider_error).into_iter().collect(),
        debug: error.trace.as_deref().and_then(|trace| serde_json::to_value(trace).ok()),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let now = if self.1.is_empty() { crate::extract::now() } else { self.1 };
        let mut response = respond(self.0.status(), self.0.retry_after, &body(&self.0, now));
        if response.status() == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"patchbay\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl IntoResponse for HubError {
    /// The stock Hub takes every 401 and 403 for an expired token, and then tells people that all is
    /// well; so the provider's refusal is a 400 here, with the provider's own words in the message.
    fn into_response(self) -> Response {
        let Self(error) = self;
        let refused_by_provider = error.provider.is_some() && matches!(error.status(), 401 | 403);
        let status = if refused_by_provider { 400 } else { error.status() };
        let mut body = json!({ "statusCode": status, "message": error.message, "errorCode": error.code });
        if !error.problems.is_empty() {
            body["errors"] = json!(error.problems);
        }
        if let Some(provider) = &error.provider {
            let raw = match &provider.body {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            body["provider_response"] = Value::String(raw);
        }
        respond(status, error.retry_after, &body)
    }
}

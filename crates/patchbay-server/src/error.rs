//! Error responses: the API's and the Hub API's.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use patchbay_engine::Error;
use patchbay_model::Timestamp;
use serde::Serialize;

use crate::dto::errors::{ErrorOut, HubErrorOut};

/// An error of the API.
#[derive(Debug)]
pub(crate) struct ApiError(pub(crate) Error);

/// An error of the Hub API.
#[derive(Debug)]
pub(crate) struct HubError(pub(crate) Error);

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Error> for HubError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Returns the body of an error of the API, with the current time.
#[expect(clippy::disallowed_methods, reason = "an error shows when it happened; no state depends on it")]
pub(crate) fn body(error: &Error) -> ErrorOut {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX));
    ErrorOut::new(error, now.to_rfc3339())
}

/// Returns the body of an error response as JSON, for a request that the router does not see.
pub fn error_body(error: &Error) -> String {
    serde_json::to_string(&body(error)).unwrap_or_default()
}

/// Returns the error of a call whose result is not written. The requests of the call have been sent, so the error says
/// whether they may have taken effect: the idempotency key of a call that changed nothing is released, and the call can run
/// again when the server is not busy.
pub(crate) fn after_call(mut error: Error, may_have_effect: bool) -> Error {
    error.may_have_effect = may_have_effect;
    error
}

/// Marks the response to a request that changed nothing, so that its idempotency key is released.
#[derive(Clone, Copy)]
pub(crate) struct WithoutEffect;

fn respond(error: &Error, status: u16, body: &impl Serialize) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(body)).into_response();
    if error.is_without_effect() {
        response.extensions_mut().insert(WithoutEffect);
    }
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let mut response = respond(&error, error.status(), &body(&error));
        if response.status() == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"patchbay\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl IntoResponse for HubError {
    /// The stock Hub treats every 401 and 403 as an expired token and then reports success, so a rejection by the provider
    /// is a 400 here, with the provider's message.
    fn into_response(self) -> Response {
        let Self(error) = self;
        let rejected_by_provider = error.provider.is_some() && matches!(error.status(), 401 | 403);
        let status = if rejected_by_provider { 400 } else { error.status() };
        respond(&error, status, &HubErrorOut::new(&error, status))
    }
}

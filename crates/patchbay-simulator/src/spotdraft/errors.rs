//! Error responses. SpotDraft's document does not describe its error bodies completely: these shapes follow
//! the parts that it shows (`detail`, `code`, `message`, `status_code`, or lists of messages by field).

use axum::{
    body::Body,
    http::{Response, header},
};
use serde_json::{Map, Value, json};

/// An error response.
#[derive(Debug)]
pub struct Rejection {
    status: u16,
    body: Value,
    header: Option<Box<(header::HeaderName, String)>>,
}

impl Rejection {
    fn coded(status: u16, code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let body = json!({ "detail": message, "code": code, "message": message, "status_code": status });
        Self { status, body, header: None }
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::coded(401, "authentication_failed", "Invalid client credentials.")
    }

    /// 403.
    pub fn forbidden(message: &str) -> Self {
        Self::coded(403, "permission_denied", message)
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::coded(404, "not_found", "Not found.")
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        Self::coded(405, "method_not_allowed", "Method not allowed.")
    }

    /// 402: a rule of the contract's workflow.
    pub fn business_rule(message: impl Into<String>) -> Self {
        Self::coded(402, "business_rule_violation", message)
    }

    /// 409: something else has happened in the meantime.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::coded(409, "conflict", message)
    }

    /// 400 with a message.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::coded(400, "invalid", message)
    }

    /// 400 with messages by field.
    pub fn fields(fields: Map<String, Value>) -> Self {
        Self { status: 400, body: Value::Object(fields), header: None }
    }

    /// 400 for one field.
    pub fn field(name: &str, message: &str) -> Self {
        Self::fields(Map::from_iter([(name.to_owned(), json!([message]))]))
    }

    /// 413.
    pub fn too_large() -> Self {
        Self::coded(413, "request_too_large", "Request body is too large.")
    }

    /// 429.
    pub fn throttled(seconds: u64) -> Self {
        let mut rejection =
            Self::coded(429, "throttled", format!("Request was throttled. Expected available in {seconds} second."));
        rejection.header = Some(Box::new((header::RETRY_AFTER, seconds.to_string())));
        rejection
    }

    /// 302 to the documented path.
    pub fn moved(location: String) -> Self {
        Self { status: 302, body: Value::Null, header: Some(Box::new((header::LOCATION, location))) }
    }

    /// 501.
    pub fn not_implemented(message: &str) -> Self {
        Self::coded(501, "not_implemented", message)
    }
}

pub fn response(rejection: Rejection) -> Response<Body> {
    let mut builder = Response::builder().status(rejection.status);
    if let Some((name, value)) = rejection.header.map(|header| *header) {
        builder = builder.header(name, value);
    }
    let body = if rejection.body.is_null() {
        Body::empty()
    } else {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
        Body::from(rejection.body.to_string())
    };
    builder.body(body).unwrap_or_default()
}

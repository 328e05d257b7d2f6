//! A small HTTP client. Error statuses are normal responses.

use std::fmt;

use serde_json::Value;

use super::{canary, contract};

/// A client that sends its headers with every request.
#[derive(Clone)]
pub struct Client {
    base: String,
    headers: Vec<(String, String)>,
}

/// A response, already searched for secrets.
pub struct ApiResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Client {
    pub fn new(base: &str) -> Self {
        Self { base: base.to_owned(), headers: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn get(&self, path: &str) -> ApiResponse {
        self.send("GET", path, None)
    }

    pub fn delete(&self, path: &str) -> ApiResponse {
        self.send("DELETE", path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> ApiResponse {
        self.send("POST", path, Some(body.to_string()))
    }

    pub fn patch(&self, path: &str, body: &Value) -> ApiResponse {
        self.send("PATCH", path, Some(body.to_string()))
    }

    /// Sends a request with any method and body. The content type is JSON unless the client has another.
    pub fn send(&self, method: &str, path: &str, body: Option<String>) -> ApiResponse {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .build()
            .into();
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if body.is_some() && !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/json");
        }
        let mut response = match body {
            Some(body) => agent.run(request.body(body).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        }
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect::<Vec<_>>();
        let body = response.body_mut().with_config().limit(64 * 1024 * 1024).read_to_string().unwrap();
        canary::assert_absent(body.as_bytes(), &format!("the answer to {method} {path}"));
        canary::assert_absent(format!("{headers:?}").as_bytes(), &format!("the headers of {method} {path}"));
        let answer = ApiResponse { status: response.status().as_u16(), headers, body };
        contract::assert_documented(method, path, &answer);
        answer
    }
}

impl ApiResponse {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the string at a JSON pointer.
    pub fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let found = json.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no string at {pointer}: {self}")).to_owned()
    }

    /// Returns the error code.
    pub fn code(&self) -> String {
        self.text("/errorCode")
    }

    /// Returns status and body as JSON text for snapshots, with values that differ between runs replaced.
    pub fn snapshot(&self) -> String {
        let mut body = serde_json::from_str(&self.body).unwrap_or_else(|_| Value::String(self.body.clone()));
        redact(&mut body, "");
        serde_json::to_string_pretty(&serde_json::json!({ "status": self.status, "body": body })).unwrap()
    }
}

impl fmt::Display for ApiResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}

/// Replaces values that differ between runs: ids, times, tokens and ports.
fn redact(value: &mut Value, key: &str) {
    const VOLATILE: [&str; 16] = [
        "timestamp",
        "created_at",
        "expires_at",
        "updated_at",
        "token",
        "auth_link_url",
        "external_trigger_token",
        "integration_id",
        "integrationId",
        "connector_profile_id",
        "organization_id",
        "project_id",
        "secureId",
        "account_id",
        "accountSecureId",
        "date",
    ];
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(key, value)| redact(value, key)),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, key)),
        Value::String(text) if VOLATILE.contains(&key) => *text = format!("[{key}]"),
        Value::String(text) if key == "id" && is_generated(text) => "[id]".clone_into(text),
        Value::String(text) if text.split('`').skip(1).step_by(2).any(is_generated) => {
            let parts = text.split('`').enumerate();
            let parts = parts.map(|(place, part)| if place % 2 == 1 && is_generated(part) { "[id]" } else { part });
            *text = parts.collect::<Vec<_>>().join("`");
        }
        Value::String(text) if text.contains("127.0.0.1:") => {
            let (before, after) = text.split_once("127.0.0.1:").unwrap();
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            *text = format!("{before}127.0.0.1:[port]{rest}");
        }
        _ => {}
    }
}

/// Returns true for a UUID or a generated account id.
fn is_generated(text: &str) -> bool {
    matches!(text.len(), 21 | 36) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

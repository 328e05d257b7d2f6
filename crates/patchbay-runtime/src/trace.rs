//! The requests and responses of a run, for debugging. They are recorded only if the caller requests it, and secrets are
//! redacted before they are stored.

use std::sync::{Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use patchbay_egress::OutboundRequest;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::redaction::redactor::{REDACTED, Redactor};

/// The maximum number of recorded exchanges per run.
const MAX_EXCHANGES: usize = 100;
/// The maximum length of a recorded body, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Headers that are never shown.
const HIDDEN_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
/// Headers that carry credentials.
const CREDENTIAL_HEADERS: [&str; 2] = ["authorization", "proxy-authorization"];

/// One request to a provider and its response.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exchange {
    /// The step that sent it.
    pub step: String,
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The request headers.
    pub headers: Map<String, Value>,
    /// The request body: a value if it is JSON, otherwise text; null if there is none.
    pub body: Value,
    /// The response status; null without a response.
    pub status: Option<u16>,
    /// The response headers.
    pub response_headers: Map<String, Value>,
    /// The response body.
    pub response_body: Value,
    /// The time from the request to the end of the response, in milliseconds.
    pub duration_ms: u64,
    /// Why the request got no response.
    pub error: Option<String>,
}

impl Exchange {
    /// Redacts the secrets of a redactor in all parts of the exchange.
    fn redact(&mut self, redactor: &Redactor) {
        self.url = redactor.text(&self.url).into_owned();
        self.error = self.error.take().map(|error| redactor.text(&error).into_owned());
        self.headers.values_mut().for_each(|value| redactor.value(value));
        self.response_headers.values_mut().for_each(|value| redactor.value(value));
        redactor.value(&mut self.body);
        redactor.value(&mut self.response_body);
    }
}

/// The exchanges and the duration of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunTrace {
    /// The duration of the whole run, in milliseconds.
    pub duration_ms: u64,
    /// The exchanges, in order.
    pub requests: Vec<Exchange>,
}

/// Records the exchanges of a run.
#[derive(Debug, Default)]
pub struct Trace {
    exchanges: Mutex<Vec<Exchange>>,
    /// Secrets that the run itself created or received, such as a session token. They are redacted at the end in all
    /// exchanges, also in the response that contained them.
    run_secrets: Mutex<Redactor>,
}

/// The minimum length of a run's own secret, in bytes. Shorter values are words like `true`, which also occur elsewhere.
const MIN_SECRET_BYTES: usize = 8;

/// Returns the time since `started`, in milliseconds.
pub(crate) fn elapsed_millis(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// An exchange whose response has not arrived.
pub(crate) struct PendingExchange(Exchange);

impl Trace {
    /// Ends the recording of a run that started at `started`.
    pub fn finish(self, started: Instant) -> RunTrace {
        let duration_ms = elapsed_millis(started);
        RunTrace { duration_ms, requests: self.into_exchanges() }
    }

    /// Returns the recorded exchanges, in order.
    fn into_exchanges(self) -> Vec<Exchange> {
        let mut exchanges = self.exchanges.into_inner().unwrap_or_else(PoisonError::into_inner);
        let run_secrets = self.run_secrets.into_inner().unwrap_or_else(PoisonError::into_inner);
        exchanges.iter_mut().for_each(|exchange| exchange.redact(&run_secrets));
        exchanges
    }

    /// Adds a secret that the run created itself, such as a signed assertion.
    pub(crate) fn add_secret(&self, secret: &str) {
        if secret.len() >= MIN_SECRET_BYTES {
            self.run_secrets.lock().unwrap_or_else(PoisonError::into_inner).add(secret);
        }
    }

    /// Adds the credentials of a request (RFC 9110, section 11.6.2): the value, the part after the scheme, and the
    /// password of Basic credentials.
    fn add_credentials(&self, headers: &HeaderMap) {
        let credentials =
            CREDENTIAL_HEADERS.iter().flat_map(|name| headers.get_all(*name)).filter_map(|value| value.to_str().ok());
        for credential in credentials {
            self.add_secret(credential);
            let Some((scheme, rest)) = credential.split_once(' ') else { continue };
            self.add_secret(rest.trim());
            if scheme.eq_ignore_ascii_case("basic")
                && let Ok(pair) = STANDARD.decode(rest.trim())
                && let Some((_, password)) = String::from_utf8_lossy(&pair).split_once(':')
            {
                self.add_secret(password);
            }
        }
    }

    /// Records a request that is about to be sent.
    pub(crate) fn begin(&self, step: &str, request: &OutboundRequest, redactor: &Redactor) -> PendingExchange {
        self.add_credentials(&request.headers);
        PendingExchange::new(step, request, redactor)
    }

    /// Records the response to a request; `None` for a body that is streamed.
    pub(crate) fn record_response(
        &self,
        pending: PendingExchange,
        status: StatusCode,
        response_headers: &HeaderMap,
        response_body: Option<&Bytes>,
        duration_ms: u64,
        redactor: &Redactor,
    ) {
        let PendingExchange(exchange) = pending;
        self.push(Exchange {
            status: Some(status.as_u16()),
            response_headers: headers(response_headers, redactor),
            response_body: response_body.map_or_else(|| Value::from("(streamed)"), |bytes| body(bytes, redactor)),
            duration_ms,
            ..exchange
        });
    }

    /// Records a request without a response.
    pub(crate) fn record_failure(&self, pending: PendingExchange, error: &str, duration_ms: u64, redactor: &Redactor) {
        let PendingExchange(exchange) = pending;
        self.push(Exchange { error: Some(redactor.text(error).into_owned()), duration_ms, ..exchange });
    }

    fn push(&self, exchange: Exchange) {
        let mut exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        if exchanges.len() < MAX_EXCHANGES {
            exchanges.push(exchange);
        }
    }
}

impl PendingExchange {
    fn new(step: &str, request: &OutboundRequest, redactor: &Redactor) -> Self {
        Self(Exchange {
            step: step.to_owned(),
            method: request.method.to_string(),
            url: redactor.text(request.url.as_str()).into_owned(),
            headers: headers(&request.headers, redactor),
            body: body(&request.body, redactor),
            status: None,
            response_headers: Map::new(),
            response_body: Value::Null,
            duration_ms: 0,
            error: None,
        })
    }
}

/// Returns headers as an object, with secrets redacted.
fn headers(headers: &HeaderMap, redactor: &Redactor) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, value) in headers {
        let hidden = value.is_sensitive() || HIDDEN_HEADERS.contains(&name.as_str());
        let text = if hidden {
            REDACTED.into()
        } else {
            redactor.text(&String::from_utf8_lossy(value.as_bytes())).into_owned()
        };
        match shown.get_mut(name.as_str()) {
            // Several values of one name become one list (RFC 9110, section 5.2).
            Some(Value::String(before)) => {
                before.push_str(", ");
                before.push_str(&text);
            }
            _ => {
                shown.insert(name.as_str().to_owned(), Value::String(text));
            }
        }
    }
    shown
}

/// Returns a body as JSON or as shortened text, with secrets redacted.
fn body(bytes: &Bytes, redactor: &Redactor) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    if bytes.len() <= MAX_BODY_BYTES
        && let Ok(mut value) = serde_json::from_slice::<Value>(bytes)
    {
        redactor.value(&mut value);
        return value;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Value::String(format!("({} bytes that are not text)", bytes.len()));
    };
    // Redacted before it is shortened: half of a secret is still a secret.
    let text = redactor.text(text);
    if text.len() <= MAX_BODY_BYTES {
        return Value::String(text.into_owned());
    }
    let end = (0..=MAX_BODY_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    Value::String(format!("{}… ({} bytes in total)", &text[..end], bytes.len()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method, StatusCode};
    use serde_json::json;

    use super::*;

    const SECRET: &str = "canary-secret-1";

    fn request() -> OutboundRequest {
        let mut sensitive = HeaderValue::from_static("other");
        sensitive.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (http::header::AUTHORIZATION, HeaderValue::from_static("Bearer x")),
            (http::HeaderName::from_static("client-secret"), sensitive),
            (http::HeaderName::from_static("x-note"), HeaderValue::from_static("has canary-secret-1 inside")),
            (http::header::ACCEPT, HeaderValue::from_static("text/html")),
            (http::header::ACCEPT, HeaderValue::from_static("text/plain")),
        ]);
        OutboundRequest {
            method: Method::POST,
            url: url::Url::parse("https://api.example/x?key=canary-secret-1&q=1").unwrap(),
            headers,
            body: Bytes::from_static(br#"{"secret":"canary-secret-1","n":1}"#),
            idempotent: false,
            certificate: None,
        }
    }

    #[test]
    fn secrets_are_redacted_before_they_are_stored() {
        let redactor = Redactor::new([SECRET].into_iter());
        let trace = Trace::default();
        let headers = HeaderMap::from_iter([(http::header::SET_COOKIE, HeaderValue::from_static("a=b"))]);
        let body = Bytes::from(format!("{}{SECRET}", "x".repeat(MAX_BODY_BYTES - 5)));
        trace.record_response(
            PendingExchange::new("one", &request(), &redactor),
            StatusCode::OK,
            &headers,
            Some(&body),
            7,
            &redactor,
        );
        trace.record_failure(
            PendingExchange::new("two", &request(), &redactor),
            "no route to canary-secret-1",
            8,
            &redactor,
        );
        let exchanges = trace.into_exchanges();
        let text = serde_json::to_string(&exchanges).unwrap();
        assert!(!text.contains("canary") && !text.contains("Bearer x") && !text.contains("a=b"), "{text}");
        assert_eq!(exchanges[0].body, json!({ "secret": "[redacted]", "n": 1 }));
        assert_eq!(exchanges[0].headers["accept"], "text/html, text/plain");
        assert_eq!((exchanges[0].status, exchanges[1].status), (Some(200), None));
    }

    #[test]
    fn credentials_of_later_requests_are_redacted_in_earlier_exchanges() {
        let (trace, redactor) = (Trace::default(), Redactor::new([SECRET].into_iter()));
        let response_body =
            Bytes::from_static(br#"{"token":"canary-session-1","note":"canary-assertion-1","ok":true}"#);
        let url = |text: &str| OutboundRequest { url: url::Url::parse(text).unwrap(), body: Bytes::new(), ..request() };
        let first = trace.begin("one", &url("https://api.example/in"), &redactor);
        trace.record_response(first, StatusCode::OK, &HeaderMap::new(), Some(&response_body), 1, &redactor);
        trace.add_secret("canary-assertion-1");
        for (credential, path) in [
            ("Bearer canary-session-1", "https://api.example/x?again=canary-session-1"),
            // user:canary-password-1
            ("Basic dXNlcjpjYW5hcnktcGFzc3dvcmQtMQ==", "https://api.example/canary-password-1"),
            ("canary-bare-1", "https://api.example/?is=canary-bare-1&true=true"),
        ] {
            let mut request = url(path);
            request.headers.insert(http::header::AUTHORIZATION, HeaderValue::from_static(credential));
            let sent = trace.begin("more", &request, &redactor);
            trace.record_failure(sent, "canary-bare-1 is refused", 1, &redactor);
        }
        let text = serde_json::to_string(&trace.into_exchanges()).unwrap();
        assert!(!text.contains("canary") && text.contains("true=true") && text.contains("\"ok\":true"), "{text}");
    }

    #[test]
    fn the_number_of_exchanges_is_limited() {
        let (trace, redactor) = (Trace::default(), Redactor::default());
        for _ in 0..150 {
            trace.record_failure(PendingExchange::new("s", &request(), &redactor), "x", 1, &redactor);
        }
        assert_eq!(trace.into_exchanges().len(), MAX_EXCHANGES);
    }
}

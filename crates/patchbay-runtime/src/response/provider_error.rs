//! Turns a provider's error response into an error with the provider's own message.

use patchbay_connector::json_tree;
use patchbay_egress::{InboundResponse, display_url, header_text, insufficient_scopes, retry_delay};
use patchbay_model::{Clock, whole_seconds};
use serde_json::Value;

use super::{
    headers::{charset, content_type},
    oauth_problem::{OAuthProblem, ProblemParty},
};
use crate::{
    Error, ErrorCode, ProviderFailure,
    granted_scopes::not_granted,
    protocols::xml::{self, ElementNames},
    redaction::{errors::redact_error, redactor::Redactor, shorten::shortened},
};

/// The maximum length of a provider's body that an error contains as an object, in bytes.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// The maximum length of a body that is read as text, in bytes. It is shortened further once it is redacted ([`redact_error`]).
const MAX_READ_BYTES: usize = 512 * 1024;
/// The maximum length of a provider's message within ours, in characters.
const MAX_MESSAGE_CHARS: usize = 300;
/// The response headers that an error contains.
const FORWARDED_HEADERS: [&str; 6] =
    ["content-type", "retry-after", "x-request-id", "request-id", "x-correlation-id", "x-ratelimit-remaining"];

/// Returns the error of a provider's error response. 401 becomes `AccountInvalidCredentialsError`, unless a provider with
/// OAuth 1.0a reports another problem. 403 becomes `AccountMissingScopesError` (412) if the response names missing scopes.
/// Every other status remains unchanged in a `ProviderError`. The secrets of `redactor` are redacted.
pub fn provider_error(clock: &dyn Clock, provider: &str, response: &InboundResponse, redactor: &Redactor) -> Error {
    let status = response.status.as_u16();
    let body = error_body(response);
    let problem = OAuthProblem::from_response(response).filter(|_| matches!(status, 400 | 401 | 403));
    let detail = provider_message(&body, redactor).map(|detail| format!(": {detail}")).unwrap_or_default();
    let wanted = insufficient_scopes(response.status, &response.headers);
    let failure = ProviderFailure {
        status: Some(status),
        url: display_url(&response.url),
        body,
        headers: FORWARDED_HEADERS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), header_text(response.headers.get(*name)?).into_owned())))
            .collect(),
        wanted_scopes: wanted.clone().unwrap_or_default(),
    };
    let error = match (status, &problem) {
        (_, Some(problem)) => {
            let message = format!("{provider} {}", problem.sentence(clock.now(), redactor));
            match problem.party() {
                ProblemParty::Neither => Error::provider(status, message),
                _ => Error::new(ErrorCode::AccountInvalidCredentials, message),
            }
        }
        (401, None) => Error::new(
            ErrorCode::AccountInvalidCredentials,
            format!("{provider} rejected the account's credentials{detail}"),
        ),
        (300..=399, None) => Error::new(
            ErrorCode::ProviderRedirect,
            format!("{provider} responded with the redirect {status} without a `Location`"),
        ),
        (_, None) => match &wanted {
            Some(wanted) => Error::new(ErrorCode::AccountMissingScopes, not_granted(provider, "this", wanted)),
            None => Error::provider(status, format!("{provider} responded with {status}{detail}")),
        },
    };
    let error = redact_error(error.with_provider(failure), redactor);
    match retry_delay(response.status, &response.headers, clock) {
        Some(wait) => error.with_retry_after(whole_seconds(wait)),
        None => error,
    }
}

/// Returns the body of an error response: an object if it is JSON or XML and not too long, otherwise text.
pub(crate) fn error_body(response: &InboundResponse) -> Value {
    if response.body.len() <= MAX_BODY_BYTES
        && xml::is_xml(&xml::media_type(&content_type(response)))
        && let Ok(value) = xml::read(&response.body, charset(response).as_deref(), ElementNames::Local)
    {
        return value;
    }
    body_for_display(&response.text_body())
}

/// Returns a body as JSON if it is JSON and not too long, otherwise as text. A long text is shortened only when it is redacted.
pub(crate) fn body_for_display(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if body.len() <= MAX_BODY_BYTES
        && let Ok(value) = json_tree::from_slice(body)
    {
        return value;
    }
    Value::String(String::from_utf8_lossy(&body[..body.len().min(MAX_READ_BYTES)]).into_owned())
}

/// Returns the provider's own message, also from within the root element of a document, redacted and then shortened.
pub fn provider_message(body: &Value, redactor: &Redactor) -> Option<String> {
    let root = body.as_object().filter(|members| members.len() == 1).and_then(|members| members.values().next());
    let message = message_in(root.filter(|root| root.is_object()).unwrap_or(body))?;
    Some(shortened(&message, MAX_MESSAGE_CHARS, redactor))
}

/// The members in which providers send messages, in the order in which they are searched.
const MESSAGE_MEMBERS: [&str; 9] =
    ["detail", "message", "error_description", "error", "title", "errorMessages", "errors", "Message", "Error"];

/// Returns true if a member contains no message: Jira, for example, sends `"errors": {}` beside its messages.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Returns the message in a body or in an object of it.
fn message_in(body: &Value) -> Option<String> {
    let message = match body {
        Value::String(text) if !text.trim_start().starts_with('<') => text.clone(),
        Value::Object(members) => {
            let found = MESSAGE_MEMBERS.iter().find_map(|key| members.get(*key).filter(|value| !is_empty(value)));
            match found {
                Some(Value::String(text)) => text.clone(),
                Some(nested @ Value::Object(_)) => return message_in(nested),
                Some(other) => other.to_string(),
                // Errors by field: {"file_name": ["This field is required."]}
                None => Value::Object(members.clone()).to_string(),
            }
        }
        Value::Array(items) if !items.is_empty() => body.to_string(),
        _ => return None,
    };
    let message = message.trim();
    (!message.is_empty()).then(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_providers_message_is_found() {
        let message = |body: Value| message_in(&body);
        assert_eq!(message(json!({"detail": "Not found."})).as_deref(), Some("Not found."));
        assert_eq!(message(json!({"error": {"message": "bad"}})).as_deref(), Some("bad"));
        assert_eq!(message(json!({"file_name": ["Required."]})).as_deref(), Some(r#"{"file_name":["Required."]}"#));
        let missing = json!({"errorMessages": ["Issue does not exist."], "errors": {}});
        assert_eq!(message(missing).as_deref(), Some(r#"["Issue does not exist."]"#));
        let invalid = json!({"errorMessages": [], "errors": {"summary": "Enter a summary."}});
        assert_eq!(message(invalid).as_deref(), Some(r#"{"summary":"Enter a summary."}"#));
        assert_eq!(message(json!("<html>")), None);
        assert_eq!(message(Value::Null), None);
        let long = provider_message(&json!({"message": "x".repeat(1000)}), &Redactor::default());
        assert_eq!(long.unwrap().chars().count(), MAX_MESSAGE_CHARS + 1);
    }

    #[test]
    fn a_message_is_redacted_before_it_is_shortened() {
        let redactor = Redactor::new(["canary-secret"].into_iter());
        for secret in ["canary-secret", "4111111111111111"] {
            for place in MAX_MESSAGE_CHARS - 16..=MAX_MESSAGE_CHARS {
                let body = json!({"message": format!("{} {secret} and more", "x".repeat(place))});
                let message = provider_message(&body, &redactor).unwrap();
                let kept = crate::redact_secrets(&message).into_owned();
                assert!(!kept.contains("can") && !kept.contains('4'), "{message}");
            }
        }
    }

    #[test]
    fn long_bodies_are_shortened_between_characters() {
        let body = body_for_display("ü".repeat(MAX_BODY_BYTES).as_bytes());
        let failure = ProviderFailure { body, ..ProviderFailure::default() };
        let error = Error::provider(500, String::new()).with_provider(failure);
        let Value::String(text) = redact_error(error, &Redactor::default()).provider.unwrap().body else { panic!() };
        assert!(text.ends_with("ü… (shortened)") && text.len() < MAX_BODY_BYTES + 32);
        assert_eq!(body_for_display(b""), Value::Null);
        assert_eq!(body_for_display(b"{\"a\":1}"), json!({"a": 1}));
    }
}

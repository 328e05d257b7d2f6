//! Errors in words: what an expression lacked, what a provider said.

use patchbay_egress::{InboundResponse, display_url, insufficient_scopes, retry_delay};
use patchbay_model::Clock;
use serde_json::Value;

use super::{
    headers::{charset, content_type},
    oauth_problem::{OAuthProblem, ProblemParty},
};
use crate::{
    Error, ErrorCode, ProviderFailure,
    granted_scopes::not_granted,
    protocols::xml::{self, ElementNames},
};

/// The most of a provider's body that is passed on, in bytes.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// The most of a provider's sentence that is repeated in ours, in characters.
const MAX_MESSAGE_CHARS: usize = 300;
/// Headers worth passing on.
const FORWARDED_HEADERS: [&str; 6] =
    ["content-type", "retry-after", "x-request-id", "request-id", "x-correlation-id", "x-ratelimit-remaining"];

/// What a provider's error status means to the caller. 401 says that the account's credentials are
/// refused, unless a provider that speaks OAuth 1.0a says that something else is wrong, 403 may say that its token has
/// too few scopes; every other status is passed on as it is.
pub fn provider_error(clock: &dyn Clock, provider: &str, incoming: &InboundResponse) -> Error {
    let status = incoming.status.as_u16();
    let body = error_body(incoming);
    let problem = OAuthProblem::from_response(incoming).filter(|_| matches!(status, 400 | 401 | 403));
    let detail = provider_message(&body).map(|detail| format!(": {detail}")).unwrap_or_default();
    let wanted = insufficient_scopes(incoming.status, &incoming.headers);
    let failure = ProviderFailure {
        status: Some(status),
        url: display_url(&incoming.url),
        body,
        headers: FORWARDED_HEADERS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), incoming.headers.get(*name)?.to_str().ok()?.to_owned())))
            .collect(),
        wanted_scopes: wanted.clone().unwrap_or_default(),
    };
    let error = match (status, &problem) {
        (_, Some(problem)) => {
            let message = format!("{provider} {}", problem.sentence(clock.now()));
            match problem.party() {
                ProblemParty::Neither => Error::provider(status, message),
                _ => Error::new(ErrorCode::AccountInvalidCredentials, message),
            }
        }
        (401, None) => Error::new(
            ErrorCode::AccountInvalidCredentials,
            format!("{provider} refused the account's credentials{detail}"),
        ),
        (300..=399, None) => {
            Error::new(ErrorCode::ProviderRedirect, format!("{provider} answered {status} without a place to go to"))
        }
        (_, None) => match &wanted {
            Some(wanted) => Error::new(ErrorCode::AccountMissingScopes, not_granted(provider, "this", wanted)),
            None => Error::provider(status, format!("{provider} answered {status}{detail}")),
        },
    };
    let error = error.with_provider(failure);
    match retry_delay(incoming.status, &incoming.headers, clock) {
        // Rounded up: who comes back then is in time.
        Some(wait) => error.with_retry_after(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
        None => error,
    }
}

/// What an answer says: an object where it is JSON or XML and not too long, else shortened text.
pub fn error_body(incoming: &InboundResponse) -> Value {
    if incoming.body.len() <= MAX_BODY_BYTES
        && xml::is_xml(&xml::media_type(content_type(incoming)))
        && let Ok(value) = xml::read(&incoming.body, charset(incoming), ElementNames::Local)
    {
        return value;
    }
    body_for_display(&incoming.body)
}

/// A body as JSON where it is JSON and not too long, else as shortened text.
pub fn body_for_display(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if body.len() <= MAX_BODY_BYTES
        && let Ok(value) = serde_json::from_slice(body)
    {
        return value;
    }
    let mut end = body.len().min(MAX_BODY_BYTES);
    let text = loop {
        match std::str::from_utf8(&body[..end]) {
            Ok(text) => break text.to_owned(),
            Err(error) if error.valid_up_to() + 4 > end => end = error.valid_up_to(),
            Err(_) => break String::from_utf8_lossy(&body[..end]).into_owned(),
        }
    };
    Value::String(if end < body.len() { format!("{text}… (shortened)") } else { text })
}

/// The provider's own words, also where they stand in a document's root element.
pub fn provider_message(body: &Value) -> Option<String> {
    match body.as_object().filter(|members| members.len() == 1).and_then(|members| members.values().next()) {
        Some(root @ Value::Object(_)) => message_in(root),
        _ => message_in(body),
    }
}

fn message_in(body: &Value) -> Option<String> {
    let words = match body {
        Value::String(text) if !text.trim_start().starts_with('<') => text.clone(),
        Value::Object(members) => {
            let found = ["detail", "message", "error_description", "error", "title", "errors", "Message", "Error"]
                .iter()
                .find_map(|key| members.get(*key).filter(|value| !value.is_null()));
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
    let words = words.trim();
    if words.is_empty() {
        return None;
    }
    let short = words.chars().take(MAX_MESSAGE_CHARS).collect::<String>();
    Some(if short.len() < words.len() { format!("{short}…") } else { short })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_providers_own_words_are_found() {
        let message = |body: Value| message_in(&body);
        assert_eq!(message(json!({"detail": "Not found."})).as_deref(), Some("Not found."));
        assert_eq!(message(json!({"error": {"message": "bad"}})).as_deref(), Some("bad"));
        assert_eq!(message(json!({"file_name": ["Required."]})).as_deref(), Some(r#"{"file_name":["Required."]}"#));
        assert_eq!(message(json!("<html>")), None);
        assert_eq!(message(Value::Null), None);
        assert_eq!(message(json!({"message": "x".repeat(1000)})).unwrap().chars().count(), MAX_MESSAGE_CHARS + 1);
    }

    #[test]
    fn long_bodies_are_shortened_between_characters() {
        let Value::String(text) = body_for_display("ü".repeat(MAX_BODY_BYTES).as_bytes()) else { panic!() };
        assert!(text.ends_with("ü… (shortened)") && text.len() < MAX_BODY_BYTES + 32);
        assert_eq!(body_for_display(b""), Value::Null);
        assert_eq!(body_for_display(b"{\"a\":1}"), json!({"a": 1}));
    }
}

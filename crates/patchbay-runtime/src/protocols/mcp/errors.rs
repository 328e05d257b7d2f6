//! Errors of MCP servers, with the server's message if it has one.

use patchbay_egress::{InboundResponse, display_url};
use patchbay_mcp::RpcError;
use patchbay_model::Clock;
use serde_json::Value;

use crate::{
    Error, ErrorCode, ProviderFailure,
    redaction::{redactor::Redactor, shorten::shortened},
    response::provider_error::{body_for_display, provider_error},
};

/// The maximum length of a server's message in an error, in characters.
const MAX_MESSAGE_CHARS: usize = 300;

/// Returns the error for a JSON-RPC error. An HTTP error status takes precedence over the JSON-RPC code. `subject` is the
/// request that failed.
pub(super) fn rpc(
    clock: &dyn Clock,
    provider: &str,
    subject: &str,
    response: &InboundResponse,
    error: &RpcError,
    redactor: &Redactor,
) -> Error {
    let mut mapped = provider_error(clock, provider, response, redactor);
    if mapped.code.status() == 401 || mapped.code == ErrorCode::AccountMissingScopes {
        return mapped;
    }
    if response.status.is_success() {
        mapped.set_status(match error.code {
            // The caller's arguments do not match the tool's schema.
            RpcError::INVALID_PARAMS => 400,
            RpcError::METHOD_NOT_FOUND => 404,
            _ => 502,
        });
    }
    mapped.message =
        format!("{provider} rejected {subject}: {} (JSON-RPC error {})", shorten(&error.message, redactor), error.code);
    mapped
}

/// Returns the 502 for a response that is not a response to the request. `found` is a noun phrase for its
/// content.
pub(super) fn invalid_response(provider: &str, response: &InboundResponse, found: &str) -> Error {
    let message = format!("{provider} responded with {} and {found}", response.status.as_u16());
    Error::new(ErrorCode::ProviderInvalidResponse, message).with_provider(failure(response))
}

/// Returns the 422 for a tool that reported an error (`isError`).
pub(crate) fn tool_failed(
    provider: &str,
    tool: &str,
    message: &str,
    result: &Value,
    url: &url::Url,
    redactor: &Redactor,
) -> Error {
    let message = format!("{provider}: the tool `{tool}` failed: {}", shorten(message, redactor));
    let failure = ProviderFailure {
        status: Some(200),
        url: display_url(url),
        body: body_for_display(result.to_string().as_bytes()),
        ..ProviderFailure::default()
    };
    Error::provider(422, message).with_provider(failure)
}

/// Returns the provider's response for an error.
fn failure(response: &InboundResponse) -> ProviderFailure {
    let kind = response.headers.get(http::header::CONTENT_TYPE).map(patchbay_egress::header_text);
    ProviderFailure {
        status: Some(response.status.as_u16()),
        url: display_url(&response.url),
        body: body_for_display(&response.text_body()),
        headers: kind.map(|kind| ("content-type".to_owned(), kind.into_owned())).into_iter().collect(),
        ..ProviderFailure::default()
    }
}

/// Redacts a server's message, then shortens it.
fn shorten(text: &str, redactor: &Redactor) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "no reason given".to_owned();
    }
    shortened(text, MAX_MESSAGE_CHARS, redactor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_redacted_before_it_is_shortened() {
        let redactor = Redactor::new(["canary-secret"].into_iter());
        let url = url::Url::parse("https://mcp.example.com/").unwrap();
        for secret in ["canary-secret", "4111111111111111"] {
            for place in MAX_MESSAGE_CHARS - 16..=MAX_MESSAGE_CHARS {
                let text = format!("{} {secret} and more", "x".repeat(place));
                let error = tool_failed("Acme", "run", &text, &Value::Null, &url, &redactor);
                let kept = crate::redact_secrets(&error.message).into_owned();
                assert!(!kept.contains("can") && !kept.contains('4'), "{}", error.message);
            }
        }
    }
}

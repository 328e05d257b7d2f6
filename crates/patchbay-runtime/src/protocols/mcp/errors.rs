//! Errors of MCP servers, with the server's message if it has one.

use patchbay_egress::{InboundResponse, display_url};
use patchbay_model::Clock;
use serde_json::Value;

use super::message::{METHOD_NOT_FOUND, RpcError};
use crate::{
    Error, ErrorCode, ProviderFailure,
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
) -> Error {
    let mut mapped = provider_error(clock, provider, response);
    if mapped.code.status() == 401 || mapped.code == ErrorCode::AccountMissingScopes {
        return mapped;
    }
    if response.status.is_success() {
        mapped.set_status(match error.code {
            // Invalid params: the caller's arguments do not match the tool's schema.
            -32602 => 400,
            METHOD_NOT_FOUND => 404,
            _ => 502,
        });
    }
    mapped.message =
        format!("{provider} rejected {subject}: {} (JSON-RPC error {})", shorten(&error.message), error.code);
    mapped
}

/// Returns the 502 for a response that is not a response to the request. `found` is a noun phrase for its
/// content.
pub(super) fn invalid_response(provider: &str, response: &InboundResponse, found: &str) -> Error {
    let message = format!("{provider} responded with {} and {found}", response.status.as_u16());
    Error::new(ErrorCode::ProviderInvalidResponse, message).with_provider(failure(response))
}

/// Returns the 422 for a tool that reported an error (`isError`).
pub(crate) fn tool_failed(provider: &str, tool: &str, message: &str, result: &Value, url: &url::Url) -> Error {
    let message = format!("{provider}: the tool `{tool}` failed: {}", shorten(message));
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

/// Shortens a server's message.
fn shorten(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "no reason given".to_owned();
    }
    let short = text.chars().take(MAX_MESSAGE_CHARS).collect::<String>();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

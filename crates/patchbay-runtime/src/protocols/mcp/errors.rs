//! What goes wrong with an MCP server, in its own words where it has some.

use patchbay_egress::{InboundResponse, display_url};
use patchbay_model::Clock;
use serde_json::Value;

use super::message::RpcError;
use crate::{
    Error, ErrorCode, ProviderFailure,
    response::provider_error::{body_for_display, provider_error},
};

/// The most of a server's words that is repeated in ours, in characters.
const MAX_MESSAGE_CHARS: usize = 300;

/// A JSON-RPC error. What HTTP's status says counts where it is an error; else the code decides.
pub(super) fn rpc(
    clock: &dyn Clock,
    provider: &str,
    what: &str,
    incoming: &InboundResponse,
    error: &RpcError,
) -> Error {
    let mut error_out = provider_error(clock, provider, incoming);
    if error_out.code.status() == 401 || error_out.code == ErrorCode::AccountMissingScopes {
        return error_out;
    }
    if incoming.status.is_success() {
        error_out.set_status(match error.code {
            // Invalid params: the caller's arguments, as the tool's schema has them.
            -32602 => 400,
            // Method not found.
            -32601 => 404,
            _ => 502,
        });
    }
    error_out.message =
        format!("{provider} refused {what}: {} (JSON-RPC error {})", shorten(&error.message), error.code);
    error_out
}

/// An answer that is no answer.
pub(super) fn invalid_response(provider: &str, incoming: &InboundResponse, why: &str) -> Error {
    let message = format!("{provider} answered with {why}");
    Error::new(ErrorCode::ProviderInvalidResponse, message).with_provider(failure(incoming))
}

/// A tool that ran and failed (`isError`).
pub fn tool_failed(provider: &str, tool: &str, message: &str, result: &Value, url: &url::Url) -> Error {
    let message = format!("{provider}: the tool `{tool}` failed: {}", shorten(message));
    let failure = ProviderFailure {
        status: Some(200),
        url: display_url(url),
        body: body_for_display(result.to_string().as_bytes()),
        ..ProviderFailure::default()
    };
    Error::provider(422, message).with_provider(failure)
}

fn failure(incoming: &InboundResponse) -> ProviderFailure {
    let kind = incoming.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    ProviderFailure {
        status: Some(incoming.status.as_u16()),
        url: display_url(&incoming.url),
        body: body_for_display(&incoming.body),
        headers: kind.map(|kind| ("content-type".to_owned(), kind.to_owned())).into_iter().collect(),
        ..ProviderFailure::default()
    }
}

fn shorten(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "it gave no reason".to_owned();
    }
    let short = text.chars().take(MAX_MESSAGE_CHARS).collect::<String>();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

//! The origin of a call, for the logs.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use patchbay_engine::{CallOrigin, Caller, RequestOrigin};

use super::Authenticated;
use crate::{error::ApiError, limits::ClientAddress, state::AppState};

/// The longest text of a client that the logs keep, in bytes.
const MAX_TEXT_BYTES: usize = 200;

/// The id of a request, in its extensions: the client's own, or the one that this server gives. The response has it too.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) HeaderValue);

/// The authenticated caller of a route whose calls are logged, with the request as their origin.
pub(crate) struct LoggedCaller(pub(crate) Arc<Caller>);

impl axum::extract::FromRequestParts<AppState> for LoggedCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        let origin = request_origin(parts, state);
        let origin = CallOrigin { source: caller.origin.source, request: Some(Arc::new(origin)) };
        Ok(Self(Arc::new(caller.with_origin(origin))))
    }
}

/// Returns what the logs keep of a request.
fn request_origin(parts: &Parts, state: &AppState) -> RequestOrigin {
    let headers = &parts.headers;
    RequestOrigin {
        user_agent: text(headers, &header::USER_AGENT),
        ip_address: Some(ClientAddress::of(&parts.extensions, headers, &state.config.trusted_proxies).0),
        request_id: parts.extensions.get::<RequestId>().and_then(|id| kept(&id.0)),
        ..RequestOrigin::default()
    }
}

/// Returns what the logs keep of a request of an agent, whose session and transport belong to the protocol.
pub(crate) fn mcp_origin(parts: &Parts, state: &AppState) -> RequestOrigin {
    RequestOrigin {
        session_id: text(&parts.headers, &HeaderName::from_static("mcp-session-id")),
        transport: Some("http".to_owned()),
        ..request_origin(parts, state)
    }
}

/// Returns a header's value, redacted and then shortened; none if it is missing, empty or not ASCII.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(kept)
}

/// Returns a value of a header, redacted and then shortened; none if it is empty or not ASCII.
fn kept(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim();
    let mut kept = patchbay_engine::redact_secrets(text).into_owned();
    kept.truncate(MAX_TEXT_BYTES);
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_header_is_redacted_before_it_is_shortened() {
        for place in MAX_TEXT_BYTES - 50..=MAX_TEXT_BYTES {
            let value = format!("{} 4111111111111111 sk_live_4eC39HqLyjWDarjtT1zdp7dc", "x".repeat(place));
            let headers = HeaderMap::from_iter([
                (header::USER_AGENT, HeaderValue::from_str(&value).unwrap()),
                (HeaderName::from_static("x-request-id"), HeaderValue::from_str(&value).unwrap()),
            ]);
            for name in [header::USER_AGENT, HeaderName::from_static("x-request-id")] {
                let kept = text(&headers, &name).unwrap();
                assert!(kept.len() <= MAX_TEXT_BYTES && !kept.contains('4') && !kept.contains("sk_"), "{kept}");
            }
        }
    }
}

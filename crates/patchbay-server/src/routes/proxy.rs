//! The raw proxy.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use patchbay_engine::{Engine, ProxyReply};

use super::{file, heartbeat};
use crate::{
    dto::{
        actions::FileBytes,
        errors::ErrorOut,
        proxy::{ProxyResponseOut, SendProxied},
        responses::{BodyErrors, KeyErrors, ProviderErrors},
    },
    error::ApiError,
    extract::{AccountHeader, DataJson, LoggedCaller, RateLimitWait},
};

/// The header with the provider's status of a response whose body is a file.
const PROVIDER_STATUS: HeaderName = HeaderName::from_static("x-provider-status");

/// Sends a request to the provider with the account's credentials.
///
/// The response contains the provider's status, headers and body, whatever the status is. A body that is not text (an
/// image, a PDF) is the whole response, under its own content type, with the provider's status in `x-provider-status`. The
/// request can only go to the connector's own host. Scope: `actions:execute`.
#[utoipa::path(
    post, path = "/unified/proxy", tag = "Proxy", operation_id = "proxy_send", request_body = SendProxied,
    params(
        ("x-account-id" = Option<String>, Header, nullable = false, description = "The account to act with. If absent, `x-account-id` in the `headers` of the body; the header wins.", example = "V1StGXR8z5jdHi6BmyT1x"),
        ("prefer" = Option<String>, Header, nullable = false, description = "With `heartbeat` a line break is sent every few seconds while the provider has not responded. The status is then always 200, and an error is in the body.", example = "heartbeat"),
        ("x-rate-limit-wait" = Option<u64>, Header, nullable = false, description = "The longest time in milliseconds that a rate limit may delay the request to the provider; with `0` a limit responds at once with 429. If absent, the time limit of the call."),
    ),
    responses(
        KeyErrors, BodyErrors, ProviderErrors,
        (status = 200, content((ProxyResponseOut = "application/json"), (FileBytes = "application/octet-stream")), description = "The provider's response, or its file."),
        (status = 412, description = "The account is suspended or must be reconnected, or its connector profile is disabled.", body = ErrorOut),
    )
)]
pub(crate) async fn send(
    State(engine): State<Engine>,
    LoggedCaller(caller): LoggedCaller,
    account: AccountHeader,
    RateLimitWait(max_rate_limit_wait): RateLimitWait,
    headers: HeaderMap,
    DataJson(body, memory): DataJson<SendProxied>,
) -> Result<Response, ApiError> {
    // The body is kept as a text, which reserves its own memory.
    drop(memory);
    let account_id = account.or_of_body(body.headers())?;
    let request = body.into_request(account_id)?;
    if !heartbeat::is_preferred(&headers) {
        return Ok(match engine.proxy.run_streaming(&caller, request, max_rate_limit_wait).await? {
            ProxyReply::Value(outcome) => {
                ([(header::CONTENT_TYPE, "application/json")], ProxyResponseOut::to_json(&outcome)?).into_response()
            }
            ProxyReply::File(found) => {
                let mut response = file::bytes(&found.metadata, found.content);
                response.headers_mut().insert(PROVIDER_STATUS, HeaderValue::from(found.status));
                response
            }
        });
    }
    Ok(heartbeat::respond(async move {
        let outcome = engine.proxy.run_within(&caller, request, max_rate_limit_wait).await?;
        ProxyResponseOut::to_json(&outcome)
    }))
}

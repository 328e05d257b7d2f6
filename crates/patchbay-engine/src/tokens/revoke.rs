//! Revokes an account's credentials at the provider: by the connector's own action, or at the revocation endpoint
//! (RFC 7009).

use http::StatusCode;
use patchbay_connector::definition::{Action, AuthKind, AuthMethod, Authorization, OAuth2};
use tokio::time::Instant;

use super::{
    token_context::TokenContext,
    token_error,
    token_request::{
        EndpointRequest, EndpointSource, FormParameters, TokenClient, certificate, discovered_server,
        needs_authorization, run_context,
    },
    token_response::{self, ACCESS_TOKEN, REFRESH_TOKEN},
};
use crate::{Error, ErrorCode};
use patchbay_runtime::{self as runtime, IntoError as _, RawInputs, Revocation};

/// Checks whether a method's credentials may be revocable. An MCP server announces its revocation endpoint in discovery.
/// Credentials that customers entered themselves cannot be revoked here.
pub(crate) fn can_revoke(method: &AuthMethod) -> bool {
    let has_endpoint =
        matches!(&method.authorization, Authorization::OAuth2(oauth2) if oauth2.revocation_url.is_some());
    method.revoke.is_some() || method.kind == AuthKind::Mcp || (needs_authorization(method) && has_endpoint)
}

/// Revokes an account's credentials, until `deadline`.
///
/// # Errors
/// 500 `ConnectorError`; the provider's errors when it did not confirm.
pub(crate) async fn revoke(
    client: TokenClient<'_>,
    token_context: &TokenContext<'_>,
    deadline: Instant,
) -> Result<Revocation, Error> {
    let method = token_context.method;
    if !can_revoke(method) {
        return Ok(Revocation::Unsupported);
    }
    if needs_authorization(method) && token_to_revoke(token_context).is_none() {
        return Ok(Revocation::Nothing);
    }
    match (&method.revoke, &method.authorization) {
        (Some(action), _) => revoke_by_action(client, token_context, action, deadline).await,
        (None, Authorization::OAuth2(oauth2)) => revoke_at_endpoint(client, token_context, oauth2, deadline).await,
        (None, _) => Ok(Revocation::Unsupported),
    }
}

/// Returns the token to revoke and its type hint: the refresh token if there is one, because its revocation revokes the
/// access tokens too (RFC 7009, section 2.1).
fn token_to_revoke<'a>(token_context: &'a TokenContext<'_>) -> Option<(&'a str, &'static str)> {
    let refresh = token_context.credentials.text(REFRESH_TOKEN).map(|token| (token, "refresh_token"));
    refresh.or_else(|| Some((token_context.credentials.text(ACCESS_TOKEN)?, "access_token")))
}

async fn revoke_by_action(
    client: TokenClient<'_>,
    token_context: &TokenContext<'_>,
    action: &Action,
    deadline: Instant,
) -> Result<Revocation, Error> {
    let run = run_context(client, token_context, deadline);
    let inputs = runtime::check_inputs(action, RawInputs::default())?;
    runtime::run(client.host, run, action, &inputs).await.map(|_| Revocation::Confirmed)
}

async fn revoke_at_endpoint(
    client: TokenClient<'_>,
    token_context: &TokenContext<'_>,
    oauth2: &OAuth2,
    deadline: Instant,
) -> Result<Revocation, Error> {
    let title = &token_context.connector.title;
    let broken = |why: &str| {
        let message = format!("the connector {title} cannot revoke a token by `{}`: {why}", token_context.method.key);
        Error::new(ErrorCode::Connector, message)
    };
    let server = discovered_server(token_context);
    let found = server.as_ref().and_then(|server| Some((server, server.revocation_url.as_deref()?)));
    let source = match (&oauth2.revocation_url, found) {
        // The connector's definition takes precedence over discovery.
        (Some(source), _) => EndpointSource::Configured(source),
        (None, Some((server, url))) => EndpointSource::DiscoveredRevocation(server, url),
        (None, None) => return Ok(Revocation::Unsupported),
    };
    let (token, hint) = token_to_revoke(token_context).ok_or_else(|| broken("the account has no token"))?;
    let mut form = FormParameters::default();
    form.set("token", token.to_owned());
    form.set("token_type_hint", hint.to_owned());
    let endpoint = EndpointRequest {
        source,
        name: "revocationUrl",
        form,
        reserved: &[],
        scopes: None,
        params: &oauth2.revocation_params,
    };
    let mut request = endpoint.request(client, token_context, oauth2).map_err(|why| broken(&why))?;
    request.certificate = certificate(client, token_context)?;
    let mut redactor = token_context.credentials.redactor();
    if let Some(server) = &server {
        server.add_secrets_to(&mut redactor);
    }
    let sent = client.host.http.send(request, deadline).await;
    let incoming = sent.map_err(|failure| runtime::redact_error(failure.into_error(title), &redactor))?;
    let body = token_response::parse_body(&incoming.body);
    let code = body.as_ref().and_then(token_error::error_code);
    match (incoming.status, code) {
        (status, None) if status.is_success() => Ok(Revocation::Confirmed),
        // An unknown token: RFC 7009, section 2.2, prescribes 200, but some providers report it.
        (StatusCode::OK | StatusCode::BAD_REQUEST, Some("invalid_token" | "token_revoked")) => {
            Ok(Revocation::Confirmed)
        }
        (_, code) => {
            let mut error = runtime::provider_error(client.host.clock(), title, &incoming, &redactor);
            if let Some(code) = code {
                error.message = format!("{title} returned the error {code}");
            }
            if incoming.status.is_success() {
                error.set_status(502);
            }
            Err(runtime::redact_error(error, &redactor))
        }
    }
}

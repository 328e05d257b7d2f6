//! OAuth 1.0a (RFC 5849, section 2), in three steps:
//!
//! 1. A signed request with the callback URL gets a request token ([`request`]).
//! 2. The browser goes to the provider with the request token, and comes back with it and a verifier.
//! 3. Both are exchanged for the token and its secret, which sign all requests from then on.
//!
//! `state` is in the query of the callback URL. A provider that drops that query still sends the request token, whose
//! hash finds the `state` ([`state_lookup`]).

mod request;
mod state_lookup;

use patchbay_connector::{
    definition::{Authorization, OAuth1Flow},
    expr::Escape,
};
use patchbay_egress::extend_query;
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use zeroize::Zeroize;

use self::request::{OAuth1TokenRequest, TokenStep};
pub(super) use self::state_lookup::find_state;
use super::{
    callback::{AuthorizationCallback, denied, profile_changed, refused},
    protocol::{AuthorizationRequest, CallbackContext, ProtocolState, Redirect},
};
use crate::{
    Error, ErrorCode,
    linking::verify::no_token,
    tokens::{
        token_error::TokenError,
        token_request::TokenFailure,
        token_response::{self, TokenSet},
    },
};

/// A request token and its secret ("temporary credentials" in RFC 5849). The callback must bring the same token.
#[derive(Serialize, Deserialize, Zeroize)]
pub(super) struct RequestToken {
    token: String,
    secret: String,
}

/// The prefix of the protocol's own parameters (RFC 5849, section 3.1).
const PROTOCOL_PREFIX: &str = "oauth_";

/// Gets a request token and returns the authorization URL for it.
///
/// # Errors
/// 500 `ConnectorError`; 502 `TokenAnswerError` for a response without a request token, or of OAuth 1.0 before
/// revision A; the provider's errors.
pub(super) async fn start(request: &AuthorizationRequest<'_>, flow: &OAuth1Flow) -> Result<Redirect, Error> {
    let token = request_token(request, flow).await?;
    let location = authorization_url(request, flow, &token).map_err(|why| request.connector_error(&why))?;
    state_lookup::store(request, &token).await?;
    Ok(Redirect { location, protocol: ProtocolState::OAuth1(token) })
}

async fn request_token(request: &AuthorizationRequest<'_>, flow: &OAuth1Flow) -> Result<RequestToken, Error> {
    let token_context = &request.token_context;
    let title = &token_context.connector.title;
    let callback = callback_url(request).map_err(|why| request.connector_error(&why))?;
    let request = OAuth1TokenRequest { oauth: request.oauth, token_context, flow };
    let response = request.send(&TokenStep::RequestToken { callback: &callback }).await;
    let response = response.map_err(|failure| no_token(failure, token_context.profile, token_context.method))?;
    let text = |name: &str| response.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(token), Some(secret)) = (text("oauth_token"), text("oauth_token_secret")) else {
        return Err(invalid_response(title, "contains no request token"));
    };
    // Section 2.1. Without it the provider speaks OAuth 1.0 before revision A, in which an attacker can have a victim
    // finish an authorization that the attacker started (OAuth Security Advisory 2009.1).
    if !text("oauth_callback_confirmed").is_some_and(|confirmed| confirmed.eq_ignore_ascii_case("true")) {
        return Err(invalid_response(
            title,
            "has no `oauth_callback_confirmed`: OAuth 1.0 before revision A is not supported, because it lets an \
             attacker link another person's account",
        ));
    }
    Ok(RequestToken { token: token.to_owned(), secret: secret.to_owned() })
}

fn invalid_response(title: &str, why: &str) -> Error {
    Error::new(ErrorCode::TokenAnswer, format!("{title}'s request token response {why}"))
}

/// Returns the redirect URI with `state`.
fn callback_url(request: &AuthorizationRequest<'_>) -> Result<String, String> {
    let mut url = Url::parse(request.redirect_uri).map_err(|error| format!("the redirect URI is invalid: {error}"))?;
    extend_query(&mut url, [("state", request.state.expose())]);
    Ok(url.into())
}

/// Builds the authorization URL (RFC 5849, section 2.2).
fn authorization_url(
    request: &AuthorizationRequest<'_>,
    flow: &OAuth1Flow,
    token: &RequestToken,
) -> Result<Url, String> {
    let mut url = request.eval_url(&flow.authorization_url, "authorizationUrl")?;
    let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for (name, value) in &flow.authorization_params {
        if let Some(value) = request.eval_text(value, Escape::None)?.filter(|value| !value.is_empty()) {
            query.retain(|(known, _)| known != name);
            query.push((name.clone(), value));
        }
    }
    // A connector cannot replace the parameters that the callback is checked by, nor the callback URL.
    query.retain(|(name, _)| !name.starts_with(PROTOCOL_PREFIX));
    query.push(("oauth_token".to_owned(), token.token.clone()));
    url.set_query(None);
    extend_query(&mut url, &query);
    Ok(url)
}

/// Checks the callback and exchanges its verifier for a token (RFC 5849, section 2.3).
///
/// # Errors
/// 400 `SignInDeniedError` when the callback reports an error, 400 `SignInRefusedError` when it does not belong to
/// this authorization; 502 `TokenAnswerError` for a response without a token; the provider's errors.
pub(super) async fn finish(context: &CallbackContext<'_>, request_token: &RequestToken) -> Result<TokenSet, Error> {
    let CallbackContext { oauth, token_context, callback, .. } = context;
    let Authorization::OAuth1(flow) = &token_context.method.authorization else { return Err(profile_changed()) };
    if let Some(error) = callback_error(callback) {
        return Err(error);
    }
    let text = |name: &str| callback.get(name).filter(|text| !text.is_empty());
    let Some(token) = text("oauth_token") else {
        return Err(refused("the provider's callback has no token; start again in the Hub"));
    };
    if *token != Secret::new(request_token.token.as_str()) {
        return Err(refused("the provider's callback belongs to another authorization; start again in the Hub"));
    }
    let Some(verifier) = text("oauth_verifier") else {
        return Err(refused(
            "the provider's callback has no verifier, so it does not prove who allowed access; start again in the Hub",
        ));
    };
    let step = TokenStep::AccessToken {
        token: &request_token.token,
        secret: &request_token.secret,
        verifier: verifier.expose(),
    };
    let failed = |failure| no_token(failure, token_context.profile, token_context.method);
    let body = OAuth1TokenRequest { oauth, token_context, flow }.send(&step).await.map_err(failed)?;
    let Some(mut token_set) = token_response::from_oauth1(&body, flow) else {
        let message = format!("{}'s token response contains no token", token_context.connector.title);
        let error = Error::new(ErrorCode::TokenAnswer, message);
        return Err(failed(TokenFailure { cause: TokenError::Transient, error }));
    };
    for (name, parameter) in &flow.callback_params {
        if let Some(value) = text(parameter) {
            token_set.secrets.push((name.clone(), value.clone()));
        }
    }
    Ok(token_set)
}

/// Returns the error that a callback reports; none when it reports none. RFC 5849 defines no parameter for it: X sends
/// `denied` with the request token, others use "Problem Reporting" or the parameters of OAuth 2.0.
fn callback_error(callback: &AuthorizationCallback) -> Option<Error> {
    if callback.get("denied").is_some() {
        return Some(denied("access_denied", None));
    }
    let code = callback.get("oauth_problem").or_else(|| callback.get("error")).filter(|code| !code.is_empty())?;
    let description = callback.get("oauth_problem_advice").or_else(|| callback.get("error_description"));
    Some(match code.expose() {
        "permission_denied" | "user_refused" => denied("access_denied", None),
        other => denied(other, description.map(Secret::expose)),
    })
}

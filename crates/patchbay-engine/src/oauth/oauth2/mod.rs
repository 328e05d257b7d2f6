//! OAuth 2.0 authorization code grant (RFC 6749, section 4.1) with PKCE (RFC 7636), the issuer of the callback
//! (RFC 9207), and the ID token of `OpenID` Connect. MCP servers are discovered first ([`mcp`]).

mod authorization_url;
mod id_token;

use patchbay_connector::definition::{Authorization, OAuth2};
use patchbay_egress::extend_query;
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroize;

use self::authorization_url::AuthorizationUrlBuilder;
use super::{
    callback::{AuthorizationCallback, denied, profile_changed, refused},
    mcp,
    protocol::{AuthorizationRequest, CallbackContext, ProtocolState, Redirect},
};
use crate::{
    Error,
    linking::verify::no_token,
    tokens::{
        discovered_server::{DISCOVERED_SERVER_KEY, DiscoveredServer},
        token_request::Grant,
        token_response::TokenSet,
    },
};

/// The values that a callback is checked against and its code is exchanged with.
#[derive(Serialize, Deserialize, Zeroize)]
pub(super) struct ExpectedCallback {
    /// The PKCE code verifier (RFC 7636, section 4.1).
    verifier: Option<String>,
    /// The nonce that an ID token must contain (`OpenID` Connect Core 1.0, section 3.1.2.1); none when no ID token was
    /// requested.
    nonce: Option<String>,
    /// The redirect URI as it was sent.
    redirect_uri: String,
    /// The expected issuer (RFC 9207): the one that the connector or discovery names, or the origin of the
    /// authorization URL.
    issuer: String,
    /// Whether `issuer` was named; otherwise it is an origin.
    issuer_is_named: bool,
    /// Whether a callback without `iss` is rejected.
    issuer_is_required: bool,
    /// The discovered token endpoint of an MCP server, with our client there.
    server: Option<String>,
}

impl ExpectedCallback {
    /// Returns the discovered server as a credential; empty when none was discovered.
    pub(super) fn discovered_credentials(&self) -> Vec<(String, Secret)> {
        let server = self.server.iter();
        server.map(|server| (DISCOVERED_SERVER_KEY.to_owned(), Secret::new(server.as_str()))).collect()
    }

    /// Checks the issuer of a callback (RFC 9207, section 2.4).
    fn check_issuer(&self, callback: &AuthorizationCallback) -> Result<(), Error> {
        let Some(issuer) = callback.get("iss").map(Secret::expose) else {
            let why = "the provider's callback does not name its issuer (`iss`), although the provider announces it";
            return if self.issuer_is_required { Err(refused(why)) } else { Ok(()) };
        };
        let is_expected = if self.issuer_is_named {
            mcp::is_same_issuer(issuer, &self.issuer)
        } else {
            Url::parse(issuer).is_ok_and(|issuer| issuer.origin().ascii_serialization() == self.issuer)
        };
        if is_expected { Ok(()) } else { Err(refused("the callback was issued by another authorization server")) }
    }
}

/// Builds the authorization URL. The endpoints of an MCP server are discovered first.
///
/// # Errors
/// 500 `ConnectorError`; 502 `SignInDiscoveryError` or `ClientRegistrationError` for an MCP server.
pub(super) async fn start(request: &AuthorizationRequest<'_>, oauth2: &OAuth2) -> Result<Redirect, Error> {
    let AuthorizationRequest { oauth, token_context, redirect_uri, .. } = request;
    let connector = token_context.connector;
    let discovered = match &token_context.method.mcp {
        Some(flow) => {
            Some(mcp::discover(oauth, connector, token_context.profile, flow, token_context.credentials).await?)
        }
        None => None,
    };
    let entropy = &*oauth.entropy;
    let verifier = oauth2.pkce.then(|| Secret::new(entropy.token()));
    let builder = AuthorizationUrlBuilder { request, oauth2, discovered: discovered.as_ref() };
    let connector_error = |why: String| request.connector_error(&why);
    let mut location = builder.build(verifier.as_ref()).map_err(connector_error)?;
    let nonce = (oauth2.nonce && authorization_url::requests_id_token(&location)).then(|| entropy.token());
    if let Some(nonce) = &nonce {
        extend_query(&mut location, [("nonce", nonce)]);
    }
    let named_issuer = match &discovered {
        Some(discovered) => Some(discovered.issuer.clone()),
        None => builder.eval_text(oauth2.issuer.as_ref()).map_err(connector_error)?,
    };
    let expected = ExpectedCallback {
        verifier: verifier.map(|verifier| verifier.expose().to_owned()),
        nonce,
        redirect_uri: (*redirect_uri).to_owned(),
        issuer_is_named: named_issuer.is_some(),
        issuer_is_required: discovered.as_ref().is_some_and(|discovered| discovered.sends_iss),
        server: discovered.as_ref().map(|discovered| discovered.token_server_secret().expose().to_owned()),
        issuer: named_issuer.unwrap_or_else(|| location.origin().ascii_serialization()),
    };
    Ok(Redirect { location, protocol: ProtocolState::OAuth2(expected) })
}

/// Checks the callback and exchanges its code for a token (RFC 6749, section 4.1.3).
///
/// # Errors
/// 400 `SignInDeniedError` when the callback reports an error, 400 `SignInRefusedError` when its issuer, its code or
/// the ID token is not the expected one; the errors of the token request.
pub(super) async fn finish(context: &CallbackContext<'_>, expected: &ExpectedCallback) -> Result<TokenSet, Error> {
    let CallbackContext { oauth, token_context, callback, .. } = context;
    expected.check_issuer(callback)?;
    if let Some(error) = callback.get("error") {
        return Err(denied(error.expose(), callback.get("error_description").map(Secret::expose)));
    }
    let code = callback
        .get("code")
        .filter(|code| !code.is_empty())
        .ok_or_else(|| refused("the provider's callback has no code; start again in the Hub"))?;
    let Authorization::OAuth2(oauth2) = &token_context.method.authorization else {
        return Err(profile_changed());
    };
    let grant = Grant::AuthorizationCode {
        code: code.clone(),
        redirect_uri: expected.redirect_uri.clone(),
        verifier: expected.verifier.as_deref().map(Secret::new),
    };
    let token_set = oauth.tokens.request(token_context, &grant).await;
    let mut token_set = token_set.map_err(|failure| no_token(failure, token_context.profile, token_context.method))?;
    let discovered = DiscoveredServer::from_credentials(token_context.credentials);
    let discovered_id = discovered.as_ref().map(|server| server.client_id.as_str());
    let client_id = discovered_id.or(token_context.credentials.text("clientId"));
    if let Some(why) = id_token::mismatch(token_set.id_token.as_ref(), expected, client_id) {
        return Err(refused(&format!("the ID token in the token response {why}")));
    }
    token_set.secrets.extend(expected.discovered_credentials());
    for (name, parameter) in &oauth2.callback_params {
        if let Some(value) = callback.get(parameter).filter(|value| !value.is_empty()) {
            token_set.secrets.push((name.clone(), value.clone()));
        }
    }
    Ok(token_set)
}

//! Dispatches between OAuth 1.0a and OAuth 2.0: builds the authorization request and keeps per-protocol state until
//! the callback.

use patchbay_connector::{
    definition::Authorization,
    expr::{Bindings, Escape, Template},
};
use patchbay_model::Account;
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroize;

use super::{Oauth, callback::AuthorizationCallback, oauth1, oauth2, pending_authorization::PendingAuthorization};
use crate::{
    Error, ErrorCode, Field,
    tokens::{token_context::TokenContext, token_response::TokenSet},
    validation::invalid_at,
};

/// An authorization request before its URL is built.
pub(super) struct AuthorizationRequest<'a> {
    pub(super) oauth: &'a Oauth,
    /// The connector, profile, owner and credentials that the token will belong to.
    pub(super) token_context: TokenContext<'a>,
    /// The account that is reconnected; none when a new one is linked.
    pub(super) existing: Option<&'a Account>,
    /// The value of `state`, which the callback must return.
    pub(super) state: &'a Secret,
    /// The redirect URI of the connector.
    pub(super) redirect_uri: &'a str,
}

impl AuthorizationRequest<'_> {
    /// Evaluates a template of the connector; returns none when it evaluates to null.
    pub(super) fn eval_text(&self, template: &Template, escape: Escape) -> Result<Option<String>, String> {
        let public_url = Value::from(self.oauth.urls.base());
        let context = json!({});
        let credentials = self.token_context.credentials.values();
        let roots = [("credentials", credentials), ("context", &context), ("apiHostUri", &public_url)];
        template.eval_text(&Bindings { roots: &roots }, escape).map_err(|error| error.to_string())
    }

    /// Evaluates the template under `key` to an http(s) URL.
    pub(super) fn eval_url(&self, template: &Template, key: &str) -> Result<Url, String> {
        let text = self.eval_text(template, Escape::Host)?.ok_or_else(|| format!("its `{key}` is empty"))?;
        let url = Url::parse(&text).map_err(|error| format!("its `{key}` is not a URL: {error}"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(format!("its `{key}` is not an http(s) URL"));
        }
        Ok(url)
    }

    /// Returns 500 `ConnectorError`: the connector's definition yields no authorization request.
    pub(super) fn connector_error(&self, why: &str) -> Error {
        let title = &self.token_context.connector.title;
        let message = format!("the connector {title} cannot build the authorization request: {why}");
        Error::new(ErrorCode::Connector, message)
    }
}

/// The redirect of a browser to the provider.
pub(super) struct Redirect {
    /// The authorization URL.
    pub(super) location: Url,
    /// The state to keep until the callback.
    pub(super) protocol: ProtocolState,
}

/// The per-protocol state that the callback is checked against and exchanged with.
#[derive(Serialize, Deserialize, Zeroize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProtocolState {
    /// OAuth 2.0, MCP servers included.
    OAuth2(oauth2::ExpectedCallback),
    /// OAuth 1.0a.
    OAuth1(oauth1::RequestToken),
}

impl ProtocolState {
    /// Starts the flow of the request's authentication method.
    ///
    /// # Errors
    /// 400 `ValidationError` when the method has no authorization flow; the errors of the protocol otherwise.
    pub(super) async fn start(request: &AuthorizationRequest<'_>) -> Result<Redirect, Error> {
        match &request.token_context.method.authorization {
            Authorization::OAuth2(oauth2) => oauth2::start(request, oauth2).await,
            Authorization::OAuth1(flow) => oauth1::start(request, flow).await,
            _ => Err(no_authorization_flow()),
        }
    }

    /// Returns the credentials that discovery found when the flow started, by name.
    pub(super) fn discovered_credentials(&self) -> Vec<(String, Secret)> {
        match self {
            Self::OAuth2(expected) => expected.discovered_credentials(),
            Self::OAuth1(_) => Vec::new(),
        }
    }
}

/// Returns 400 `ValidationError`: the profile's method has no authorization flow.
pub(super) fn no_authorization_flow() -> Error {
    invalid_at(
        Field::Profile,
        "method",
        "this connector profile has no authorization flow; link the account with the fields of its form",
    )
}

/// A callback, with the pending authorization that it belongs to.
pub(super) struct CallbackContext<'a> {
    pub(super) oauth: &'a Oauth,
    /// The connector, profile, owner and credentials that the token will belong to.
    pub(super) token_context: &'a TokenContext<'a>,
    /// The state that was stored at the authorization request.
    pub(super) pending: &'a PendingAuthorization,
    /// The callback's parameters.
    pub(super) callback: &'a AuthorizationCallback,
}

impl CallbackContext<'_> {
    /// Exchanges the code (or the verifier of OAuth 1.0a) for a token. The browser and the redirect URI were checked
    /// before.
    pub(super) async fn exchange_code(&self) -> Result<TokenSet, Error> {
        match &self.pending.protocol {
            ProtocolState::OAuth2(expected) => oauth2::finish(self, expected).await,
            ProtocolState::OAuth1(request_token) => oauth1::finish(self, request_token).await,
        }
    }
}

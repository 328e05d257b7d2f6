//! `type: oauth2`: a token of OAuth 2.0 (RFC 6749).

use serde_json::Value;

use super::{AuthKind, AuthType, Authorization, GrantType, MethodParts, Scheme, SchemeParameters};
use crate::{
    diagnostic::code,
    expr::Template,
    json_schema::{boolean, map_of, object, text, texts, whole},
    syntax::{Mapping, NameSet, Reader},
};

const KEYS: [&str; 21] = [
    "type",
    "authorizationUrl",
    "redirectUri",
    "authorizationParams",
    "tokenUrl",
    "tokenParams",
    "revocationUrl",
    "revocationParams",
    "tokenExpiresIn",
    "tokenRefreshExpiresIn",
    "token",
    "includeBearer",
    "scopes",
    "scopeDelimiter",
    "customHeaders",
    "pkce",
    "nonce",
    "additionalTokenFields",
    "callbackParams",
    "issuer",
    "tokenResponse",
];
const TOKEN_RESPONSE_KEYS: [&str; 6] =
    ["acceptTokenTypes", "accessToken", "refreshToken", "expiresIn", "refreshExpiresIn", "scopes"];
/// The names of credentials that a token response sets.
pub(crate) const TOKEN_CREDENTIALS: [&str; 5] =
    ["accessToken", "refreshToken", "expiresIn", "refreshExpiresIn", "scope"];
/// The grants by their name in the file (`grantType`).
pub(crate) const GRANT_TYPES: [(&str, GrantType); 2] =
    [("authorization_code", GrantType::AuthorizationCode), ("client_credentials", GrantType::ClientCredentials)];

pub(super) const SCHEME: Scheme = Scheme { name: "oauth2", keys: &KEYS, read, schema };

/// Authentication with a token of OAuth 2.0.
pub(super) const AUTH_TYPE: AuthType = AuthType { name: "oauth2", kind, check };

/// OAuth 2.0 (RFC 6749): how a token is requested and sent.
#[derive(Debug)]
pub struct OAuth2 {
    /// The authorization endpoint (section 3.1).
    pub authorization_url: Option<Template>,
    /// Further parameters of the authorization request.
    pub authorization_params: Vec<(String, Template)>,
    /// The redirect URI (section 3.1.2).
    pub redirect_uri: Option<Template>,
    /// The token endpoint (section 3.2).
    pub token_url: Option<Template>,
    /// Further parameters of the token request.
    pub token_params: Vec<(String, Template)>,
    /// The revocation endpoint (RFC 7009); Patchbay extension.
    pub revocation_url: Option<Template>,
    /// Further parameters of the revocation request.
    pub revocation_params: Vec<(String, Template)>,
    /// Seconds until an access token expires, if the token response has no `expires_in`.
    pub token_expires_in: Option<u64>,
    /// Seconds until a refresh token expires, if the token response does not say.
    pub refresh_expires_in: Option<u64>,
    /// The token that requests carry.
    pub token: Template,
    /// Whether the header's value begins with `Bearer `.
    pub include_bearer: bool,
    /// The scopes to request (section 3.3).
    pub scopes: Option<Template>,
    /// The delimiter between scopes; by default a space.
    pub scope_delimiter: Option<String>,
    /// Headers of the token request.
    pub custom_headers: Vec<(String, Template)>,
    /// Whether PKCE is used (RFC 7636).
    pub pkce: bool,
    /// Whether an ID token must contain the `nonce` of its authorization (`OpenID` Connect Core 1.0, section 3.1.2.1).
    pub nonce: bool,
    /// Fields of the token response that become credentials: name and path.
    pub additional_token_fields: Vec<(String, String)>,
    /// Parameters of the callback that become credentials: name and parameter.
    pub callback_params: Vec<(String, String)>,
    /// The expected issuer of the authorization response (RFC 9207).
    pub issuer: Option<Template>,
    /// Where the token response contains the tokens.
    pub token_response: TokenResponse,
}

/// Where a token response contains the tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenResponse {
    /// The token types to accept; if empty, `bearer`.
    pub accept_token_types: Vec<String>,
    /// Path of the access token.
    pub access_token: Option<String>,
    /// Path of the refresh token.
    pub refresh_token: Option<String>,
    /// Path of the expiry of the access token; without it, the usual members beside the token are read.
    pub expires_in: Option<String>,
    /// Path of the expiry of the refresh token.
    pub refresh_expires_in: Option<String>,
    /// Path of the granted scopes.
    pub scopes: Option<String>,
}

impl OAuth2 {
    /// Returns an authorization that sends `token` and has no endpoints.
    pub(super) fn with_token(token: Template) -> Self {
        Self {
            authorization_url: None,
            authorization_params: Vec::new(),
            redirect_uri: None,
            token_url: None,
            token_params: Vec::new(),
            revocation_url: None,
            revocation_params: Vec::new(),
            token_expires_in: None,
            refresh_expires_in: None,
            token,
            include_bearer: true,
            scopes: None,
            scope_delimiter: None,
            custom_headers: Vec::new(),
            pkce: true,
            nonce: true,
            additional_token_fields: Vec::new(),
            callback_params: Vec::new(),
            issuer: None,
            token_response: TokenResponse::default(),
        }
    }
}

impl SchemeParameters for OAuth2 {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.push(&self.token);
        let single = [
            &self.authorization_url,
            &self.redirect_uri,
            &self.token_url,
            &self.revocation_url,
            &self.scopes,
            &self.issuer,
        ];
        found.extend(single.into_iter().flatten());
        let named = [&self.authorization_params, &self.token_params, &self.revocation_params, &self.custom_headers];
        found.extend(named.into_iter().flatten().map(|(_, value)| value));
    }

    fn credentials<'a>(&'a self, names: &mut NameSet<'a>) {
        TOKEN_CREDENTIALS.into_iter().for_each(|name| names.add(name));
        let stored = self.additional_token_fields.iter().chain(&self.callback_params);
        stored.for_each(|(name, _)| names.add(name));
    }
}

fn read(mapping: &Mapping<'_>) -> Option<Authorization> {
    let token_response = mapping.get("tokenResponse").and_then(read_token_response);
    let seconds = |key| mapping.get(key).and_then(|value| value.whole());
    let token = mapping.require("token").and_then(|token| token.template());
    let callback_params = mapping.named_texts("callbackParams");
    if let Some(place) = mapping.get("callbackParams") {
        for (name, _) in callback_params.iter().filter(|(_, parameter)| parameter.is_empty()) {
            place.error(code::INVALID, format!("`{name}` has no parameter; write the name of a callback parameter"));
        }
    }
    Some(Authorization::OAuth2(Box::new(OAuth2 {
        authorization_url: mapping.template("authorizationUrl"),
        authorization_params: mapping.named_templates("authorizationParams"),
        redirect_uri: mapping.template("redirectUri"),
        token_url: mapping.template("tokenUrl"),
        token_params: mapping.named_templates("tokenParams"),
        revocation_url: mapping.template("revocationUrl"),
        revocation_params: mapping.named_templates("revocationParams"),
        token_expires_in: seconds("tokenExpiresIn"),
        refresh_expires_in: seconds("tokenRefreshExpiresIn"),
        token: token?,
        include_bearer: mapping.flag("includeBearer", true),
        scopes: mapping.template("scopes"),
        scope_delimiter: mapping.text("scopeDelimiter"),
        custom_headers: mapping.named_templates("customHeaders"),
        pkce: mapping.flag("pkce", false),
        nonce: mapping.flag("nonce", true),
        additional_token_fields: mapping.named_texts("additionalTokenFields"),
        callback_params,
        issuer: mapping.template("issuer"),
        token_response: token_response.unwrap_or_default(),
    })))
}

fn read_token_response(place: Reader<'_>) -> Option<TokenResponse> {
    let mapping = place.mapping("`tokenResponse`", &TOKEN_RESPONSE_KEYS)?;
    Some(TokenResponse {
        accept_token_types: mapping.texts("acceptTokenTypes"),
        access_token: mapping.text("accessToken"),
        refresh_token: mapping.text("refreshToken"),
        expires_in: mapping.text("expiresIn"),
        refresh_expires_in: mapping.text("refreshExpiresIn"),
        scopes: mapping.text("scopes"),
    })
}

fn schema() -> Value {
    let pairs = || map_of(&text());
    let response = object(&TOKEN_RESPONSE_KEYS, &[], &[("acceptTokenTypes", texts())]);
    object(
        &KEYS,
        &["type", "token"],
        &[
            SCHEME.type_schema(),
            ("includeBearer", boolean()),
            ("pkce", boolean()),
            ("nonce", boolean()),
            ("tokenExpiresIn", whole()),
            ("tokenRefreshExpiresIn", whole()),
            ("authorizationParams", pairs()),
            ("tokenParams", pairs()),
            ("revocationParams", pairs()),
            ("customHeaders", pairs()),
            ("additionalTokenFields", pairs()),
            ("callbackParams", pairs()),
            ("tokenResponse", response),
        ],
    )
}

fn kind(method: &Mapping<'_>) -> Option<AuthKind> {
    let grant = method.get("grantType").map_or(Some(GrantType::AuthorizationCode), |grant| grant.choice(&GRANT_TYPES));
    grant.map(AuthKind::OAuth2)
}

/// Checks that the method says how a token is requested.
fn check(method: &MethodParts<'_>, _: &Mapping<'_>, place: &Reader<'_>) {
    let AuthKind::OAuth2(grant) = method.kind else { return };
    let missing = |what: &str| {
        place.error(code::MISSING_KEY, format!("authentication of type `oauth2` needs {what}"));
    };
    match method.authorization {
        Authorization::OAuth2(oauth2) => {
            if oauth2.token_url.is_none() && (!method.has_refresh || grant == GrantType::AuthorizationCode) {
                missing("`tokenUrl` in its `authorization`");
            }
            if oauth2.authorization_url.is_none() && grant == GrantType::AuthorizationCode {
                missing("`authorizationUrl` in its `authorization`");
            }
        }
        _ if grant == GrantType::AuthorizationCode => missing("`authorization` of type `oauth2`"),
        _ if !method.has_refresh => missing("`authorization` of type `oauth2`, or `refreshAuthentication`"),
        _ => {}
    }
}

//! The rules of a simulated authorization server.

use serde_json::{Map, Value};

/// The behavior of the authorization page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// It shows a consent form.
    Ask,
    /// It approves at once.
    Always,
    /// It denies at once.
    Never,
}

/// The shape of token responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenResponseShape {
    /// As in RFC 6749.
    Standard,
    /// A form instead of JSON.
    Form,
    /// The tokens are nested in `authed_user`.
    Nested,
    /// Everything is nested in `data`, beside an `error` that says that all is well.
    Enveloped,
    /// `expires_in` is a string.
    StringLifetime,
    /// `expires_at` replaces `expires_in`: seconds since 1970 by the server's clock.
    ExpiresAt,
    /// Errors have the status 200.
    AlwaysOk,
}

/// The rules of a server.
#[derive(Clone, Debug)]
pub struct OAuthRules {
    /// The ids and secrets of the clients.
    pub clients: Vec<(String, String)>,
    /// The registered redirect URIs; an empty list accepts any.
    pub redirect_uris: Vec<String>,
    /// Whether a code challenge (RFC 7636) is required.
    pub requires_pkce: bool,
    /// The lifetime of an access token, in seconds. `None` means that it does not expire.
    pub access_token_ttl_secs: Option<i64>,
    /// The lifetime of a refresh token, in seconds, which the response contains. `None` means that it does not expire.
    pub refresh_token_ttl_secs: Option<i64>,
    /// Whether the authorization code grant returns a refresh token.
    pub issues_refresh_tokens: bool,
    /// Whether each use of a refresh token replaces it.
    pub rotates_refresh_tokens: bool,
    /// The time in which a replaced refresh token is still valid, in seconds. Later use revokes the grant.
    pub rotation_grace_secs: i64,
    /// The granted scopes, if not the requested ones.
    pub granted_scopes: Option<String>,
    /// A scope that the API reports as missing when items are added (RFC 6750, `insufficient_scope`).
    pub required_scope_for_things: Option<String>,
    /// Claims that replace the correct ones in ID tokens.
    pub id_claims: Map<String, Value>,
    /// The behavior of the authorization page.
    pub approval: Approval,
    /// The shape of token responses.
    pub shape: TokenResponseShape,
    /// The `iss` parameter of the callback (RFC 9207).
    pub issuer: Option<String>,
    /// The public URL that the server announces. `None` uses the `Host` header.
    pub public_url: Option<String>,
    /// Whether dynamic client registration is available (RFC 7591).
    pub registers: bool,
    /// Whether registered clients are public, instead of having a secret.
    pub accepts_public_clients: bool,
    /// The secret of registered clients. `None` generates one.
    pub registered_secret: Option<String>,
    /// When that secret expires, in seconds since 1970. 0 means that it does not expire.
    pub registration_expires_at: i64,
    /// Clients with a client ID metadata document: the document's URL and the redirect URIs.
    pub document_clients: Vec<(String, Vec<String>)>,
    /// The resource that token requests must name (RFC 8707).
    pub resource: Option<String>,
    /// Whether the metadata are available only at the path of OIDC Discovery.
    pub has_only_openid_metadata: bool,
    /// Members that replace those of its metadata; null removes one.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// The seconds by which the server's clock is ahead.
    pub clock_skew_seconds: i64,
}

impl Default for OAuthRules {
    fn default() -> Self {
        Self {
            clients: vec![("app".to_owned(), "app-secret".to_owned())],
            redirect_uris: Vec::new(),
            requires_pkce: true,
            access_token_ttl_secs: Some(3600),
            refresh_token_ttl_secs: None,
            issues_refresh_tokens: true,
            rotates_refresh_tokens: true,
            rotation_grace_secs: 0,
            granted_scopes: None,
            required_scope_for_things: None,
            id_claims: Map::new(),
            approval: Approval::Always,
            shape: TokenResponseShape::Standard,
            issuer: None,
            public_url: None,
            registers: true,
            accepts_public_clients: true,
            registered_secret: None,
            registration_expires_at: 0,
            document_clients: Vec::new(),
            resource: None,
            has_only_openid_metadata: false,
            metadata: serde_json::Map::new(),
            clock_skew_seconds: 0,
        }
    }
}

//! How an authorization server behaves.

use serde_json::{Map, Value};

/// What the authorization page does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// It asks, with buttons.
    Ask,
    /// It approves at once.
    Always,
    /// It denies at once.
    Never,
}

/// How a token's answer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As RFC 6749 has it.
    Standard,
    /// A form in place of JSON.
    Form,
    /// The tokens under `authed_user`.
    Nested,
    /// The life as text.
    TextLife,
    /// The end as a moment, `expires_at`, by the server's own clock.
    Moment,
    /// Refusals with status 200.
    AlwaysOk,
}

/// The rules.
#[derive(Clone, Debug)]
pub struct OAuthRules {
    /// The clients: id and secret.
    pub clients: Vec<(String, String)>,
    /// Redirect addresses that are registered; empty takes any.
    pub redirect_uris: Vec<String>,
    /// Whether a code challenge (RFC 7636) is required.
    pub requires_pkce: bool,
    /// Seconds that an access token lives; none for ever.
    pub life_seconds: Option<i64>,
    /// Seconds that a refresh token lives, which its answer tells; none for ever.
    pub refresh_life_seconds: Option<i64>,
    /// Whether those who sign in get a refresh token.
    pub gives_refresh_tokens: bool,
    /// Whether a refresh token is replaced by each use.
    pub rotates: bool,
    /// Seconds in which a replaced refresh token still works; later use takes the whole grant back.
    pub grace_seconds: i64,
    /// The scopes that are granted in place of those asked for.
    pub granted_scopes: Option<String>,
    /// What the API refuses to add things for want of (RFC 6750, `insufficient_scope`), whatever the token has.
    pub wants_for_things: Option<String>,
    /// Claims of ID tokens in place of the right ones.
    pub id_claims: Map<String, Value>,
    /// What the authorization page does.
    pub approval: Approval,
    /// How answers look.
    pub shape: Shape,
    /// The `iss` on the way back (RFC 9207).
    pub issuer: Option<String>,
    /// Where it says that it is; where it is called when absent.
    pub public_url: Option<String>,
    /// Whether clients may register themselves (RFC 7591).
    pub registers: bool,
    /// Whether those that do prove nothing, in place of having a secret.
    pub takes_public_clients: bool,
    /// The secret that they get; a random one when absent.
    pub registered_secret: Option<String>,
    /// When that ends, in seconds since 1970; 0 is never.
    pub registration_ends_at: i64,
    /// Clients that are known by their own documents: the documents' addresses, and where they are sent back to.
    pub document_clients: Vec<(String, Vec<String>)>,
    /// What tokens must be asked for (RFC 8707).
    pub resource: Option<String>,
    /// Whether its metadata are at OIDC's place alone.
    pub has_openid_metadata_alone: bool,
    /// Members that take the place of those of its metadata; null takes one out.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// Seconds that its clock is ahead.
    pub clock_skew_seconds: i64,
}

impl Default for OAuthRules {
    fn default() -> Self {
        Self {
            clients: vec![("app".to_owned(), "app-secret".to_owned())],
            redirect_uris: Vec::new(),
            requires_pkce: true,
            life_seconds: Some(3600),
            refresh_life_seconds: None,
            gives_refresh_tokens: true,
            rotates: true,
            grace_seconds: 0,
            granted_scopes: None,
            wants_for_things: None,
            id_claims: Map::new(),
            approval: Approval::Always,
            shape: Shape::Standard,
            issuer: None,
            public_url: None,
            registers: true,
            takes_public_clients: true,
            registered_secret: None,
            registration_ends_at: 0,
            document_clients: Vec::new(),
            resource: None,
            has_openid_metadata_alone: false,
            metadata: serde_json::Map::new(),
            clock_skew_seconds: 0,
        }
    }
}

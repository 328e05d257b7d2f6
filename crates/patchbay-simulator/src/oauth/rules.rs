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
    /// Whether a refresh token is replaced by each use.
    pub rotates: bool,
    /// Seconds in which a replaced refresh token still works; later use takes the whole grant back.
    pub grace_seconds: i64,
    /// The scopes that are granted in place of those asked for.
    pub granted_scopes: Option<String>,
    /// Claims of ID tokens in place of the right ones.
    pub id_claims: Map<String, Value>,
    /// What the authorization page does.
    pub approval: Approval,
    /// How answers look.
    pub shape: Shape,
    /// The `iss` on the way back (RFC 9207).
    pub issuer: Option<String>,
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
            rotates: true,
            grace_seconds: 0,
            granted_scopes: None,
            id_claims: Map::new(),
            approval: Approval::Always,
            shape: Shape::Standard,
            issuer: None,
            clock_skew_seconds: 0,
        }
    }
}

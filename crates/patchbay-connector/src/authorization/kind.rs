//! The types of authentication methods.

/// How an account gets its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthKind {
    /// The customer enters them.
    Custom,
    /// From a token endpoint of OAuth 2.0 (RFC 6749).
    OAuth2(GrantType),
    /// From the authorization server of an MCP server.
    Mcp,
    /// From the token endpoint of OAuth 1.0a (RFC 5849); Patchbay extension.
    OAuth1,
}

/// The OAuth 2.0 grant (RFC 6749).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// The authorization code grant (section 4.1).
    AuthorizationCode,
    /// The client credentials grant (section 4.4).
    ClientCredentials,
}

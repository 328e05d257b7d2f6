//! OAuth 1.0a (RFC 5849); ours beside the original's.

use super::HttpMethod;
use crate::expr::Template;

/// OAuth 1.0a (RFC 5849). What is not named comes from the credential of the same name.
#[derive(Debug)]
pub struct OAuth1 {
    /// How it is signed.
    pub method: OAuth1Method,
    /// The realm of the header, where the provider wants one.
    pub realm: Option<Template>,
    /// The consumer's key.
    pub consumer_key: Option<Template>,
    /// Its secret, for the methods by HMAC.
    pub consumer_secret: Option<Template>,
    /// Its private key (PEM), for the methods by RSA.
    pub private_key: Option<Template>,
    /// The token; `credentials.token`, else `credentials.accessToken`.
    pub token: Option<Template>,
    /// The token's secret.
    pub token_secret: Option<Template>,
}

/// How OAuth 1.0a signs. `PLAINTEXT` sends the secrets themselves and is refused; `RSA-SHA1` is no longer signed by
/// the cryptographic library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OAuth1Method {
    /// RFC 5849, section 3.4.2.
    #[default]
    HmacSha1,
    /// The same with SHA-256, as NetSuite wants it.
    HmacSha256,
    /// The same with SHA-512.
    HmacSha512,
    /// RFC 5849, section 3.4.3, with SHA-256.
    RsaSha256,
}

impl OAuth1Method {
    /// Every method by its name.
    pub const ALL: [(&'static str, Self); 4] = [
        ("HMAC-SHA1", Self::HmacSha1),
        ("HMAC-SHA256", Self::HmacSha256),
        ("HMAC-SHA512", Self::HmacSha512),
        ("RSA-SHA256", Self::RsaSha256),
    ];

    /// Its name in the file and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::HmacSha512 => "HMAC-SHA512",
            Self::RsaSha256 => "RSA-SHA256",
        }
    }

    /// Whether it signs by a private key in place of secrets.
    pub const fn is_by_key(self) -> bool {
        matches!(self, Self::RsaSha256)
    }
}

/// How a customer signs in by OAuth 1.0a (RFC 5849, section 2), and how all requests are signed then.
#[derive(Debug)]
pub struct OAuth1SignIn {
    /// How requests are signed: those for tokens, and all others.
    pub signing: OAuth1,
    /// Where temporary credentials are got (section 2.1): the request token.
    pub request_token_url: Template,
    /// Further parameters of that.
    pub request_token_params: Vec<(String, Template)>,
    /// Where the customer consents (section 2.2).
    pub authorization_url: Template,
    /// Further parameters of that.
    pub authorization_params: Vec<(String, Template)>,
    /// Where the consent is traded for token credentials (section 2.3): the access token.
    pub token_url: Template,
    /// Further parameters of that.
    pub token_params: Vec<(String, Template)>,
    /// The method of both requests for tokens: `post` as the standard has it, or `get`.
    pub token_method: HttpMethod,
    /// Seconds that a token holds, when the answer does not say (`oauth_expires_in`); none for ever.
    pub token_expires_in: Option<u64>,
    /// Fields of the token's answer that become credentials: name and path.
    pub additional_token_fields: Vec<(String, String)>,
    /// Parameters of the way back that become credentials: name and parameter.
    pub callback_params: Vec<(String, String)>,
}

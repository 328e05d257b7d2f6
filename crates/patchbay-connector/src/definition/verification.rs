//! How a delivery of a provider proves its sender.

use super::{HmacAlgorithm, JwtAlgorithm};
use crate::expr::Template;

/// A proof of the sender.
#[derive(Debug)]
pub enum Verification {
    /// A keyed hash over the request (RFC 2104).
    Hmac(HmacVerification),
    /// A shared secret in the request.
    Token(TokenVerification),
    /// A signed token in a header (RFC 7519).
    Jwt(JwtVerification),
    /// No proof.
    None {
        /// Why the provider's deliveries need none, for people.
        reason: String,
    },
}

/// A keyed hash over the request.
#[derive(Debug)]
pub struct HmacVerification {
    /// The hash function.
    pub algorithm: HmacAlgorithm,
    /// The keys, which are tried in order.
    pub secrets: Vec<Template>,
    /// How a key is written.
    pub secret_encoding: SecretEncoding,
    /// What is hashed, joined without a separator.
    pub content: Vec<ContentPiece>,
    /// Whether the escapes of the URL are decoded that some providers decode: `%3A %2F %3F %40 %21 %24 %27 %28 %29 %2A %2C %3B`.
    pub url_decode: bool,
    /// Where the signature is.
    pub signature: SignatureSource,
    /// The time at which the request was signed.
    pub timestamp: Option<TimestampRule>,
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SecretEncoding {
    /// The bytes of the text.
    #[default]
    Text,
    /// Base64, with or without padding.
    Base64,
    /// Hexadecimal digits.
    Hex,
}

/// A part of what is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentPiece {
    /// A text of the file.
    Text(String),
    /// The value of a header, by its name in lower case.
    Header(String),
    /// The value of a query parameter, decoded.
    Query(String),
    /// The value of a key in the signature's header or parameter.
    Pick(String),
    /// The method, in upper case.
    Method,
    /// The public URL, with the path and query as received.
    Url,
    /// The bytes of the body.
    Body,
}

/// Where a signature or token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueSource {
    /// A header, by its name in lower case.
    Header(String),
    /// A query parameter.
    Query(String),
}

/// A signature in a request.
#[derive(Debug)]
pub struct SignatureSource {
    /// The header or query parameter.
    pub source: ValueSource,
    /// The text before the signature; an item without it is not a signature.
    pub prefix: Option<String>,
    /// What separates several items.
    pub separator: Option<String>,
    /// The key of the items that are signatures: `key=value`, or the item after the key if the separator is a space.
    pub key: Option<String>,
    /// Whether there can be several signatures, of which one suffices.
    pub many: bool,
    /// How the signature is written.
    pub encoding: SignatureEncoding,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureEncoding {
    /// Hexadecimal digits, in any case.
    Hex,
    /// Base64 (RFC 4648, section 4).
    Base64,
    /// Base64 for URLs (RFC 4648, section 5), with or without padding.
    Base64Url,
}

/// The time at which a request was signed.
#[derive(Debug)]
pub struct TimestampRule {
    /// Where it is.
    pub source: TimestampSource,
    /// How it is written.
    pub format: TimestampFormat,
    /// The permitted difference to the clock, in both directions, in seconds.
    pub tolerance_seconds: u32,
}

/// Where the time of a signature is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimestampSource {
    /// A header, by its name in lower case.
    Header(String),
    /// The value of a key in the signature's header or parameter.
    Pick(String),
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// ISO 8601.
    Iso,
}

/// A shared secret in a request.
#[derive(Debug)]
pub struct TokenVerification {
    /// Where the secret is.
    pub source: TokenSource,
    /// The expected secret; each is tried in order.
    pub equals: Vec<Template>,
}

/// Where a shared secret is.
#[derive(Debug)]
pub enum TokenSource {
    /// A header, by its name in lower case.
    Header(String),
    /// A query parameter.
    Query(String),
    /// Values of the body. There must be one or more, and each must be the secret.
    Body(Template),
}

/// A signed token in a header.
#[derive(Debug)]
pub struct JwtVerification {
    /// The header, by its name in lower case.
    pub header: String,
    /// The word before the token, for example `Bearer`; compared in any case.
    pub scheme: String,
    /// The keys.
    pub keys: JwtKeys,
    /// The permitted algorithms.
    pub algorithms: Vec<JwtAlgorithm>,
    /// The permitted issuers; any if empty.
    pub issuers: Vec<Template>,
    /// The audience, of which the token must have one; any if empty.
    pub audience: Vec<Template>,
    /// The values that claims must have.
    pub claims: Vec<(String, Template)>,
}

/// The keys of a token.
#[derive(Debug)]
pub enum JwtKeys {
    /// The URL of a key set (RFC 7517, section 5).
    Jwks(Template),
    /// Shared secrets, which are tried in order.
    Secrets(Vec<Template>),
}

impl Verification {
    /// Returns the scheme's name in the file.
    pub const fn scheme(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "hmac",
            Self::Token(_) => "token",
            Self::Jwt(_) => "jwt",
            Self::None { .. } => "none",
        }
    }

    /// Adds every template to `found`.
    pub(crate) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        match self {
            Self::Hmac(hmac) => found.extend(&hmac.secrets),
            Self::Token(token) => {
                found.extend(&token.equals);
                if let TokenSource::Body(path) = &token.source {
                    found.push(path);
                }
            }
            Self::Jwt(jwt) => {
                match &jwt.keys {
                    JwtKeys::Jwks(url) => found.push(url),
                    JwtKeys::Secrets(secrets) => found.extend(secrets),
                }
                found.extend(jwt.issuers.iter().chain(&jwt.audience));
                found.extend(jwt.claims.iter().map(|(_, value)| value));
            }
            Self::None { .. } => {}
        }
    }
}

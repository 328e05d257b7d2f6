//! Signs complete requests. A signature is added last, because it covers the whole request.

mod aws4;
mod hmac;
mod oauth1;

use std::fmt::Write as _;

use patchbay_connector::{
    definition::{Authorization, Aws4Signing, HmacAlgorithm, HmacSigning, OAuth1, Signing},
    expr::{Bindings, Escape, EvalError, Template},
};
use patchbay_egress::OutboundRequest;
use patchbay_model::{Entropy, Timestamp};
use serde_json::Value;
use zeroize::Zeroizing;

use super::args::header_text;

/// Signs a request if its authorization is a signature; otherwise the request does not change.
///
/// # Errors
///
/// [`EvalError::Missing`] without a credential, [`EvalError::Refused`] for a credential that cannot be used, otherwise the
/// [`EvalError`] of an expression.
pub fn sign(
    authorization: &Authorization,
    bindings: &Bindings<'_>,
    request: &mut OutboundRequest,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<(), EvalError> {
    match authorization {
        Authorization::Signed(Signing::Aws4(Aws4Signing { service, region })) => {
            let text = |template: &Template| header_text(template, bindings);
            let service = text(service)?.ok_or_else(|| missing("service"))?;
            let region = match region {
                Some(region) => text(region)?,
                None => credential(bindings, &["region"]),
            };
            let keys = aws4::AwsCredentials {
                id: credential(bindings, &["accessKeyId"]).ok_or_else(|| missing("credentials.accessKeyId"))?,
                secret: credential(bindings, &["secretAccessKey"])
                    .ok_or_else(|| missing("credentials.secretAccessKey"))?,
                session_token: credential(bindings, &["sessionToken"]),
                region: region.ok_or_else(|| missing("credentials.region"))?,
                service,
            };
            aws4::sign(&keys, request, now).ok_or_else(not_a_header_value)
        }
        Authorization::Signed(Signing::Hmac(HmacSigning {
            algorithm,
            header,
            prefix,
            rfc2822_date,
            include_host,
            include_body_hash,
            as_basic,
            username,
        })) => {
            let username = username.as_ref().map(|user| header_text(user, bindings)).transpose()?.flatten();
            let secret = credential(bindings, &["secretKey", "apiSecret", "secret", "clientSecret"]);
            let rule = hmac::HmacRule {
                algorithm: *algorithm,
                header: header.as_deref(),
                prefix: prefix.as_deref().unwrap_or_default(),
                rfc2822_date: *rfc2822_date,
                include_host: *include_host,
                include_body_hash: *include_body_hash,
                username: if *as_basic { Some(username.ok_or_else(|| missing("username"))?) } else { None },
                secret: secret.ok_or_else(|| missing("credentials.secretKey"))?,
            };
            hmac::sign(&rule, request, now).ok_or_else(not_a_header_value)
        }
        _ => match authorization.oauth1() {
            Some(oauth1) => {
                let token = text_or_credential(bindings, oauth1.token.as_ref(), &["token", "accessToken"])?;
                let secret = text_or_credential(bindings, oauth1.token_secret.as_ref(), &["tokenSecret"])?;
                let token_secret = Zeroizing::new(secret.unwrap_or_default());
                let token = TokenCredentials { token, token_secret, extra_parameter: None };
                sign_oauth1(oauth1, token, bindings, request, now, entropy)
            }
            None => Ok(()),
        },
    }
}

/// The parameters of a request for temporary or token credentials, beside the consumer's (RFC 5849, sections 2.1 and
/// 2.3).
pub struct Handshake<'a> {
    /// The request token and its secret; `None` in the first request.
    pub token: Option<(&'a str, &'a str)>,
    /// The parameter `oauth_callback` or `oauth_verifier`: name and value.
    pub parameter: (&'static str, &'a str),
}

/// Signs a request for temporary or token credentials.
///
/// # Errors
///
/// The errors of [`sign`].
pub fn sign_handshake(
    oauth1: &OAuth1,
    handshake: &Handshake<'_>,
    bindings: &Bindings<'_>,
    request: &mut OutboundRequest,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<(), EvalError> {
    let (name, value) = handshake.parameter;
    let token = TokenCredentials {
        token: handshake.token.map(|(token, _)| token.to_owned()),
        token_secret: Zeroizing::new(handshake.token.map(|(_, secret)| secret.to_owned()).unwrap_or_default()),
        extra_parameter: Some((name, value.to_owned())),
    };
    sign_oauth1(oauth1, token, bindings, request, now, entropy)
}

/// The token that a request is signed with (RFC 5849, section 1.1).
struct TokenCredentials {
    token: Option<String>,
    token_secret: Zeroizing<String>,
    extra_parameter: Option<(&'static str, String)>,
}

/// Evaluates the template, otherwise returns the first credential with one of these names.
fn text_or_credential(
    bindings: &Bindings<'_>,
    template: Option<&Template>,
    names: &[&str],
) -> Result<Option<String>, EvalError> {
    match template {
        Some(template) => template.eval_text(bindings, Escape::None).map(|text| text.filter(|text| !text.is_empty())),
        None => Ok(credential(bindings, names)),
    }
}

/// Signs a request with OAuth 1.0a.
fn sign_oauth1(
    oauth1: &OAuth1,
    token: TokenCredentials,
    bindings: &Bindings<'_>,
    request: &mut OutboundRequest,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<(), EvalError> {
    let is_by_key = oauth1.method.is_by_key();
    let (secret, names) =
        if is_by_key { (&oauth1.private_key, ["privateKey"]) } else { (&oauth1.consumer_secret, ["consumerSecret"]) };
    let secret = text_or_credential(bindings, secret.as_ref(), &names)?
        .ok_or_else(|| missing(&format!("credentials.{}", names[0])))?;
    let keys = oauth1::OAuth1Credentials {
        method: oauth1.method,
        realm: oauth1.realm.as_ref().map(|realm| realm.eval_text(bindings, Escape::None)).transpose()?.flatten(),
        consumer_key: text_or_credential(bindings, oauth1.consumer_key.as_ref(), &["consumerKey"])?
            .ok_or_else(|| missing("credentials.consumerKey"))?,
        consumer_secret: Zeroizing::new(secret),
        token: token.token,
        token_secret: token.token_secret,
        extra_parameter: token.extra_parameter,
    };
    // 28 digits: servers that use oauthlib accept nonces of 20 to 30 characters.
    let mut nonce = [0; 14];
    entropy.fill(&mut nonce);
    oauth1::sign(&keys, request, now.as_seconds(), &hex(&nonce)).map_err(|error| match error {
        oauth1::OAuth1Error::Header => not_a_header_value(),
        oauth1::OAuth1Error::Key => EvalError::Refused {
            path: "credentials.privateKey".to_owned(),
            reason: "is not an RSA private key of at least 2048 bits in PEM form".to_owned(),
        },
    })
}

/// Returns the first of these credentials that is not empty.
fn credential(bindings: &Bindings<'_>, names: &[&str]) -> Option<String> {
    let (_, credentials) = bindings.roots.iter().find(|(name, _)| *name == "credentials")?;
    let text = |name: &&str| credentials.get(*name).and_then(Value::as_str).filter(|text| !text.is_empty());
    names.iter().find_map(text).map(str::to_owned)
}

fn missing(path: &str) -> EvalError {
    EvalError::Missing { path: path.to_owned() }
}

fn not_a_header_value() -> EvalError {
    EvalError::Refused {
        path: "authorization.signing".to_owned(),
        reason: "cannot be sent: a credential contains a character that headers do not allow".to_owned(),
    }
}

/// Returns the HMAC of a text (RFC 2104).
fn mac(algorithm: HmacAlgorithm, key: &[u8], text: &[u8]) -> Vec<u8> {
    use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA512, Key, sign};
    let algorithm = match algorithm {
        HmacAlgorithm::Sha1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        HmacAlgorithm::Sha256 => HMAC_SHA256,
        HmacAlgorithm::Sha512 => HMAC_SHA512,
    };
    sign(&Key::new(algorithm, key), text).as_ref().to_vec()
}

/// Percent-encodes all characters except the unreserved ones (RFC 3986, section 2.3).
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Returns hexadecimal digits in lower case.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the SHA-256 of bytes in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

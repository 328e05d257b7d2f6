//! Signatures over whole requests: put on last, when nothing of a request changes any more.

mod aws4;
mod hmac;

use patchbay_connector::{
    definition::{Authorization, HmacAlgorithm, Signing},
    expr::{EvalError, Scope},
};
use patchbay_model::Timestamp;
use serde_json::Value;

use crate::http::Outgoing;

/// Signs a request whose authorization is a signature; leaves every other as it is.
pub(crate) fn sign(
    authorization: &Authorization,
    scope: &Scope<'_>,
    request: &mut Outgoing,
    now: Timestamp,
) -> Result<(), EvalError> {
    match authorization {
        Authorization::Signed(Signing::Aws4 { service, region }) => {
            let text = |template: &patchbay_connector::expr::Template| super::header_text(template, scope);
            let service = text(service)?.ok_or_else(|| missing("service"))?;
            let region = match region {
                Some(region) => text(region)?,
                None => credential(scope, &["region"]),
            };
            let keys = aws4::Keys {
                id: credential(scope, &["accessKeyId"]).ok_or_else(|| missing("credentials.accessKeyId"))?,
                secret: credential(scope, &["secretAccessKey"])
                    .ok_or_else(|| missing("credentials.secretAccessKey"))?,
                session: credential(scope, &["sessionToken"]),
                region: region.ok_or_else(|| missing("credentials.region"))?,
                service,
            };
            aws4::sign(&keys, request, now).ok_or_else(unsendable)
        }
        Authorization::Signed(Signing::Hmac {
            algorithm,
            header,
            prefix,
            rfc2822_date,
            include_host,
            include_body_hash,
            as_basic,
            username,
        }) => {
            let username = username.as_ref().map(|user| super::header_text(user, scope)).transpose()?.flatten();
            let secret = credential(scope, &["secretKey", "apiSecret", "secret", "clientSecret"]);
            let rule = hmac::Rule {
                algorithm: *algorithm,
                header: header.as_deref(),
                prefix: prefix.as_deref().unwrap_or_default(),
                rfc2822_date: *rfc2822_date,
                include_host: *include_host,
                include_body_hash: *include_body_hash,
                username: if *as_basic { Some(username.ok_or_else(|| missing("username"))?) } else { None },
                secret: secret.ok_or_else(|| missing("credentials.secretKey"))?,
            };
            hmac::sign(&rule, request, now).ok_or_else(unsendable)
        }
        _ => Ok(()),
    }
}

/// The first of these credentials that is there.
fn credential(scope: &Scope<'_>, names: &[&str]) -> Option<String> {
    let (_, credentials) = scope.roots.iter().find(|(name, _)| *name == "credentials")?;
    let text = |name: &&str| credentials.get(*name).and_then(Value::as_str).filter(|text| !text.is_empty());
    names.iter().find_map(text).map(str::to_owned)
}

fn missing(path: &str) -> EvalError {
    EvalError::Missing { path: path.to_owned() }
}

fn unsendable() -> EvalError {
    EvalError::Refused {
        path: "authorization.signing".to_owned(),
        reason: "makes a header that cannot be sent: a credential holds a character that headers do not carry"
            .to_owned(),
    }
}

/// A keyed hash.
fn mac(algorithm: HmacAlgorithm, key: &[u8], text: &[u8]) -> Vec<u8> {
    use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA512, Key, sign};
    let algorithm = match algorithm {
        HmacAlgorithm::Sha1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        HmacAlgorithm::Sha256 => HMAC_SHA256,
        HmacAlgorithm::Sha512 => HMAC_SHA512,
    };
    sign(&Key::new(algorithm, key), text).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

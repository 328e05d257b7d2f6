//! Verifies a signed token in a header: JWS compact serialization (RFC 7515), JWT (RFC 7519), JWK (RFC 7517, RFC 7518).

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::{
    hmac::{self, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512},
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
        RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use patchbay_connector::{
    definition::{JwtAlgorithm, JwtKeys, JwtVerification, SecretEncoding},
    expr::{Escape, Template},
};
use patchbay_model::Timestamp;
use serde_json::{Map, Value};

use super::{
    InboundSecrets, Refusal, decode,
    request::{Delivery, NotSingle},
};

/// The permitted difference between the clocks, in seconds.
const LEEWAY: i64 = 60;
/// The maximum length of a token, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// The maximum number of keys of a set that are tried for a token that names none.
const MAX_KEYS: usize = 16;

/// Reads the key sets of providers.
#[async_trait]
pub trait KeySets: Send + Sync {
    /// Returns the key set (RFC 7517, section 5) at a URL; `None` if it cannot be read now. `kid` is the name of the wanted key.
    ///
    /// An implementation goes through the egress policy, limits size and time, and caches the set. It reads a cached set again
    /// if the set does not have the key, at most once in a short time, because anyone can send tokens of unknown keys.
    async fn key_set(&self, url: &str, kid: Option<&str>) -> Option<Arc<Value>>;
}

/// A token, split and decoded, not verified.
struct Token<'t> {
    /// The text that is signed.
    signed: &'t str,
    signature: Vec<u8>,
    algorithm: JwtAlgorithm,
    kid: Option<String>,
    claims: Map<String, Value>,
}

/// Verifies the token's signature, time, issuer, audience and claims.
pub(super) async fn verify(
    rule: &JwtVerification,
    delivery: &Delivery<'_>,
    secrets: &InboundSecrets<'_>,
    keys: &dyn KeySets,
    now: Timestamp,
) -> Result<(), Refusal> {
    let value = delivery.header(&rule.header).map_err(|NotSingle| Refusal::SignatureMalformed)?;
    let text = without_scheme(value.ok_or(Refusal::SignatureMissing)?, &rule.scheme)?;
    let token = read(text, &rule.algorithms).ok_or(Refusal::SignatureMalformed)?;
    match &rule.keys {
        JwtKeys::Secrets(templates) => {
            let keys = secrets.keys(delivery, templates, SecretEncoding::Text);
            if keys.is_empty() {
                return Err(Refusal::SecretMissing);
            }
            if !keys.iter().any(|key| is_signed_by_secret(&token, key)) {
                return Err(Refusal::SignatureWrong);
            }
        }
        JwtKeys::Jwks(url) => {
            let url = secrets.find(delivery, &[url], |bindings| url.eval_text(bindings, Escape::Host).ok().flatten());
            let url = url.ok_or(Refusal::SecretMissing)?;
            let set = keys.key_set(&url, token.kid.as_deref()).await.ok_or(Refusal::KeysUnavailable)?;
            if !is_signed_by_set(&token, &set) {
                return Err(Refusal::SignatureWrong);
            }
        }
    }
    check_time(&token.claims, now)?;
    check_claims(rule, &token.claims, delivery, secrets)
}

/// Returns the token after the scheme's word, which is compared in any case (RFC 9110, section 11.1).
fn without_scheme<'t>(value: &'t str, scheme: &str) -> Result<&'t str, Refusal> {
    if scheme.is_empty() {
        return Ok(value.trim());
    }
    let (word, token) = value.trim().split_once(' ').ok_or(Refusal::SignatureMalformed)?;
    if word.eq_ignore_ascii_case(scheme) { Ok(token.trim()) } else { Err(Refusal::SignatureMissing) }
}

/// Splits and decodes a token of one of these algorithms. `crit` lists extensions that must be understood (RFC 7515, section
/// 4.1.11); none is.
fn read<'t>(text: &'t str, algorithms: &[JwtAlgorithm]) -> Option<Token<'t>> {
    if text.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let object = |part: &str| serde_json::from_slice::<Map<String, Value>>(&decode::base64url(part)?).ok();
    let (header, claims) = (object(header)?, object(claims)?);
    let name = header.get("alg")?.as_str()?;
    let algorithm = algorithms.iter().copied().find(|algorithm| algorithm.as_str() == name)?;
    if header.contains_key("crit") {
        return None;
    }
    let kid = header.get("kid").and_then(Value::as_str).map(str::to_owned);
    Some(Token { signed, signature: decode::base64url(signature)?, algorithm, kid, claims })
}

fn is_signed_by_secret(token: &Token<'_>, secret: &[u8]) -> bool {
    let algorithm = match token.algorithm {
        JwtAlgorithm::Hs256 => HMAC_SHA256,
        JwtAlgorithm::Hs384 => HMAC_SHA384,
        JwtAlgorithm::Hs512 => HMAC_SHA512,
        _ => return false,
    };
    hmac::verify(&hmac::Key::new(algorithm, secret), token.signed.as_bytes(), &token.signature).is_ok()
}

fn is_signed_by_set(token: &Token<'_>, set: &Value) -> bool {
    let keys = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |key: &Value, name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
    let fits = |key: &&Value| {
        (token.kid.is_none() || text(key, "kid") == token.kid)
            && text(key, "use").is_none_or(|purpose| purpose == "sig")
            && text(key, "alg").is_none_or(|algorithm| algorithm == token.algorithm.as_str())
    };
    keys.iter().filter(fits).take(MAX_KEYS).any(|key| is_signed_by_key(token, key).is_some())
}

/// Returns a value if a key of a set signed the token.
fn is_signed_by_key(token: &Token<'_>, key: &Value) -> Option<()> {
    let member = |name: &str| decode::base64url(key.get(name)?.as_str()?);
    let kind = key.get("kty")?.as_str()?;
    let rsa: Option<&'static RsaParameters> = match token.algorithm {
        JwtAlgorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        JwtAlgorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        JwtAlgorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        JwtAlgorithm::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        JwtAlgorithm::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
        JwtAlgorithm::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    };
    let (signed, signature) = (token.signed.as_bytes(), &token.signature);
    if let Some(parameters) = rsa {
        let public = RsaPublicKeyComponents { n: member("n")?, e: member("e")? };
        return public.verify(parameters, signed, signature).ok().filter(|()| kind == "RSA");
    }
    let (curve, size, algorithm): (&str, usize, &'static dyn VerificationAlgorithm) = match token.algorithm {
        JwtAlgorithm::Es256 => ("P-256", 32, &ECDSA_P256_SHA256_FIXED),
        JwtAlgorithm::Es384 => ("P-384", 48, &ECDSA_P384_SHA384_FIXED),
        JwtAlgorithm::Es512 => ("P-521", 66, &ECDSA_P521_SHA512_FIXED),
        JwtAlgorithm::EdDsa => ("Ed25519", 32, &ED25519),
        _ => return None,
    };
    let is_edwards = token.algorithm == JwtAlgorithm::EdDsa;
    let is_kind = kind == if is_edwards { "OKP" } else { "EC" } && key.get("crv")?.as_str()? == curve;
    let x = member("x").filter(|x| is_kind && x.len() == size)?;
    let public = if is_edwards {
        x
    } else {
        let y = member("y").filter(|y| y.len() == size)?;
        // An uncompressed point (SEC 1, section 2.3.3).
        [vec![4], x, y].concat()
    };
    UnparsedPublicKey::new(algorithm, public).verify(signed, signature).ok()
}

/// Checks `exp`, which is required, `nbf` and `iat` (RFC 7519, section 4.1).
fn check_time(claims: &Map<String, Value>, now: Timestamp) -> Result<(), Refusal> {
    let seconds = |name: &str| match claims.get(name) {
        None => Ok(None),
        #[expect(clippy::cast_possible_truncation, reason = "a date with fractions is rounded, a huge one saturates")]
        Some(value) => value.as_f64().map(|at| Some(at as i64)).ok_or(Refusal::SignatureMalformed),
    };
    let now = now.as_seconds();
    let expires = seconds("exp")?.ok_or(Refusal::SignatureMalformed)?;
    let begins = seconds("nbf")?.into_iter().chain(seconds("iat")?).max();
    let is_valid = expires.saturating_add(LEEWAY) > now && begins.is_none_or(|at| at.saturating_sub(LEEWAY) <= now);
    if is_valid { Ok(()) } else { Err(Refusal::TimestampOutside) }
}

/// Checks `iss`, `aud` and the declared claims. A value of the file that has no value fits nothing.
fn check_claims(
    rule: &JwtVerification,
    claims: &Map<String, Value>,
    delivery: &Delivery<'_>,
    secrets: &InboundSecrets<'_>,
) -> Result<(), Refusal> {
    let fits = |templates: &[Template], name: &str| {
        let values = secrets.values(delivery, templates);
        let is_value = |text: &Value| text.as_str().is_some_and(|text| values.iter().any(|value| **value == text));
        let has_value = match claims.get(name) {
            Some(Value::Array(several)) => several.iter().any(is_value),
            Some(one) => is_value(one),
            None => false,
        };
        templates.is_empty() || has_value
    };
    let has_claim = |(name, template): &(String, Template)| {
        let claim = claims.get(name).map(crate::json::to_text);
        let values = secrets.values(delivery, std::slice::from_ref(template));
        claim.is_some_and(|claim| values.iter().any(|value| **value == claim))
    };
    let is_ours = fits(&rule.issuers, "iss") && fits(&rule.audience, "aud") && rule.claims.iter().all(has_claim);
    if is_ours { Ok(()) } else { Err(Refusal::ClaimsWrong) }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
            EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        },
    };
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;

    fn encode(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn signed(header: &Value, sign: &dyn Fn(&[u8]) -> Vec<u8>) -> String {
        let text = format!("{}.{}", encode(header.to_string()), encode(r#"{"exp":1}"#));
        format!("{text}.{}", encode(sign(text.as_bytes())))
    }

    /// A key of the right curve verifies; another key, another curve's name, and a changed token do not.
    #[test]
    fn keys_on_curves_verify_their_own_tokens() {
        for (algorithm, curve, signing) in [
            (JwtAlgorithm::Es256, "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
            (JwtAlgorithm::Es384, "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
            (JwtAlgorithm::Es512, "P-521", &ECDSA_P521_SHA512_FIXED_SIGNING),
        ] {
            let pair = EcdsaKeyPair::generate(signing).unwrap();
            let text = signed(&json!({ "alg": algorithm.as_str(), "kid": "a" }), &|text| {
                pair.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec()
            });
            let token = read(&text, &[algorithm]).unwrap();
            let jwk = |pair: &EcdsaKeyPair, curve: &str| {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                json!({ "keys": [{ "kty": "EC", "kid": "a", "crv": curve, "x": encode(x), "y": encode(y) }] })
            };
            assert!(is_signed_by_set(&token, &jwk(&pair, curve)), "{curve}");
            assert!(!is_signed_by_set(&token, &jwk(&EcdsaKeyPair::generate(signing).unwrap(), curve)));
            assert!(!is_signed_by_set(&token, &jwk(&pair, "P-192")));
            let mut named = jwk(&pair, curve);
            for (member, value) in [("kid", "b"), ("use", "enc"), ("alg", "RS256")] {
                named["keys"][0][member] = json!(value);
                assert!(!is_signed_by_set(&token, &named), "{member}");
                named = jwk(&pair, curve);
            }
        }
        let pair = Ed25519KeyPair::generate().unwrap();
        let text = signed(&json!({ "alg": "EdDSA" }), &|text| pair.sign(text).as_ref().to_vec());
        let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key()) }] });
        assert!(is_signed_by_set(&read(&text, &[JwtAlgorithm::EdDsa]).unwrap(), &set));
    }

    /// The file decides about the algorithm, not the token.
    #[test]
    fn only_a_token_of_a_declared_algorithm_is_read() {
        let of = |header: Value| read(&signed(&header, &|_| Vec::new()), &[JwtAlgorithm::Rs256]).is_some();
        assert!(of(json!({ "alg": "RS256" })));
        for header in
            [json!({ "alg": "none" }), json!({ "alg": "HS256" }), json!({}), json!({ "alg": "RS256", "crit": ["b64"] })]
        {
            assert!(!of(header.clone()), "{header}");
        }
        assert!(read("", &[JwtAlgorithm::Rs256]).is_none() && read("a.b", &[JwtAlgorithm::Rs256]).is_none());
    }
}

//! Signs tokens in JWS compact serialization (RFC 7515, section 7.1) with the algorithms of RFC 7518, section 3, and
//! RFC 8037.

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
        RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_connector::definition::JwtAlgorithm;
use serde_json::{Map, Value};

use crate::private_keys;

/// A signed token.
pub(crate) struct SignedToken {
    /// The header, the claims and the signature, separated by dots.
    pub(crate) token: String,
    /// The SHA-256 of the public key (X.509 `SubjectPublicKeyInfo`), which Snowflake and others use as the key's name;
    /// `None` for a shared secret.
    pub(crate) fingerprint: Option<String>,
}

/// The reason for which no token was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwsError {
    /// The key is not valid for the algorithm; the reason completes the sentence "the key …".
    InvalidKey(&'static str),
    /// The key is valid, but cannot sign.
    Signing,
}

/// Signs the claims. `key` is a private key in PEM form, or the shared secret for the `HS…` algorithms.
///
/// # Errors
///
/// [`JwsError::InvalidKey`] for a key of another kind, [`JwsError::Signing`] if the key cannot sign.
pub(crate) fn sign(
    algorithm: JwtAlgorithm,
    key: &str,
    header: &Map<String, Value>,
    claims: &Map<String, Value>,
) -> Result<SignedToken, JwsError> {
    let encode = |members: &Map<String, Value>| {
        // Serializing a map of JSON values cannot fail.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(members).unwrap_or_default())
    };
    let text = format!("{}.{}", encode(header), encode(claims));
    let (signature, fingerprint) = signature(algorithm, key, text.as_bytes())?;
    Ok(SignedToken { token: format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)), fingerprint })
}

fn signature(algorithm: JwtAlgorithm, key: &str, text: &[u8]) -> Result<(Vec<u8>, Option<String>), JwsError> {
    match algorithm {
        JwtAlgorithm::Rs256 => rsa(key, &RSA_PKCS1_SHA256, text),
        JwtAlgorithm::Rs384 => rsa(key, &RSA_PKCS1_SHA384, text),
        JwtAlgorithm::Rs512 => rsa(key, &RSA_PKCS1_SHA512, text),
        JwtAlgorithm::Ps256 => rsa(key, &RSA_PSS_SHA256, text),
        JwtAlgorithm::Ps384 => rsa(key, &RSA_PSS_SHA384, text),
        JwtAlgorithm::Ps512 => rsa(key, &RSA_PSS_SHA512, text),
        JwtAlgorithm::Es256 => ecdsa(key, &ECDSA_P256_SHA256_FIXED_SIGNING, "is not a P-256 key in PEM form", text),
        JwtAlgorithm::Es384 => ecdsa(key, &ECDSA_P384_SHA384_FIXED_SIGNING, "is not a P-384 key in PEM form", text),
        JwtAlgorithm::Es512 => ecdsa(key, &ECDSA_P521_SHA512_FIXED_SIGNING, "is not a P-521 key in PEM form", text),
        JwtAlgorithm::EdDsa => {
            let pair = private_keys::ed25519(key).ok_or(JwsError::InvalidKey("is not an Ed25519 key in PEM form"))?;
            Ok((pair.sign(text).as_ref().to_vec(), fingerprint(pair.public_key())))
        }
        JwtAlgorithm::Hs256 => secret(key, hmac::HMAC_SHA256, text),
        JwtAlgorithm::Hs384 => secret(key, hmac::HMAC_SHA384, text),
        JwtAlgorithm::Hs512 => secret(key, hmac::HMAC_SHA512, text),
    }
}

type SignatureAndFingerprint = Result<(Vec<u8>, Option<String>), JwsError>;

fn rsa(key: &str, encoding: &'static dyn RsaEncoding, text: &[u8]) -> SignatureAndFingerprint {
    let pair: RsaKeyPair =
        private_keys::rsa(key).ok_or(JwsError::InvalidKey("is not an RSA key of at least 2048 bits in PEM form"))?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), text, &mut signature).map_err(|_| JwsError::Signing)?;
    Ok((signature, fingerprint(pair.public_key())))
}

fn ecdsa(
    key: &str,
    algorithm: &'static EcdsaSigningAlgorithm,
    rejection: &'static str,
    text: &[u8],
) -> SignatureAndFingerprint {
    let pair = private_keys::ecdsa(key, algorithm).ok_or(JwsError::InvalidKey(rejection))?;
    let signature = pair.sign(&SystemRandom::new(), text).map_err(|_| JwsError::Signing)?;
    Ok((signature.as_ref().to_vec(), fingerprint(pair.public_key())))
}

fn secret(key: &str, algorithm: hmac::Algorithm, text: &[u8]) -> SignatureAndFingerprint {
    if key.is_empty() {
        return Err(JwsError::InvalidKey("is empty"));
    }
    Ok((hmac::sign(&hmac::Key::new(algorithm, key.as_bytes()), text).as_ref().to_vec(), None))
}

/// Returns the fingerprint of a public key.
fn fingerprint(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Option<String> {
    let der = key.as_der().ok()?;
    Some(format!("SHA256:{}", STANDARD.encode(digest(&SHA256, der.as_ref()))))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
        VerificationAlgorithm,
    };
    use serde_json::json;

    use super::*;

    fn token(algorithm: JwtAlgorithm, key: &str) -> SignedToken {
        let header = Map::from_iter([("alg".to_owned(), json!(algorithm.as_str())), ("kid".to_owned(), json!("k1"))]);
        let claims = Map::from_iter([("iss".to_owned(), json!("me")), ("exp".to_owned(), json!(1))]);
        sign(algorithm, key, &header, &claims).unwrap()
    }

    fn verifies(signed: &SignedToken, algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) {
        let (text, signature) = signed.token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(algorithm, public).verify(text.as_bytes(), &signature).unwrap();
        let (_, claims) = text.split_once('.').unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(claims).unwrap(), br#"{"iss":"me","exp":1}"#);
    }

    #[test]
    fn tokens_of_rsa_keys_are_verified_by_the_public_key() {
        let public = private_keys::rsa(private_keys::testing::RSA).unwrap();
        let all: [(JwtAlgorithm, &'static dyn VerificationAlgorithm); 6] = [
            (JwtAlgorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
            (JwtAlgorithm::Rs384, &RSA_PKCS1_2048_8192_SHA384),
            (JwtAlgorithm::Rs512, &RSA_PKCS1_2048_8192_SHA512),
            (JwtAlgorithm::Ps256, &RSA_PSS_2048_8192_SHA256),
            (JwtAlgorithm::Ps384, &RSA_PSS_2048_8192_SHA384),
            (JwtAlgorithm::Ps512, &RSA_PSS_2048_8192_SHA512),
        ];
        for (algorithm, verification) in all {
            let signed = token(algorithm, private_keys::testing::RSA);
            verifies(&signed, verification, public.public_key().as_ref());
            assert!(signed.fingerprint.unwrap().starts_with("SHA256:"));
        }
    }

    #[test]
    fn tokens_of_elliptic_curve_keys_are_verified_by_the_public_key() {
        for (algorithm, signing, verification) in [
            (JwtAlgorithm::Es256, &ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P256_SHA256_FIXED),
            (JwtAlgorithm::Es384, &ECDSA_P384_SHA384_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED),
            (JwtAlgorithm::Es512, &ECDSA_P521_SHA512_FIXED_SIGNING, &ECDSA_P521_SHA512_FIXED),
        ] {
            let pair = EcdsaKeyPair::generate(signing).unwrap();
            let key = STANDARD.encode(pair.to_pkcs8v1().unwrap().as_ref());
            verifies(&token(algorithm, &key), verification, pair.public_key().as_ref());
        }
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = STANDARD.encode(pair.to_pkcs8v1().unwrap().as_ref());
        verifies(&token(JwtAlgorithm::EdDsa, &key), &ED25519, pair.public_key().as_ref());
    }

    /// RFC 7515, appendix A.1, with its key.
    #[test]
    fn the_example_of_the_standard() {
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let text = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.encode(signature), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let (own, _) = super::signature(JwtAlgorithm::Hs256, "secret", b"text").unwrap();
        assert_eq!(own, hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), b"text").as_ref());
    }

    #[test]
    fn a_key_of_another_kind_is_rejected() {
        let sign = |algorithm, key| super::signature(algorithm, key, b"").unwrap_err();
        assert_eq!(
            sign(JwtAlgorithm::Rs256, "secret"),
            JwsError::InvalidKey("is not an RSA key of at least 2048 bits in PEM form")
        );
        assert_eq!(
            sign(JwtAlgorithm::Es256, private_keys::testing::RSA),
            JwsError::InvalidKey("is not a P-256 key in PEM form")
        );
        assert_eq!(
            sign(JwtAlgorithm::EdDsa, private_keys::testing::RSA),
            JwsError::InvalidKey("is not an Ed25519 key in PEM form")
        );
        assert_eq!(sign(JwtAlgorithm::Hs512, ""), JwsError::InvalidKey("is empty"));
    }
}

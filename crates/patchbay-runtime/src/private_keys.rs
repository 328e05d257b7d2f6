//! Reads private keys as people paste them: PEM or only its base64, with line breaks preserved, lost or written as `\n`.

use aws_lc_rs::{
    rsa::KeyPair as RsaKeyPair,
    signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// Reads an RSA key of at least 2048 bits: PKCS #8 or PKCS #1.
pub(crate) fn rsa(text: &str) -> Option<RsaKeyPair> {
    let der = der(text, "PRIVATE KEY")?;
    RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der)).ok()
}

/// Reads a key on the algorithm's curve: PKCS #8 or SEC 1.
pub(crate) fn ecdsa(text: &str, algorithm: &'static EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_private_key_der(algorithm, &der(text, "PRIVATE KEY")?).ok()
}

/// Reads an Ed25519 key: PKCS #8.
pub(crate) fn ed25519(text: &str) -> Option<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(text, "PRIVATE KEY")?).ok()
}

/// Returns the base64 of a certificate's DER, without line breaks.
pub(crate) fn certificate(text: &str) -> Option<String> {
    der(text, "CERTIFICATE").filter(|der| der.first() == Some(&0x30)).map(|der| STANDARD.encode(&*der))
}

/// Returns the bytes of the first PEM block whose label ends with `label`, or of a text that is only base64. The rest of
/// the label is ignored, because some providers label unencrypted keys `ENCRYPTED PRIVATE KEY`.
fn der(text: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(text.replace("\\n", "\n"));
    let body = if text.contains("-----BEGIN") { block(&text, label)? } else { text.as_str() };
    // A colon belongs to a header of PEM encryption (RFC 1421), which is not supported.
    if body.contains(':') {
        return None;
    }
    let joined = Zeroizing::new(body.split_whitespace().collect::<String>());
    STANDARD.decode(joined.as_bytes()).ok().filter(|der| !der.is_empty()).map(Zeroizing::new)
}

/// Returns the base64 of the first PEM block whose label ends with `label`.
fn block<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.split("-----BEGIN ").skip(1).find_map(|rest| {
        let (name, rest) = rest.split_once("-----")?;
        let (body, _) = rest.split_once("-----END")?;
        name.ends_with(label).then_some(body)
    })
}

#[cfg(test)]
pub(crate) mod testing {
    /// A key of 2048 bits that is used only in tests.
    pub(crate) const RSA: &str = include_str!("../tests/fixtures/keys/rsa.pem");
    /// The certificate of that key.
    pub(crate) const CERTIFICATE: &str = include_str!("../tests/fixtures/keys/rsa.crt");
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;

    use super::{testing::RSA, *};

    #[test]
    fn a_key_is_found_in_every_pasted_form() {
        let body = block(RSA, "PRIVATE KEY").unwrap();
        for text in [
            RSA.to_owned(),
            RSA.replace('\n', "\\n"),
            RSA.replace('\n', " "),
            RSA.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
            body.to_owned(),
            body.replace('\n', ""),
            format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{RSA}"),
        ] {
            assert!(rsa(&text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_pkcs1_key_is_read() {
        let pem = include_str!("../tests/fixtures/keys/rsa.pkcs1.pem");
        assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
        assert!(rsa(pem).is_some());
    }

    #[test]
    fn an_elliptic_curve_key_is_read_only_for_its_curve() {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let text = STANDARD.encode(key.to_pkcs8v1().unwrap().as_ref());
        assert!(ecdsa(&text, &ECDSA_P256_SHA256_FIXED_SIGNING).is_some());
        assert!(ecdsa(&text, &aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING).is_none());
        assert!(rsa(&text).is_none() && ed25519(&text).is_none());
        assert!(ecdsa(RSA, &ECDSA_P256_SHA256_FIXED_SIGNING).is_none());
        let key = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
        assert!(ed25519(&STANDARD.encode(key.as_ref())).is_some());
    }

    #[test]
    fn text_without_a_key_is_rejected() {
        let encrypted =
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----";
        for text in ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", encrypted] {
            assert!(rsa(text).is_none() && ed25519(text).is_none(), "{text}");
        }
        assert!(certificate("hello world").is_none());
    }
}

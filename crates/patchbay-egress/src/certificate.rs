//! Client certificates (mutual TLS): the proof of identity in the TLS handshake, before any HTTP.
//!
//! A certificate belongs to one party: an account, or the call that links one. Its digest covers the party, so that
//! two accounts never share a TLS client, a pooled connection or a resumed session, even with equal certificates.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{Context, SHA256};
use patchbay_model::Timestamp;
use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _, time::ASN1Time};
use zeroize::Zeroizing;

/// One or more certificates with their keys. The client presents the first whose key the server can verify.
pub struct ClientCertificate {
    digest: [u8; 32],
    keys: Vec<Arc<CertifiedKey>>,
}

/// A certificate chain and its private key, in PEM form.
pub struct PemPair<'a> {
    /// The chain, the client's own certificate first.
    pub chain: &'a str,
    /// The private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: &'a str,
}

/// Why a [`PemPair`] is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The chain contains no valid certificate.
    #[error("the chain contains no valid certificate")]
    InvalidChain,
    /// The key is not a private key that can sign.
    #[error("the key is not a private key that can sign")]
    InvalidKey,
    /// The key is encrypted with a passphrase.
    #[error("the key is encrypted with a passphrase")]
    EncryptedKey,
    /// The key belongs to another certificate.
    #[error("the key belongs to another certificate")]
    KeyMismatch,
}

impl ClientCertificate {
    /// Parses the pairs of `party`. A literal `\n` counts as a line break, because some forms remove line breaks.
    ///
    /// # Errors
    ///
    /// A [`CertificateError`] for the first pair that is not valid.
    pub fn parse(party: &str, pairs: &[PemPair<'_>]) -> Result<Self, CertificateError> {
        let mut digest = Context::new(&SHA256);
        let mut absorb = |bytes: &[u8]| {
            digest.update(&bytes.len().to_be_bytes());
            digest.update(bytes);
        };
        absorb(party.as_bytes());
        let mut keys = Vec::with_capacity(pairs.len());
        for pair in pairs {
            absorb(pair.chain.as_bytes());
            absorb(pair.key.as_bytes());
            keys.push(Arc::new(certified_key(pair)?));
        }
        let mut value = [0; 32];
        value.copy_from_slice(digest.finish().as_ref());
        Ok(Self { digest: value, keys })
    }

    /// Returns the time when all certificates of all chains are valid: the latest start and the earliest end. `None` if
    /// the validity of one cannot be parsed.
    pub fn validity(&self) -> Option<(Timestamp, Timestamp)> {
        let certificates = self.keys.iter().flat_map(|key| &key.cert);
        certificates.map(validity).reduce(|one, other| {
            let ((from, to), (other_from, other_to)) = (one?, other?);
            Some((from.max(other_from), to.min(other_to)))
        })?
    }

    /// Returns the SHA-256 digest of the party and the pairs.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

fn certified_key(pair: &PemPair<'_>) -> Result<CertifiedKey, CertificateError> {
    let chain = pair.chain.replace("\\n", "\n");
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(CertificateError::InvalidChain)?;
    let pem = Zeroizing::new(pair.key.replace("\\n", "\n"));
    let mut der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
        let is_encrypted = pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("ENCRYPTED\n");
        if is_encrypted { CertificateError::EncryptedKey } else { CertificateError::InvalidKey }
    })?;
    let key = any_supported_type(&der);
    zeroize::Zeroize::zeroize(&mut der);
    let certified = CertifiedKey::new(chain, key.map_err(|_| CertificateError::InvalidKey)?);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(rustls::Error::InvalidCertificate(_)) => Err(CertificateError::InvalidChain),
        Err(_) => Err(CertificateError::KeyMismatch),
    }
}

/// Returns the validity of one certificate (RFC 5280 section 4.1.2.5).
fn validity(certificate: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let moment = |at: ASN1Time| Timestamp::from_micros(at.timestamp().saturating_mul(1_000_000));
    Some((moment(parsed.validity.not_before), moment(parsed.validity.not_after)))
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate(…)")
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.keys.iter().find(|key| key.key.choose_scheme(schemes).is_some()).cloned()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::*;

    fn pem() -> (String, String) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    fn digest(party: &str, chain: &str, key: &str) -> Result<[u8; 32], CertificateError> {
        ClientCertificate::parse(party, &[PemPair { chain, key }]).map(|certificate| certificate.digest())
    }

    #[test]
    fn equal_certificates_of_two_parties_differ() {
        let (chain, key) = pem();
        let first = digest("a", &chain, &key).unwrap();
        assert_eq!(first, digest("a", &chain, &key).unwrap());
        assert_ne!(first, digest("b", &chain, &key).unwrap());
        let (other, other_key) = pem();
        assert_ne!(first, digest("a", &other, &other_key).unwrap());
    }

    #[test]
    fn the_validity_is_the_intersection_of_the_chain() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let pem = |from: (i32, u8), to: (i32, u8)| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params = rcgen::CertificateParams::new(vec!["client".to_owned()]).unwrap();
            params.not_before = rcgen::date_time_ymd(from.0, from.1, 1);
            params.not_after = rcgen::date_time_ymd(to.0, to.1, 1);
            (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
        };
        // After 2049 the time is encoded as GeneralizedTime.
        let (long, key) = pem((2020, 1), (2060, 6));
        let (short, _) = pem((2025, 3), (2027, 2));
        let times =
            |chain: &str| ClientCertificate::parse("a", &[PemPair { chain, key: &key }]).unwrap().validity().unwrap();
        assert_eq!(times(&long), (at("2020-01-01T00:00:00Z"), at("2060-06-01T00:00:00Z")));
        assert_eq!(times(&format!("{long}{short}")), (at("2025-03-01T00:00:00Z"), at("2027-02-01T00:00:00Z")));
    }

    #[test]
    fn escaped_line_breaks_are_accepted() {
        let (chain, key) = pem();
        assert!(digest("a", &chain.replace('\n', "\\n"), &key.replace('\n', "\\n")).is_ok());
    }

    #[test]
    fn each_invalid_pair_has_its_error() {
        let (chain, key) = pem();
        let (_, other) = pem();
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let invalid = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (chain, key, error) in [
            ("secret", key.as_str(), CertificateError::InvalidChain),
            (key.as_str(), key.as_str(), CertificateError::InvalidChain),
            (invalid, key.as_str(), CertificateError::InvalidChain),
            (chain.as_str(), "secret", CertificateError::InvalidKey),
            (chain.as_str(), chain.as_str(), CertificateError::InvalidKey),
            (chain.as_str(), encrypted, CertificateError::EncryptedKey),
            (chain.as_str(), other.as_str(), CertificateError::KeyMismatch),
        ] {
            assert_eq!(digest("a", chain, key), Err(error));
        }
    }
}

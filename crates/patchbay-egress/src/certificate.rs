//! Client certificates (mutual TLS): how we prove who asks to a provider that wants to know before it speaks HTTP.
//!
//! A certificate belongs to one party, an account or the call that links one. Its digest covers the party, so that
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

/// A client's certificates with their keys: one of them is presented, the first whose key the server can verify.
pub struct ClientCertificate {
    digest: [u8; 32],
    keys: Vec<Arc<CertifiedKey>>,
}

/// A chain and its key, as PEM.
pub struct Pair<'a> {
    /// The chain, the client's own certificate first.
    pub chain: &'a str,
    /// Its private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: &'a str,
}

/// What is wrong with a pair; each says how it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// No certificate in the chain.
    Chain,
    /// No private key that can sign.
    Key,
    /// The key is locked by a passphrase.
    Encrypted,
    /// The key is another certificate's.
    Mismatch,
}

impl ClientCertificate {
    /// Reads the pairs of `party`. Forms that lose their line breaks write them as `\n`.
    pub fn read(party: &str, pairs: &[Pair<'_>]) -> Result<Self, Flaw> {
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
            keys.push(Arc::new(certified(pair)?));
        }
        let mut value = [0; 32];
        value.copy_from_slice(digest.finish().as_ref());
        Ok(Self { digest: value, keys })
    }

    /// From when to when it is valid: the shortest time of all certificates in its chains. None where one says nothing
    /// that is understood.
    pub fn validity(&self) -> Option<(Timestamp, Timestamp)> {
        let certificates = self.keys.iter().flat_map(|key| &key.cert);
        certificates.map(validity).reduce(|one, other| {
            let ((from, to), (other_from, other_to)) = (one?, other?);
            Some((from.max(other_from), to.min(other_to)))
        })?
    }

    /// What tells it from every other, and from the same of another party.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

fn certified(pair: &Pair<'_>) -> Result<CertifiedKey, Flaw> {
    let chain = pair.chain.replace("\\n", "\n");
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(Flaw::Chain)?;
    let pem = Zeroizing::new(pair.key.replace("\\n", "\n"));
    let mut der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
        let locked = pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("ENCRYPTED\n");
        if locked { Flaw::Encrypted } else { Flaw::Key }
    })?;
    let key = any_supported_type(&der);
    zeroize::Zeroize::zeroize(&mut der);
    let certified = CertifiedKey::new(chain, key.map_err(|_| Flaw::Key)?);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(rustls::Error::InvalidCertificate(_)) => Err(Flaw::Chain),
        Err(_) => Err(Flaw::Mismatch),
    }
}

/// One certificate's time (RFC 5280, section 4.1.2.5).
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

    fn read(party: &str, chain: &str, key: &str) -> Result<[u8; 32], Flaw> {
        ClientCertificate::read(party, &[Pair { chain, key }]).map(|read| read.digest())
    }

    #[test]
    fn equal_certificates_of_two_parties_are_told_apart() {
        let (chain, key) = pem();
        let first = read("a", &chain, &key).unwrap();
        assert_eq!(first, read("a", &chain, &key).unwrap());
        assert_ne!(first, read("b", &chain, &key).unwrap());
        let (other, its_key) = pem();
        assert_ne!(first, read("a", &other, &its_key).unwrap());
    }

    #[test]
    fn its_time_is_the_shortest_of_the_chain() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let pem = |from: (i32, u8), to: (i32, u8)| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params = rcgen::CertificateParams::new(vec!["client".to_owned()]).unwrap();
            params.not_before = rcgen::date_time_ymd(from.0, from.1, 1);
            params.not_after = rcgen::date_time_ymd(to.0, to.1, 1);
            (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
        };
        // After 2049 the time is written in another form.
        let (long, key) = pem((2020, 1), (2060, 6));
        let (short, _) = pem((2025, 3), (2027, 2));
        let times =
            |chain: &str| ClientCertificate::read("a", &[Pair { chain, key: &key }]).unwrap().validity().unwrap();
        assert_eq!(times(&long), (at("2020-01-01T00:00:00Z"), at("2060-06-01T00:00:00Z")));
        assert_eq!(times(&format!("{long}{short}")), (at("2025-03-01T00:00:00Z"), at("2027-02-01T00:00:00Z")));
    }

    #[test]
    fn lost_line_breaks_are_found_again() {
        let (chain, key) = pem();
        assert!(read("a", &chain.replace('\n', "\\n"), &key.replace('\n', "\\n")).is_ok());
    }

    #[test]
    fn each_flaw_is_told() {
        let (chain, key) = pem();
        let (_, other) = pem();
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (chain, key, flaw) in [
            ("secret", key.as_str(), Flaw::Chain),
            (key.as_str(), key.as_str(), Flaw::Chain),
            (hollow, key.as_str(), Flaw::Chain),
            (chain.as_str(), "secret", Flaw::Key),
            (chain.as_str(), chain.as_str(), Flaw::Key),
            (chain.as_str(), locked, Flaw::Encrypted),
            (chain.as_str(), other.as_str(), Flaw::Mismatch),
        ] {
            assert_eq!(read("a", chain, key), Err(flaw));
        }
    }
}

//! Writes a SAML assertion with an enveloped signature (SAML Core 2.0, sections 2.3 and 5; XML Signature with RSA, SHA-256
//! and exclusive canonicalization). The whole document is written in canonical form, so that the hashed bytes are the
//! bytes that are sent.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::RSA_PKCS1_SHA256,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_model::Timestamp;

use super::canonical_xml::{InvalidCharacter, element, leaf};

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The time by which `NotBefore` precedes the current time, in seconds, because clocks differ.
const CLOCK_SKEW_SECS: i64 = 60;

/// The values of an assertion.
pub(super) struct Assertion {
    /// The assertion's id.
    pub(super) id: String,
    pub(super) session_index: String,
    pub(super) now: Timestamp,
    /// The lifetime, in seconds.
    pub(super) lifetime_secs: i64,
    pub(super) issuer: String,
    /// The subject's name.
    pub(super) name_id: String,
    /// The format of the subject's name.
    pub(super) name_id_format: String,
    /// The token endpoint.
    pub(super) recipient: String,
    pub(super) audience: String,
    pub(super) attributes: Vec<(String, String)>,
}

/// The reason for which no assertion was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AssertionError {
    /// The named value contains a character that XML does not allow.
    Character(&'static str),
    /// The key cannot sign.
    Key,
}

impl Assertion {
    /// Returns the signed XML. `certificate` is the base64 of the certificate's DER.
    ///
    /// # Errors
    ///
    /// [`AssertionError::Character`] or [`AssertionError::Key`].
    pub(super) fn signed(&self, key: &RsaKeyPair, certificate: Option<&str>) -> Result<String, AssertionError> {
        let (issuer, rest) = self.parts()?;
        // The digest covers the assertion without its signature, which the enveloped-signature transform removes.
        let unsigned = self.wrap(&format!("{issuer}{rest}"))?;
        let signature = signature(&self.id, &unsigned, key, certificate)?;
        self.wrap(&format!("{issuer}{signature}{rest}"))
    }

    /// Returns the assertion element with this content.
    fn wrap(&self, content: &str) -> Result<String, AssertionError> {
        let (id, now) = (self.id.as_str(), self.now.to_rfc3339());
        let attributes = [("xmlns:saml", SAML), ("ID", id), ("IssueInstant", &now), ("Version", "2.0")];
        element("saml:Assertion", &attributes, content).map_err(invalid_in("id"))
    }

    /// Returns the issuer, and the elements after the signature.
    fn parts(&self) -> Result<(String, String), AssertionError> {
        let (now, start, end) = (
            self.now.to_rfc3339(),
            self.now.plus_seconds(-CLOCK_SKEW_SECS).to_rfc3339(),
            self.now.plus_seconds(self.lifetime_secs).to_rfc3339(),
        );
        let issuer = leaf("saml:Issuer", &[], &self.issuer).map_err(invalid_in("issuer"))?;
        let name = leaf("saml:NameID", &[("Format", &self.name_id_format)], &self.name_id);
        let name = name.map_err(invalid_in("nameId"))?;
        let data = [("NotOnOrAfter", end.as_str()), ("Recipient", &self.recipient)];
        let data = leaf("saml:SubjectConfirmationData", &data, "").map_err(invalid_in("tokenEndpoint"))?;
        let fixed = |outcome: Result<String, InvalidCharacter>| outcome.map_err(invalid_in("value"));
        let bearer = [("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")];
        let confirmation = fixed(element("saml:SubjectConfirmation", &bearer, &data))?;
        let subject = fixed(element("saml:Subject", &[], &format!("{name}{confirmation}")))?;
        let audience = leaf("saml:Audience", &[], &self.audience).map_err(invalid_in("audience"))?;
        let audience = fixed(element("saml:AudienceRestriction", &[], &audience))?;
        let times = [("NotBefore", start.as_str()), ("NotOnOrAfter", &end)];
        let conditions = fixed(element("saml:Conditions", &times, &audience))?;
        let class = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
        let class = fixed(leaf("saml:AuthnContextClassRef", &[], class))?;
        let class = fixed(element("saml:AuthnContext", &[], &class))?;
        let session = [("AuthnInstant", now.as_str()), ("SessionIndex", &self.session_index)];
        let statement = fixed(element("saml:AuthnStatement", &session, &class))?;
        let mut attributes = String::new();
        for (name, value) in &self.attributes {
            let value = leaf("saml:AttributeValue", &[], value).map_err(invalid_in("attributes"))?;
            let attribute = element("saml:Attribute", &[("Name", name)], &value).map_err(invalid_in("attributes"))?;
            attributes.push_str(&attribute);
        }
        let attributes = fixed(element("saml:AttributeStatement", &[], &attributes))?;
        Ok((issuer, format!("{subject}{conditions}{statement}{attributes}")))
    }
}

fn invalid_in(name: &'static str) -> impl Fn(InvalidCharacter) -> AssertionError {
    move |InvalidCharacter| AssertionError::Character(name)
}

/// Returns the signature element for the unsigned assertion (XML Signature, sections 3.1 and 4).
fn signature(id: &str, unsigned: &str, key: &RsaKeyPair, certificate: Option<&str>) -> Result<String, AssertionError> {
    let fixed = |outcome: Result<String, InvalidCharacter>| outcome.map_err(invalid_in("cert"));
    let method = |name: &str, algorithm: &str| fixed(leaf(name, &[("Algorithm", algorithm)], ""));
    let transforms = [
        method("ds:Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature")?,
        method("ds:Transform", EXCLUSIVE_C14N)?,
    ];
    let reference = [
        fixed(element("ds:Transforms", &[], &transforms.concat()))?,
        method("ds:DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256")?,
        fixed(leaf("ds:DigestValue", &[], &STANDARD.encode(digest(&SHA256, unsigned.as_bytes()))))?,
    ];
    let content = [
        method("ds:CanonicalizationMethod", EXCLUSIVE_C14N)?,
        method("ds:SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")?,
        fixed(element("ds:Reference", &[("URI", &format!("#{id}"))], &reference.concat()))?,
    ]
    .concat();
    // The signed form declares the prefix itself; in the document the parent declares it.
    let signed_form = fixed(element("ds:SignedInfo", &[("xmlns:ds", XMLDSIG)], &content))?;
    let mut value = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed_form.as_bytes(), &mut value)
        .map_err(|_| AssertionError::Key)?;
    let mut all = fixed(element("ds:SignedInfo", &[], &content))?;
    all.push_str(&fixed(leaf("ds:SignatureValue", &[], &STANDARD.encode(value)))?);
    if let Some(certificate) = certificate {
        let certificate = fixed(leaf("ds:X509Certificate", &[], certificate))?;
        let data = fixed(element("ds:X509Data", &[], &certificate))?;
        all.push_str(&fixed(element("ds:KeyInfo", &[], &data))?);
    }
    fixed(element("ds:Signature", &[("xmlns:ds", XMLDSIG)], &all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::private_keys::{certificate, rsa, testing};

    fn assertion() -> Assertion {
        Assertion {
            id: "_0123456789abcdef".to_owned(),
            session_index: "_fedcba9876543210".to_owned(),
            now: "2026-01-15T10:30:00Z".parse().unwrap(),
            lifetime_secs: 600,
            issuer: "https://patchbay.example.com/?a&b".to_owned(),
            name_id: "Jörg <admin>".to_owned(),
            name_id_format: super::super::DEFAULT_NAME_ID_FORMAT.to_owned(),
            recipient: "https://api4.example.com/oauth/token".to_owned(),
            audience: "www.successfactors.com".to_owned(),
            attributes: vec![
                ("api_key".to_owned(), "NzNkYzk0".to_owned()),
                ("use_username".to_owned(), "true".to_owned()),
            ],
        }
    }

    fn signed() -> String {
        let certificate = certificate(testing::CERTIFICATE).unwrap();
        assertion().signed(&rsa(testing::RSA).unwrap(), Some(&certificate)).unwrap()
    }

    /// `signxml` (Python) verified exactly this document with the key's certificate.
    #[test]
    fn the_assertion_is_the_document_that_signxml_verified() {
        assert_eq!(signed(), include_str!("../../../tests/fixtures/saml/assertion.xml").trim_end());
    }

    #[test]
    #[ignore = "writes the vector; verify it with another implementation"]
    fn write_the_vector() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/saml/assertion.xml"), signed()).unwrap();
    }

    #[test]
    fn a_value_that_xml_does_not_allow_is_named() {
        let wrong = Assertion { name_id: "a\u{1}".to_owned(), ..assertion() };
        assert_eq!(wrong.signed(&rsa(testing::RSA).unwrap(), None), Err(AssertionError::Character("nameId")));
    }
}

//! `saml` of a request: a SAML 2.0 bearer assertion (RFC 7522) among its body's members, made and signed for this one
//! request. The request is the one that trades the assertion for a token; SAP SuccessFactors is the known user.

mod assertion;
mod canonical_xml;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_connector::{
    definition::Saml,
    expr::{Bindings, Escape, EvalError, Template},
};
use patchbay_model::{Entropy, Timestamp};
use serde_json::{Map, Value};
use url::Url;

use crate::{Error, ErrorCode, private_keys};
use assertion::Assertion;

/// Seconds that an assertion holds unless the file says otherwise.
const DEFAULT_LIFETIME_SECS: i64 = 600;
/// The most.
const MAX_LIFETIME_SECS: i64 = 86_400;
/// Whom it is for unless the file says otherwise.
const DEFAULT_AUDIENCE: &str = "www.successfactors.com";
/// The format of the subject's name unless the file says otherwise.
const DEFAULT_NAME_ID_FORMAT: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// The reason for which no assertion was created.
pub enum SamlError {
    /// An expression failed.
    Expression(EvalError),
    /// The account's values make none.
    Account(Error),
}

impl From<EvalError> for SamlError {
    fn from(error: EvalError) -> Self {
        Self::Expression(error)
    }
}

/// Puts the assertion into the body of the request to `url`, and gives it as it is sent.
pub fn insert_assertion(
    saml: &Saml,
    provider: &str,
    url: &Url,
    bindings: &Bindings<'_>,
    (now, entropy): (Timestamp, &dyn Entropy),
    body: &mut Map<String, Value>,
) -> Result<String, SamlError> {
    let text = |template: &Template| -> Result<String, EvalError> {
        let missing = || EvalError::Missing { path: template.source().to_owned() };
        template.eval_text(bindings, Escape::None)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    };
    let or = |template: &Option<Template>, default: &str| match template {
        Some(template) => text(template),
        None => Ok(default.to_owned()),
    };
    let field = |template: &Template, why: &str| {
        let field = template.source().trim_matches(['$', '{', '}', '.', ' ']).trim_start_matches("credentials.");
        let message =
            format!("{provider}: the account's field `{field}` {why}; link the account again with a corrected value");
        SamlError::Account(Error::new(ErrorCode::AccountField, message))
    };
    let key = zeroize::Zeroizing::new(text(&saml.key)?);
    let key = private_keys::rsa(&key).ok_or_else(|| {
        field(&saml.key, "is no RSA private key of at least 2048 bits (PKCS #8 or PKCS #1, not locked by a passphrase)")
    })?;
    let certificate = match &saml.cert {
        None => None,
        Some(template) => match text(template) {
            Err(EvalError::Missing { .. }) => None,
            pem => {
                Some(private_keys::certificate(&pem?).ok_or_else(|| field(template, "is no certificate in PEM form"))?)
            }
        },
    };
    let client = text(&saml.client_id)?;
    let own = url.as_str();
    let mut attributes = vec![("api_key".to_owned(), client.clone())];
    for (name, value) in &saml.attributes {
        attributes.push((name.clone(), text(value)?));
    }
    let assertion = Assertion {
        id: new_id(entropy),
        session: new_id(entropy),
        now,
        lifetime: saml.lifetime.map_or(DEFAULT_LIFETIME_SECS, |seconds| {
            i64::try_from(seconds).unwrap_or(MAX_LIFETIME_SECS).min(MAX_LIFETIME_SECS)
        }),
        issuer: or(&saml.issuer, &client)?,
        name_id: or(&saml.name_id, &client)?,
        name_id_format: or(&saml.name_id_format, DEFAULT_NAME_ID_FORMAT)?,
        recipient: or(&saml.token_endpoint, own)?,
        audience: or(&saml.audience, DEFAULT_AUDIENCE)?,
        attributes,
    };
    let signed = assertion.signed(&key, certificate.as_deref()).map_err(|flaw| match flaw {
        assertion::AssertionError::Character(what) => SamlError::Expression(EvalError::Refused {
            path: format!("saml.{what}"),
            reason: "holds a character that XML cannot carry".to_owned(),
        }),
        assertion::AssertionError::Key => field(&saml.key, "cannot sign"),
    })?;
    let encoded = if saml.base64url { URL_SAFE_NO_PAD.encode(signed) } else { STANDARD.encode(signed) };
    body.insert(text(&saml.object_key)?, Value::String(encoded.clone()));
    Ok(encoded)
}

/// An id as XML has them: it does not begin with a digit.
fn new_id(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    bytes.iter().fold("_".to_owned(), |id, byte| format!("{id}{byte:02x}"))
}

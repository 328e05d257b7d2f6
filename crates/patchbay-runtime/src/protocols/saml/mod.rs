//! Adds a SAML 2.0 bearer assertion (RFC 7522) to the body of a request with `saml`. The assertion is created and signed
//! for this request, which exchanges it for a token. SAP SuccessFactors uses this.

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

/// The default lifetime of an assertion, in seconds.
const DEFAULT_LIFETIME_SECS: i64 = 600;
/// The maximum lifetime of an assertion, in seconds.
const MAX_LIFETIME_SECS: i64 = 86_400;
/// The default audience of an assertion.
const DEFAULT_AUDIENCE: &str = "www.successfactors.com";
/// The default format of the subject's name (SAML Core 2.0, section 8.3.1).
const DEFAULT_NAME_ID_FORMAT: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// The reason for which no assertion was created.
pub(crate) enum SamlError {
    /// An expression failed.
    Expression(EvalError),
    /// A field of the account cannot be used.
    Account(Error),
}

impl From<EvalError> for SamlError {
    fn from(error: EvalError) -> Self {
        Self::Expression(error)
    }
}

/// Adds a signed assertion to the body of the request to `url`, and returns its encoded form, which is a secret.
///
/// # Errors
///
/// [`SamlError::Expression`] for a missing value or one that XML does not allow, [`SamlError::Account`] with 412
/// `AccountFieldError` for a key or certificate that cannot be used.
pub(crate) fn insert_assertion(
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
    let text_or = |template: &Option<Template>, default: &str| match template {
        Some(template) => text(template),
        None => Ok(default.to_owned()),
    };
    let invalid_field = |template: &Template, reason: &str| {
        let field = template.source().trim_matches(['$', '{', '}', '.', ' ']).trim_start_matches("credentials.");
        let message =
            format!("{provider}: the account's field `{field}` {reason}; reconnect the account with a corrected value");
        SamlError::Account(Error::new(ErrorCode::AccountField, message))
    };
    let key = zeroize::Zeroizing::new(text(&saml.key)?);
    let key = private_keys::rsa(&key).ok_or_else(|| {
        let reason = "is not an RSA private key of at least 2048 bits (PKCS #8 or PKCS #1, without a passphrase)";
        invalid_field(&saml.key, reason)
    })?;
    let certificate = match &saml.cert {
        None => None,
        Some(template) => match text(template) {
            Err(EvalError::Missing { .. }) => None,
            pem => {
                let certificate = private_keys::certificate(&pem?);
                Some(certificate.ok_or_else(|| invalid_field(template, "is not a certificate in PEM form"))?)
            }
        },
    };
    let client = text(&saml.client_id)?;
    let mut attributes = vec![("api_key".to_owned(), client.clone())];
    for (name, value) in &saml.attributes {
        attributes.push((name.clone(), text(value)?));
    }
    let assertion = Assertion {
        id: new_id(entropy),
        session_index: new_id(entropy),
        now,
        lifetime_secs: saml.lifetime.map_or(DEFAULT_LIFETIME_SECS, |seconds| {
            i64::try_from(seconds).unwrap_or(MAX_LIFETIME_SECS).min(MAX_LIFETIME_SECS)
        }),
        issuer: text_or(&saml.issuer, &client)?,
        name_id: text_or(&saml.name_id, &client)?,
        name_id_format: text_or(&saml.name_id_format, DEFAULT_NAME_ID_FORMAT)?,
        recipient: text_or(&saml.token_endpoint, url.as_str())?,
        audience: text_or(&saml.audience, DEFAULT_AUDIENCE)?,
        attributes,
    };
    let signed = assertion.signed(&key, certificate.as_deref()).map_err(|error| match error {
        assertion::AssertionError::Character(name) => SamlError::Expression(EvalError::Refused {
            path: format!("saml.{name}"),
            reason: "contains a character that XML does not allow".to_owned(),
        }),
        assertion::AssertionError::Key => invalid_field(&saml.key, "cannot sign"),
    })?;
    let encoded = if saml.base64url { URL_SAFE_NO_PAD.encode(signed) } else { STANDARD.encode(signed) };
    body.insert(text(&saml.object_key)?, Value::String(encoded.clone()));
    Ok(encoded)
}

/// Returns a random id. It does not begin with a digit, because XML does not allow that (XML Schema part 2, `xs:ID`).
fn new_id(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    bytes.iter().fold("_".to_owned(), |id, byte| format!("{id}{byte:02x}"))
}

//! Reads the client certificate of an account's requests from its fields.

use std::sync::Arc;

use patchbay_connector::{
    definition::{Certificates, RequestSpec},
    expr::{Bindings, Escape, EvalError, Template},
};
use patchbay_egress::{CertificateError, ClientCertificate, PemPair};
use patchbay_model::AccountId;
use zeroize::Zeroizing;

use crate::{Error, ErrorCode, context::RunContext, expression_error::expression_error, run_ids::RunIds};

type Pem = Zeroizing<String>;

/// Returns the client certificate of a request, otherwise of the account's method. `None` if neither declares one, or if
/// all its fields are empty, because a certificate can be optional.
///
/// # Errors
///
/// The errors of [`read_certificates`].
pub fn certificate(
    ctx: &RunContext<'_>,
    request: Option<&RequestSpec>,
    bindings: &Bindings<'_>,
) -> Result<Option<Arc<ClientCertificate>>, Error> {
    let declared = request.and_then(|request| request.certificates.as_ref());
    match declared.or(ctx.method.certificates.as_ref()) {
        Some(certificates) => read_certificates(certificates, &ctx.connector.title, &ctx.ids, bindings),
        None => Ok(None),
    }
}

/// Reads the client certificate that `certificates` declare from the account's fields. `provider` is the connector's
/// title. `None` if all the fields are empty.
///
/// # Errors
///
/// 412 `AccountFieldError` if a field is empty or its PEM is not usable, otherwise the error of an expression.
pub fn read_certificates(
    certificates: &Certificates,
    provider: &str,
    ids: &RunIds,
    bindings: &Bindings<'_>,
) -> Result<Option<Arc<ClientCertificate>>, Error> {
    let pem = |template: &Template| -> Result<Option<Pem>, Error> {
        let text = match template.eval_text(bindings, Escape::None) {
            Err(EvalError::Missing { .. }) => None,
            text => text.map_err(|error| expression_error(provider, "certificates", &error))?,
        };
        Ok(text.map(Zeroizing::new).filter(|text| !text.trim().is_empty()))
    };
    let all = |templates: &[Template]| templates.iter().map(pem).collect::<Result<Vec<_>, _>>();
    let (certs, keys) = (all(&certificates.certs)?, all(&certificates.keys)?);
    if certs.iter().chain(&keys).all(Option::is_none) {
        return Ok(None);
    }
    let required = |templates: &[Template], pems: Vec<Option<Pem>>| {
        let fields = templates.iter().zip(pems);
        fields
            .map(|(template, pem)| pem.ok_or_else(|| invalid_field(provider, template, "is empty")))
            .collect::<Result<Vec<Pem>, Error>>()
    };
    let certs = required(&certificates.certs, certs)?;
    let keys = required(&certificates.keys, keys)?;
    // With one key, all certificates are its chain.
    let chain = (keys.len() == 1).then(|| certs.iter().map(|pem| pem.as_str()).collect::<Vec<_>>().join("\n"));
    let pairs: Vec<PemPair<'_>> = match &chain {
        Some(chain) => vec![PemPair { chain, key: &keys[0] }],
        None => certs.iter().zip(&keys).map(|(chain, key)| PemPair { chain, key }).collect(),
    };
    let party = ids.account_id.as_ref().map_or(ids.call_id.as_str(), AccountId::as_str);
    match ClientCertificate::parse(party, &pairs) {
        Ok(certificate) => Ok(Some(Arc::new(certificate))),
        Err(error) => {
            let (template, reason) = match error {
                CertificateError::InvalidChain => (&certificates.certs[0], "is not a certificate in PEM form"),
                CertificateError::InvalidKey => {
                    (&certificates.keys[0], "is not a private key in PEM form (PKCS #8, PKCS #1 or SEC 1)")
                }
                CertificateError::EncryptedKey => {
                    (&certificates.keys[0], "is protected by a passphrase, which is not supported")
                }
                CertificateError::KeyMismatch => (&certificates.keys[0], "belongs to another certificate"),
            };
            Err(invalid_field(provider, template, reason))
        }
    }
}

/// Returns the 412 for a field that cannot be used.
fn invalid_field(provider: &str, template: &Template, reason: &str) -> Error {
    let field = template.source().trim_matches(['$', '{', '}', '.', ' ']).trim_start_matches("credentials.");
    let message = format!(
        "{provider}: the account's field `{field}` {reason}; reconnect the account with the whole file, from `-----BEGIN` to `-----END`"
    );
    Error::new(ErrorCode::AccountField, message)
}

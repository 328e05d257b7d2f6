//! From an account's fields to the client certificate of its requests.

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

/// The certificate of a request, else of the account's method. None where neither names one, or where every field
/// that they name is empty: certificates may be up to the customer.
pub fn certificate(
    ctx: &RunContext<'_>,
    request: Option<&RequestSpec>,
    bindings: &Bindings<'_>,
) -> Result<Option<Arc<ClientCertificate>>, Error> {
    let own = request.and_then(|request| request.certificates.as_ref());
    match own.or(ctx.method.certificates.as_ref()) {
        Some(certificates) => read_certificates(certificates, &ctx.connector.title, &ctx.ids, bindings),
        None => Ok(None),
    }
}

/// Reads what `certificates` name, for the account that the facts are of.
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
    let named = |templates: &[Template], pems: Vec<Option<Pem>>| {
        let both = templates.iter().zip(pems);
        both.map(|(template, pem)| pem.ok_or_else(|| wrong(provider, template, "is empty")))
            .collect::<Result<Vec<Pem>, Error>>()
    };
    let certs = named(&certificates.certs, certs)?;
    let keys = named(&certificates.keys, keys)?;
    // One key: all certificates are its chain.
    let whole = (keys.len() == 1).then(|| certs.iter().map(|pem| pem.as_str()).collect::<Vec<_>>().join("\n"));
    let pairs: Vec<PemPair<'_>> = match &whole {
        Some(chain) => vec![PemPair { chain, key: &keys[0] }],
        None => certs.iter().zip(&keys).map(|(chain, key)| PemPair { chain, key }).collect(),
    };
    let party = ids.account_id.as_ref().map_or(ids.call_id.as_str(), AccountId::as_str);
    match ClientCertificate::parse(party, &pairs) {
        Ok(certificate) => Ok(Some(Arc::new(certificate))),
        Err(error) => {
            let (template, why) = match error {
                CertificateError::InvalidChain => (&certificates.certs[0], "is no certificate in PEM form"),
                CertificateError::InvalidKey => {
                    (&certificates.keys[0], "is no private key in PEM form (PKCS #8, PKCS #1 or SEC 1)")
                }
                CertificateError::EncryptedKey => {
                    (&certificates.keys[0], "is locked by a passphrase; give the key without one")
                }
                CertificateError::KeyMismatch => (&certificates.keys[0], "belongs to another certificate"),
            };
            Err(wrong(provider, template, why))
        }
    }
}

fn wrong(provider: &str, template: &Template, why: &str) -> Error {
    let field = template.source().trim_matches(['$', '{', '}', '.', ' ']).trim_start_matches("credentials.");
    let message = format!(
        "{provider}: the account's field `{field}` {why}; link the account again with the whole file, from `-----BEGIN` to `-----END`"
    );
    Error::new(ErrorCode::AccountField, message)
}

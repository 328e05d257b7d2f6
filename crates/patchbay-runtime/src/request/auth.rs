//! Adds the credentials of an authorization scheme to a request's headers, query or body.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, header};
use patchbay_connector::{
    definition::{Authorization, BasicAuthorization},
    expr::{Bindings, EvalError, Template},
};

use super::args::{self, RequestParts, header_text};

/// Adds the credentials of an authorization to `parts`. Signatures and SOAP headers are added later, when the request or
/// the envelope is complete.
///
/// # Errors
///
/// [`EvalError::Missing`] without a token, [`EvalError::Refused`] for a credential that headers do not allow, otherwise
/// the [`EvalError`] of an expression.
pub fn authorize(
    authorization: &Authorization,
    bindings: &Bindings<'_>,
    parts: &mut RequestParts,
) -> Result<(), EvalError> {
    let value = match authorization {
        // `sign` adds a signature to the complete request; `build_envelope` adds a SOAP header.
        Authorization::None | Authorization::Signed(_) | Authorization::OAuth1(_) | Authorization::WsSecurity(_) => {
            None
        }
        Authorization::Basic(_) => {
            basic_credentials(authorization, bindings)?.map(|encoded| format!("Basic {encoded}"))
        }
        Authorization::Bearer(scheme) => Some(bearer(&scheme.token, scheme.include_bearer, bindings)?),
        Authorization::Custom(scheme) => return args::apply(&scheme.args, bindings, parts),
        Authorization::OAuth2(oauth2) => Some(bearer(&oauth2.token, oauth2.include_bearer, bindings)?),
    };
    if let Some(value) = value {
        let mut value = HeaderValue::try_from(value).map_err(|_| EvalError::Refused {
            path: "authorization".to_owned(),
            reason: "contains a character that headers do not allow".to_owned(),
        })?;
        value.set_sensitive(true);
        parts.headers.insert(header::AUTHORIZATION, value);
    }
    Ok(())
}

/// Returns the value of an `Authorization` header with a bearer token (RFC 6750, section 2.1).
fn bearer(token: &Template, include_bearer: bool, bindings: &Bindings<'_>) -> Result<String, EvalError> {
    let missing = || EvalError::Missing { path: token.source().to_owned() };
    let token = header_text(token, bindings)?.ok_or_else(missing)?;
    Ok(if include_bearer { format!("Bearer {token}") } else { token })
}

/// Returns the credentials of Basic authentication (RFC 7617, section 2), without the scheme; `None` for another
/// authorization.
///
/// # Errors
///
/// The [`EvalError`] of an expression.
pub(crate) fn basic_credentials(
    authorization: &Authorization,
    bindings: &Bindings<'_>,
) -> Result<Option<String>, EvalError> {
    let Authorization::Basic(BasicAuthorization { username, password }) = authorization else { return Ok(None) };
    let part = |template: &Option<Template>| match template {
        Some(template) => header_text(template, bindings).map(Option::unwrap_or_default),
        None => Ok(String::new()),
    };
    Ok(Some(STANDARD.encode(format!("{}:{}", part(username)?, part(password)?))))
}

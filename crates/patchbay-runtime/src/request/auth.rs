//! Puts what authenticates a request into its headers, query or body.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, header};
use patchbay_connector::{
    definition::{Authorization, BasicAuthorization},
    expr::{Bindings, EvalError, Template},
};

use super::args::{self, RequestParts, header_text};

/// Adds what proves who asks.
pub fn authorize(
    authorization: &Authorization,
    bindings: &Bindings<'_>,
    parts: &mut RequestParts,
) -> Result<(), EvalError> {
    let value = match authorization {
        // A signature is put on when the request is whole; a SOAP header, when there is an envelope.
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
            reason: "holds a character that a header cannot carry".to_owned(),
        })?;
        value.set_sensitive(true);
        parts.headers.insert(header::AUTHORIZATION, value);
    }
    Ok(())
}

/// The value of a header that carries a token (RFC 6750).
fn bearer(token: &Template, include_bearer: bool, bindings: &Bindings<'_>) -> Result<String, EvalError> {
    let missing = || EvalError::Missing { path: token.source().to_owned() };
    let token = header_text(token, bindings)?.ok_or_else(missing)?;
    Ok(if include_bearer { format!("Bearer {token}") } else { token })
}

/// The value of a Basic header (RFC 7617), without its scheme.
pub fn basic_credentials(authorization: &Authorization, bindings: &Bindings<'_>) -> Result<Option<String>, EvalError> {
    let Authorization::Basic(BasicAuthorization { username, password }) = authorization else { return Ok(None) };
    let part = |template: &Option<Template>| match template {
        Some(template) => header_text(template, bindings).map(Option::unwrap_or_default),
        None => Ok(String::new()),
    };
    Ok(Some(STANDARD.encode(format!("{}:{}", part(username)?, part(password)?))))
}

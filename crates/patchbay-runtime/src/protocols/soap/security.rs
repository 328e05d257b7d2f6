//! Builds the WS-Security header block with a `UsernameToken` (OASIS Web Services Security `UsernameToken` Profile
//! 1.1.1).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_connector::{
    definition::{Authorization, WsSecurityAuthorization},
    expr::{Bindings, Escape, EvalError, Template},
};
use patchbay_model::{Entropy, Timestamp};
use serde_json::{Value, json};

const SECEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const UTILITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const PASSWORD: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
const BASE64: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// Returns the name and value of the header block; `None` for another authorization.
///
/// # Errors
///
/// [`EvalError::Missing`] without a user name or password, otherwise the [`EvalError`] of an expression.
pub(super) fn header(
    authorization: &Authorization,
    bindings: &Bindings<'_>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Option<(String, Value)>, EvalError> {
    let Authorization::WsSecurity(WsSecurityAuthorization { username, password, digested }) = authorization else {
        return Ok(None);
    };
    let text = |template: &Template| {
        let missing = || EvalError::Missing { path: template.source().to_owned() };
        template.eval_text(bindings, Escape::None)?.ok_or_else(missing)
    };
    let (username, password) = (text(username)?, text(password)?);
    let mut token = json!({ "wsse:Username": username });
    if *digested {
        let mut nonce = [0; 16];
        entropy.fill(&mut nonce);
        let created = now.to_string();
        token["wsse:Password"] = json!({
            "@_Type": format!("{PASSWORD}#PasswordDigest"), "#text": password_digest(&nonce, &created, &password),
        });
        token["wsse:Nonce"] = json!({ "@_EncodingType": BASE64, "#text": STANDARD.encode(nonce) });
        token["wsu:Created"] = json!(created);
    } else {
        token["wsse:Password"] = json!({ "@_Type": format!("{PASSWORD}#PasswordText"), "#text": password });
    }
    let block = json!({ "@_xmlns:wsse": SECEXT, "@_xmlns:wsu": UTILITY, "wsse:UsernameToken": token });
    Ok(Some(("wsse:Security".to_owned(), block)))
}

/// Returns the password digest: base64 of SHA-1 of nonce, creation time and password (the profile's section 3.1).
fn password_digest(nonce: &[u8], created: &str, password: &str) -> String {
    let input = [nonce, created.as_bytes(), password.as_bytes()].concat();
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &input))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_profile() {
        // Computed with `printf 'nonce-16-bytes-x2026-01-02T03:04:05Zsecret' | openssl sha1 -binary | base64`.
        assert_eq!(
            password_digest(b"nonce-16-bytes-x", "2026-01-02T03:04:05Z", "secret"),
            "lGIXYkT2lrP4/LxdpHqS/kyb7Ug="
        );
    }
}

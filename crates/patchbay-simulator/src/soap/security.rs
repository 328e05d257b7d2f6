//! The `UsernameToken` of WS-Security, with the password as text or digest.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::envelope::{Element, SoapFault};

/// The namespace of security headers.
pub const SECEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const UTILITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// Checks that the header authenticates the user.
pub fn check(security: Option<&Element>, user: &str, password: &str) -> Result<(), SoapFault> {
    let refused = || SoapFault {
        status: 500,
        code: "FailedAuthentication",
        words: "invalid username or password".to_owned(),
        details: Vec::new(),
    };
    let token = security.and_then(|block| block.within(SECEXT, "UsernameToken")).ok_or_else(refused)?;
    let text = |namespace: &str, name: &str| token.within(namespace, name).map(|element| element.text.as_str());
    let given = token.within(SECEXT, "Password").ok_or_else(refused)?;
    let kind =
        given.attributes.iter().find(|(name, _)| name == "Type").map(|(_, kind)| kind.as_str()).unwrap_or_default();
    let is_right = if kind.ends_with("#PasswordDigest") {
        let nonce = text(SECEXT, "Nonce").and_then(|nonce| STANDARD.decode(nonce).ok()).ok_or_else(refused)?;
        let created = text(UTILITY, "Created").ok_or_else(refused)?;
        let input = [&nonce[..], created.as_bytes(), password.as_bytes()].concat();
        given.text == STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &input))
    } else {
        kind.ends_with("#PasswordText") && given.text == password
    };
    if is_right && text(SECEXT, "Username") == Some(user) { Ok(()) } else { Err(refused()) }
}

//! Checks that the ID token of a provider that speaks `OpenID` Connect belongs to this authorization.
//!
//! It comes from the token endpoint over TLS, which proves who issued it (`OpenID` Connect Core 1.0, section 3.1.3.7,
//! point 6). Its signature is therefore not verified, and nothing of it is stored. Its claims are checked: they say for
//! which client and which request it was issued.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_vault::Secret;
use serde_json::Value;

use super::ExpectedCallback;
use crate::oauth::mcp::is_same_issuer;

/// The scope that requests an ID token.
pub(super) const OPENID_SCOPE: &str = "openid";

/// Returns why an ID token does not belong to an authorization. Returns none when it does, and when there is nothing to
/// compare: a provider without `OpenID` Connect sends no ID token.
pub(super) fn mismatch(
    token: Option<&Secret>,
    expected: &ExpectedCallback,
    client_id: Option<&str>,
) -> Option<&'static str> {
    let nonce = expected.nonce.as_deref()?;
    let Some(claims) = claims(token?.expose()) else { return Some("cannot be read") };
    match claims.get("nonce").filter(|claim| !claim.is_null()) {
        Some(claim) if claim.as_str() == Some(nonce) => {}
        Some(_) => return Some("was issued for another authorization (`nonce`)"),
        // Some providers never send it. The code verifier binds the code to this authorization then (RFC 9700, section
        // 2.1.1: PKCE or the nonce).
        None if expected.verifier.is_some() => {}
        None => {
            return Some(
                "has no `nonce`; if the provider never sends it, set `pkce: true` or `nonce: false` in the connector",
            );
        }
    }
    let is_ours = |audience: &Value| audience.as_str() == client_id;
    let audience = &claims["aud"];
    let has_us = is_ours(audience) || audience.as_array().is_some_and(|several| several.iter().any(is_ours));
    if client_id.is_some() && !has_us {
        return Some("was issued for another client (`aud`)");
    }
    let is_issuer = claims["iss"].as_str().is_some_and(|issuer| is_same_issuer(issuer, &expected.issuer));
    (expected.issuer_is_named && !is_issuer).then_some("was issued by another authorization server (`iss`)")
}

/// Reads the claims of a JWT (RFC 7519, section 7.2) without verifying it.
fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::claims;

    #[test]
    fn a_malformed_token_has_no_claims() {
        for text in ["", ".", "a.b.c", "e30", "e30.%%.x", "..", "e30.bm8ganNvbg.x"] {
            assert!(claims(text).is_none(), "{text}");
        }
        // The claims of the example in RFC 7519, section 3.1.
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP";
        assert_eq!(claims(token).unwrap()["iss"], "joe");
    }
}

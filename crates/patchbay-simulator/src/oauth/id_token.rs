//! ID tokens (`OpenID` Connect Core 1.0, section 2) for the scope `openid`. Their signature is not valid: a client that
//! receives them from the token endpoint need not verify it (section 3.1.3.7, point 6).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{OAuthRules, store::Code};

/// The lifetime of an ID token, in seconds.
const ID_TOKEN_TTL_SECS: i64 = 600;

pub(super) fn of(rules: &OAuthRules, client: &str, code: &Code, now: i64) -> Option<String> {
    code.scope.split([' ', ',']).find(|scope| *scope == "openid")?;
    let mut claims = json!({
        "iss": rules.issuer.as_deref().unwrap_or("https://oauth2.example.com"),
        "sub": "customer-1",
        "aud": client,
        "iat": now,
        "exp": now + ID_TOKEN_TTL_SECS,
    });
    if let Some(nonce) = &code.nonce {
        claims["nonce"] = json!(nonce);
    }
    for (name, value) in &rules.id_claims {
        claims[name.as_str()] = value.clone();
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    Some(format!("{}.{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims), "c2lnbmF0dXJl"))
}

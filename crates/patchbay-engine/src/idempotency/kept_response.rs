//! A response that is kept, and its text for the vault.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// The largest body that is kept, in bytes.
pub const MAX_KEPT_BYTES: usize = 1024 * 1024;

/// A response to a request with an idempotency key. It can contain a secret, such as a new API key, so it is wiped after use.
pub struct KeptResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

/// The sealed text.
#[derive(Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
struct Plaintext {
    status: u16,
    headers: Vec<(String, String)>,
    /// The body if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    text: Option<String>,
    /// The body in base64 if it is not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    base64: Option<String>,
}

impl KeptResponse {
    /// Returns the text to seal.
    pub(super) fn to_text(&self) -> Secret {
        let text = std::str::from_utf8(&self.body).ok().map(str::to_owned);
        let base64 = text.is_none().then(|| STANDARD.encode(&*self.body));
        let all = Plaintext { status: self.status, headers: self.headers.clone(), text, base64 };
        Secret::new(serde_json::to_string(&all).unwrap_or_default())
    }

    /// Reads an opened text; none if it has a shape that this version does not know.
    pub(super) fn from_text(text: &Secret) -> Option<Self> {
        let mut all: Plaintext = serde_json::from_str(text.expose()).ok()?;
        let body = match (all.text.take(), all.base64.take()) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(base64)) => STANDARD.decode(Zeroizing::new(base64).as_bytes()).ok()?,
            _ => return None,
        };
        Some(Self { status: all.status, headers: std::mem::take(&mut all.headers), body: Zeroizing::new(body) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_restored_byte_for_byte() {
        for body in [&b""[..], b"{\"a\": \"\xc3\xbc\"}", b"\xff\x00\x80", &[0; 3]] {
            let headers = vec![("content-type".to_owned(), "a/b".to_owned()), ("x".to_owned(), String::new())];
            let kept = KeptResponse { status: 201, headers: headers.clone(), body: body.to_vec().into() };
            let restored = KeptResponse::from_text(&kept.to_text()).unwrap();
            assert_eq!((restored.status, restored.headers, &**restored.body), (201, headers, body));
        }
        for unknown in
            ["", "{}", r#"{"status": 200, "headers": []}"#, r#"{"status": 200, "headers": [], "base64": "%"}"#]
        {
            assert!(KeptResponse::from_text(&Secret::new(unknown)).is_none(), "{unknown}");
        }
    }
}

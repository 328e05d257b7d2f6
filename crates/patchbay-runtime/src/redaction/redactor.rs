//! Redacts an account's secrets in a provider's responses, in every spelling in which they can be echoed.
//!
//! The common case, no echo, is one scan of the texts that are long enough to contain a secret.

use std::{borrow::Cow, fmt, sync::OnceLock};

use bytes::Bytes;
use patchbay_connector::json_tree;
use patchbay_egress::reserved;
use patchbay_model::MemorySpent;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{matcher::Matcher, stream_redactor::StreamRedactor};
use crate::run_memory::{ClaimError, claim_json};

/// The replacement for a secret.
pub(crate) const REDACTED: &str = "[redacted]";
/// The minimum length of a secret, in bytes; a shorter value would match unrelated text.
const MIN_SECRET_BYTES: usize = 4;

/// Redacts the secrets of one account.
#[derive(Default)]
pub struct Redactor {
    secrets: Vec<Zeroizing<String>>,
    /// Created for the first text that is long enough.
    matcher: OnceLock<Box<Matcher>>,
}

impl Redactor {
    /// Creates a redactor of these secrets.
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut redactor = Self::default();
        secrets.for_each(|secret| redactor.add(secret));
        redactor
    }

    /// Adds a secret in all its spellings. A secret shorter than 4 bytes is ignored.
    pub fn add(&mut self, secret: &str) {
        if secret.len() >= MIN_SECRET_BYTES && !self.secrets.iter().any(|known| **known == secret) {
            self.secrets.push(Zeroizing::new(secret.to_owned()));
            self.matcher = OnceLock::new();
        }
    }

    /// Returns the matcher if a text of this length can contain a secret: no spelling is shorter than the secret.
    fn matcher_for(&self, length: usize) -> Option<&Matcher> {
        if !self.secrets.iter().any(|secret| secret.len() <= length) {
            return None;
        }
        Some(self.matcher.get_or_init(|| Box::new(Matcher::new(self.texts(), MIN_SECRET_BYTES))))
    }

    /// Returns the secrets.
    fn texts(&self) -> impl Iterator<Item = &str> + Clone {
        self.secrets.iter().map(|secret| secret.as_str())
    }

    /// Returns true if the bytes contain a secret.
    pub(crate) fn contains_secret(&self, bytes: &[u8]) -> bool {
        self.matcher_for(bytes.len()).is_some_and(|matcher| matcher.is_match(bytes))
    }

    /// Returns a redactor for a stream of bytes.
    pub fn stream_redactor(&self) -> StreamRedactor {
        StreamRedactor::new(self.texts())
    }

    /// Returns the text with the secrets redacted.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.redacted(text) {
            Some(redacted) => Cow::Owned(redacted),
            None => Cow::Borrowed(text),
        }
    }

    /// Returns the text with the secrets redacted; none if it contains no secret.
    fn redacted(&self, text: &str) -> Option<String> {
        let found = self.matcher_for(text.len())?.find_all(text.as_bytes());
        if found.is_empty() {
            return None;
        }
        let (mut redacted, mut at) = (Vec::with_capacity(text.len()), 0);
        for range in found {
            redacted.extend_from_slice(&text.as_bytes()[at..range.start]);
            redacted.extend_from_slice(REDACTED.as_bytes());
            at = range.end;
        }
        redacted.extend_from_slice(&text.as_bytes()[at..]);
        Some(String::from_utf8(redacted).unwrap_or_else(|_| REDACTED.to_owned()))
    }

    /// Redacts the secrets in a value: in strings, in keys, and numbers that are a secret.
    pub fn value(&self, value: &mut Value) {
        if self.secrets.is_empty() {
            return;
        }
        match value {
            Value::String(text) => {
                if let Some(redacted) = self.redacted(text) {
                    *text = redacted;
                }
            }
            Value::Number(number) => {
                let number = number.to_string();
                if self.texts().any(|secret| secret == number) {
                    *value = Value::String(REDACTED.to_owned());
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => {
                if members.keys().any(|key| self.contains_secret(key.as_bytes())) {
                    *members = std::mem::take(members)
                        .into_iter()
                        .map(|(key, member)| (self.text(&key).into_owned(), member))
                        .collect();
                }
                members.values_mut().for_each(|member| self.value(member));
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Returns JSON text with the secrets redacted; it stays valid JSON.
    ///
    /// # Errors
    ///
    /// [`MemorySpent`] if the process has no memory left for the values of a large text.
    pub fn json(&self, json: Bytes) -> Result<Bytes, MemorySpent> {
        if !self.contains_secret(&json) {
            return Ok(json);
        }
        // An echo is rare, so the cost of parsing is acceptable. In the text, a replaced number would not be valid JSON.
        let unreadable = || Bytes::from(format!("\"{REDACTED}\""));
        let _memory = match claim_json(&json, json.len(), 1) {
            Ok(memory) => memory,
            Err(ClaimError::Large(_)) => return Ok(unreadable()),
            Err(ClaimError::Spent(spent)) => return Err(spent),
        };
        let Ok(mut value) = json_tree::from_slice(&json) else { return Ok(unreadable()) };
        self.value(&mut value);
        reserved(Bytes::from(value.to_string()))
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(…)")
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde_json::json;

    use super::*;

    const SECRET: &str = "s3cr+t/\"value\" ü";

    #[test]
    fn every_encoding_is_redacted() {
        let redactor = Redactor::new([SECRET].into_iter());
        let echo = json!({"plain": SECRET, "base64": STANDARD.encode(SECRET), "inside": format!("key={SECRET}!")});
        let escaped = echo.to_string().replace('/', "\\/");
        for text in [echo.to_string(), escaped] {
            let clean = redactor.json(Bytes::from(text)).unwrap();
            let clean: Value = serde_json::from_slice(&clean).unwrap();
            assert_eq!(clean, json!({"plain": REDACTED, "base64": REDACTED, "inside": format!("key={REDACTED}!")}));
        }
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("k", SECRET).finish();
        assert_eq!(redactor.text(&query), format!("k={REDACTED}"));
        let xml = "<p>s3cr+t/&quot;value&quot; ü</p>";
        assert_eq!(redactor.text(xml), format!("<p>{REDACTED}</p>"));
        assert_eq!(redactor.text("innocent"), "innocent");
    }

    #[test]
    fn keys_and_numbers_are_redacted_and_json_stays_valid() {
        let redactor = Redactor::new(["12345678"].into_iter());
        let clean = redactor.json(Bytes::from_static(br#"{"12345678":1,"pin":12345678,"n":123}"#)).unwrap();
        assert_eq!(&clean[..], br#"{"[redacted]":1,"pin":"[redacted]","n":123}"#);
    }

    #[test]
    fn bytes_without_a_secret_are_returned_without_a_copy() {
        let body = Bytes::from_static(br#"{"a":[1,2]}"#);
        let same = Redactor::new([SECRET].into_iter()).json(body.clone()).unwrap();
        assert_eq!(same.as_ptr(), body.as_ptr());
    }
}

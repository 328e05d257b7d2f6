//! Redacts an account's secrets in a provider's responses, in every encoding in which they can be echoed: plain, base64,
//! percent-encoded, and escaped for JSON and XML.
//!
//! The common case, no echo, is one scan without an allocation.

use std::{borrow::Cow, fmt};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use memchr::memmem::{self, Finder};
use patchbay_connector::expr::escape_xml;
use serde_json::Value;
use zeroize::Zeroizing;

use super::stream_redactor::StreamRedactor;

/// The replacement for a secret.
pub(crate) const REDACTED: &str = "[redacted]";
/// The minimum length of a secret, in bytes; a shorter value would match unrelated text.
const MIN_SECRET_BYTES: usize = 4;

/// Redacts the secrets of one account.
#[derive(Default)]
pub struct Redactor {
    /// The encodings of all secrets, longest first, so that a longer one is replaced as a whole.
    needles: Vec<Zeroizing<String>>,
}

impl Redactor {
    /// Creates a redactor of these secrets.
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut redactor = Self::default();
        secrets.for_each(|secret| redactor.add(secret));
        redactor
    }

    /// Adds a secret in all its encodings. A secret shorter than 4 bytes is ignored.
    pub fn add(&mut self, secret: &str) {
        if secret.len() < MIN_SECRET_BYTES {
            return;
        }
        let json = serde_json::to_string(secret).unwrap_or_default();
        let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
        let percent = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
        for encoded in [
            percent.replace('+', "%20"),
            percent,
            json.replace('/', "\\/"),
            json.to_owned(),
            escape_xml(secret).unwrap_or_default(),
            // Between tags, quotes need no escape.
            secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
            STANDARD.encode(secret),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            secret.to_owned(),
        ] {
            if !encoded.is_empty() && !self.needles.iter().any(|known| **known == encoded) {
                self.needles.push(Zeroizing::new(encoded));
            }
        }
        self.needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
    }

    /// Returns true if the bytes contain a secret.
    pub(crate) fn contains_secret(&self, bytes: &[u8]) -> bool {
        self.needles.iter().any(|needle| memmem::find(bytes, needle.as_bytes()).is_some())
    }

    /// Returns a redactor for a stream of bytes.
    pub(crate) fn stream_redactor(&self) -> StreamRedactor {
        StreamRedactor::new(self.needles.iter().map(|needle| needle.as_str()))
    }

    /// Returns the text with the secrets redacted.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for needle in &self.needles {
            if memmem::find(clean.as_bytes(), needle.as_bytes()).is_some() {
                clean = Cow::Owned(clean.replace(needle.as_str(), REDACTED));
            }
        }
        clean
    }

    /// Redacts the secrets in a value: in strings, in keys, and numbers that are a secret.
    pub fn value(&self, value: &mut Value) {
        if self.needles.is_empty() {
            return;
        }
        let finders = self.needles.iter().map(|needle| Finder::new(needle.as_bytes())).collect::<Vec<_>>();
        self.walk(value, &finders);
    }

    /// Redacts the secrets in a value, in place.
    fn walk(&self, value: &mut Value, finders: &[Finder<'_>]) {
        let has_secret = |text: &str| finders.iter().any(|finder| finder.find(text.as_bytes()).is_some());
        match value {
            Value::String(text) if has_secret(text) => *text = self.text(text).into_owned(),
            Value::Number(number) if self.needles.iter().any(|needle| **needle == number.to_string()) => {
                *value = Value::String(REDACTED.to_owned());
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, finders)),
            Value::Object(members) => {
                if members.keys().any(|key| has_secret(key)) {
                    *members = std::mem::take(members)
                        .into_iter()
                        .map(|(key, member)| (self.text(&key).into_owned(), member))
                        .collect();
                }
                members.values_mut().for_each(|member| self.walk(member, finders));
            }
            _ => {}
        }
    }

    /// Returns JSON text with the secrets redacted; it stays valid JSON.
    pub fn json(&self, json: Bytes) -> Bytes {
        if !self.contains_secret(&json) {
            return json;
        }
        // An echo is rare, so the cost of parsing is acceptable. In the text, a replaced number would not be valid JSON.
        let Ok(mut value) = serde_json::from_slice::<Value>(&json) else {
            return Bytes::from(format!("\"{REDACTED}\""));
        };
        self.value(&mut value);
        Bytes::from(value.to_string())
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(…)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "s3cr+t/\"value\" ü";

    #[test]
    fn every_encoding_is_redacted() {
        let redactor = Redactor::new([SECRET].into_iter());
        let echo = json!({"plain": SECRET, "base64": STANDARD.encode(SECRET), "inside": format!("key={SECRET}!")});
        let escaped = echo.to_string().replace('/', "\\/");
        for text in [echo.to_string(), escaped] {
            let clean = redactor.json(Bytes::from(text));
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
        let clean = redactor.json(Bytes::from_static(br#"{"12345678":1,"pin":12345678,"n":123}"#));
        assert_eq!(&clean[..], br#"{"[redacted]":1,"pin":"[redacted]","n":123}"#);
    }

    #[test]
    fn bytes_without_a_secret_are_returned_without_a_copy() {
        let body = Bytes::from_static(br#"{"a":[1,2]}"#);
        let same = Redactor::new([SECRET].into_iter()).json(body.clone());
        assert_eq!(same.as_ptr(), body.as_ptr());
    }
}

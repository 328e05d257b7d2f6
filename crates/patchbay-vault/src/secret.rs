//! Strings that must not be displayed.

use std::fmt;

use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret string: wiped on drop, never printed, never serialized, and compared in constant time.
///
/// It can be deserialized, so that a secret in a request never exists as a plain string. [`Secret::expose`] is the only
/// access to the string, and easy to search for.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Wraps a string. The caller must not keep a copy.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the string. The caller must wipe every copy.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether the string is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_not_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.expose(), "hunter2");
        assert!(secret == Secret::new("hunter2") && secret != Secret::new("hunter3"));
        assert!(secret != Secret::new("hunter") && secret != Secret::new("hunter22"));
    }

    #[test]
    fn is_deserialized_from_a_request() {
        #[derive(Debug, Deserialize)]
        struct Request {
            secret: Secret,
        }
        let request: Request = serde_json::from_str(r#"{"secret": "p\u00e4ss\n\"word\""}"#).unwrap();
        assert_eq!(request.secret.expose(), "päss\n\"word\"");
        assert_eq!(format!("{request:?}"), "Request { secret: Secret(…) }");
        let error = serde_json::from_str::<Request>(r#"{"secret": 5}"#).unwrap_err();
        assert!(error.to_string().starts_with("invalid type: integer `5`, expected a string"), "{error}");
    }
}

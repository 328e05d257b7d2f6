//! The id of a request.

use std::fmt;

use serde_json::value::RawValue;

/// The id of a request: text or a number, as the client wrote it. A response repeats it unchanged, also a number that no type
/// of this language has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// Returns the id of a JSON value; `None` if it is neither text nor a number.
    pub fn of_json(value: &RawValue) -> Option<Self> {
        let text = value.get();
        let is_id = text.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit());
        is_id.then(|| Self(text.into()))
    }

    /// Returns the id of a number.
    pub fn of_number(number: u64) -> Self {
        Self(number.to_string().into())
    }

    /// Returns the JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

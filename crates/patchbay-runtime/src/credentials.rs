//! An account's field values while a call runs.

use std::fmt;

use patchbay_model::Metadata;
use patchbay_vault::Secret;
use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::redaction::redactor::Redactor;

/// Decrypted field values for expressions: `credentials.KEY`. Wiped on drop; never printed or serialized.
///
/// Copies in the results of expressions, such as a header, exist only as long as the request.
pub struct Credentials {
    values: Value,
    secrets: Vec<Secret>,
    /// The client ID of a previous client of the profile, if these values are its own.
    previous_client: Option<String>,
}

impl Credentials {
    /// Creates credentials from plain values and opened secrets; a secret replaces a plain value of the same key.
    pub fn from_parts<'a>(plain: &Metadata, secrets: impl Iterator<Item = (&'a str, Secret)>) -> Self {
        let mut values = plain.clone();
        let mut opened = Vec::new();
        for (key, secret) in secrets {
            if let Some(mut replaced) = values.insert(key.to_owned(), Value::String(secret.expose().to_owned())) {
                wipe(&mut replaced);
            }
            opened.push(secret);
        }
        Self { values: Value::Object(values), secrets: opened, previous_client: None }
    }

    /// Marks the credentials as those of a previous client of the profile.
    #[must_use]
    pub fn with_previous_client(mut self, client_id: Option<&str>) -> Self {
        self.previous_client = client_id.map(str::to_owned);
        self
    }

    /// Returns the client ID of the previous client; `None` if the credentials are those of the current client.
    pub fn previous_client(&self) -> Option<&str> {
        self.previous_client.as_deref()
    }

    /// Returns the object behind `credentials` in expressions.
    pub fn values(&self) -> &Value {
        &self.values
    }

    /// Returns the string value of a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key)?.as_str()
    }

    /// Returns true if a value is one of the secret ones, which were stored sealed.
    pub fn has_secret(&self, value: &str) -> bool {
        self.secrets.iter().any(|secret| secret.expose() == value)
    }

    /// Returns a redactor of the secret values.
    pub fn redactor(&self) -> Redactor {
        Redactor::new(self.secrets.iter().map(Secret::expose))
    }
}

impl Default for Credentials {
    fn default() -> Self {
        Self { values: Value::Object(Map::new()), secrets: Vec::new(), previous_client: None }
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        wipe(&mut self.values);
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

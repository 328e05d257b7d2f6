//! An account's field values while a call runs.

use std::fmt;

use patchbay_model::Metadata;
use patchbay_vault::Secret;
use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::redaction::redactor::Redactor;

/// Plain field values for expressions: `credentials.KEY`. Wiped on drop; never printed or serialised.
///
/// What expressions copy out of it (a header's bytes) lives only as long as the request.
pub struct Credentials {
    values: Value,
    secrets: Vec<Secret>,
    /// The client id of an app that the profile had before, where these are its values.
    previous_client: Option<String>,
}

impl Credentials {
    /// From values that are not secret and opened secrets; a secret takes the place of a plain value.
    pub fn from_parts<'a>(plain: &Metadata, secrets: impl Iterator<Item = (&'a str, Secret)>) -> Self {
        let mut values = plain.clone();
        let mut kept = Vec::new();
        for (key, secret) in secrets {
            if let Some(mut replaced) = values.insert(key.to_owned(), Value::String(secret.expose().to_owned())) {
                wipe(&mut replaced);
            }
            kept.push(secret);
        }
        Self { values: Value::Object(values), secrets: kept, previous_client: None }
    }

    /// The same, of an app that the profile had before.
    #[must_use]
    pub fn with_previous_client(mut self, client_id: Option<&str>) -> Self {
        self.previous_client = client_id.map(str::to_owned);
        self
    }

    /// The client id of the app that the profile had before and that these are of; none where it is the one it has.
    pub fn previous_client(&self) -> Option<&str> {
        self.previous_client.as_deref()
    }

    /// The object that expressions see.
    pub fn values(&self) -> &Value {
        &self.values
    }

    /// The text under a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key)?.as_str()
    }

    /// What removes the secret values from texts.
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

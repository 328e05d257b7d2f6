//! The client certificate of mutual TLS.

use serde_json::{Value, json};

use crate::{
    diagnostic::code,
    expr::Template,
    json_schema::{object, text},
    syntax::Reader,
};

const KEYS: [&str; 2] = ["certs", "keys"];

/// A client certificate for mutual TLS (RFC 8446 section 4.4.2).
#[derive(Debug)]
pub struct Certificates {
    /// PEM chains, each for the key with the same index; with a single key, the parts of one chain.
    pub certs: Vec<Template>,
    /// PEM private keys; at least one.
    pub keys: Vec<Template>,
}

impl Certificates {
    /// Reads `certificates` of a request or of an authentication method.
    pub(crate) fn read(reader: Reader<'_>) -> Option<Self> {
        let mapping = reader.mapping("`certificates`", &KEYS)?;
        let templates = |key| mapping.items(key).into_iter().filter_map(|item| item.template()).collect::<Vec<_>>();
        let read = Self { certs: templates("certs"), keys: templates("keys") };
        let (certs, keys) = (mapping.items("certs").len(), mapping.items("keys").len());
        if certs == 0 || keys == 0 {
            reader.error(code::MISSING_KEY, "`certificates` needs at least one item in `certs` and one in `keys`");
        } else if keys > 1 && keys != certs {
            let message = format!("`certificates` has {certs} `certs` and {keys} `keys`");
            reader.error_with_hint(code::INVALID, message, "add one key for each chain, or one key for one chain");
        }
        Some(read)
    }

    /// Adds every expression.
    pub(crate) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.extend(self.certs.iter().chain(&self.keys));
    }
}

pub(crate) fn schema() -> Value {
    let pems = || json!({ "type": "array", "minItems": 1, "items": text() });
    object(&KEYS, &KEYS, &[("certs", pems()), ("keys", pems())])
}

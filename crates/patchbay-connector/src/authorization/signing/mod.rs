//! `signing` of `type: none`: signatures over requests, one file for each strategy, and the table that lists them.

mod aws4;
mod hmac;

pub use aws4::Aws4Signing;
pub(crate) use hmac::HMAC_ALGORITHMS;
pub use hmac::{HmacAlgorithm, HmacSigning};

use serde_json::{Value, json};

use super::{
    SchemeParameters,
    oauth1::{self, OAuth1},
};
use crate::{
    expr::Template,
    syntax::{Mapping, Reader},
};

/// A signature over each request.
#[derive(Debug)]
pub enum Signing {
    /// AWS Signature Version 4.
    Aws4(Aws4Signing),
    /// OAuth 1.0a (RFC 5849 section 3.4); Patchbay extension.
    OAuth1(Box<OAuth1>),
    /// A keyed hash (RFC 2104).
    Hmac(HmacSigning),
}

/// A row of the table.
pub(super) struct Strategy {
    /// The name in the file (`strategy`).
    pub(super) name: &'static str,
    pub(super) keys: &'static [&'static str],
    pub(super) read: fn(&Mapping<'_>) -> Option<Signing>,
    pub(super) schema: fn() -> Value,
}

impl Strategy {
    /// Returns the schema of the key `strategy`.
    pub(super) fn strategy_schema(&self) -> (&'static str, Value) {
        ("strategy", json!({ "const": self.name }))
    }
}

const TABLE: [Strategy; 3] = [aws4::STRATEGY, hmac::STRATEGY, oauth1::STRATEGY];

impl SchemeParameters for Signing {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        match self {
            Self::Aws4(signing) => signing.templates(found),
            Self::OAuth1(signing) => signing.templates(found),
            Self::Hmac(signing) => signing.templates(found),
        }
    }
}

/// Reads `signing`. The strategy decides which keys there are, so it is read first.
pub(super) fn read(reader: Reader<'_>) -> Option<Signing> {
    let name = reader.peek("strategy").and_then(|strategy| strategy.text());
    let Some(strategy) = TABLE.iter().find(|strategy| Some(strategy.name) == name.as_deref()) else {
        let all = TABLE.iter().flat_map(|strategy| strategy.keys.iter().copied()).collect::<Vec<_>>();
        let mapping = reader.mapping("`signing`", &all)?;
        mapping.require("strategy")?.choice(&TABLE.each_ref().map(|strategy| (strategy.name, ())));
        return None;
    };
    (strategy.read)(&reader.mapping("`signing`", strategy.keys)?)
}

/// Returns the schema of `signing`.
pub(super) fn schema() -> Value {
    json!({ "oneOf": TABLE.iter().map(|strategy| (strategy.schema)()).collect::<Vec<_>>() })
}

//! `strategy: hmac`: a keyed hash over the request (RFC 2104).

use serde_json::Value;

use super::{Signing, Strategy};
use crate::{
    authorization::SchemeParameters,
    expr::Template,
    json_schema::{boolean, choice, object},
    syntax::Mapping,
};

const KEYS: [&str; 9] = [
    "strategy",
    "algorithm",
    "headerName",
    "prefix",
    "dateFormat",
    "includeHost",
    "includeBodyHash",
    "outputFormat",
    "username",
];
/// The hash functions by their name in the file.
pub(crate) const HMAC_ALGORITHMS: [(&str, HmacAlgorithm); 3] =
    [("sha1", HmacAlgorithm::Sha1), ("sha256", HmacAlgorithm::Sha256), ("sha512", HmacAlgorithm::Sha512)];
/// Whether the date is written as in RFC 2822.
const DATE_FORMATS: [(&str, bool); 2] = [("iso8601", false), ("rfc2822", true)];
/// Whether the signature is the password of `Authorization: Basic`.
const OUTPUT_FORMATS: [(&str, bool); 2] = [("header", false), ("basic", true)];

pub(super) const STRATEGY: Strategy =
    Strategy { name: "hmac", keys: &KEYS, read: |mapping| Some(Signing::Hmac(HmacSigning::read(mapping))), schema };

/// A keyed hash over the request (RFC 2104).
#[derive(Debug)]
pub struct HmacSigning {
    /// The hash function.
    pub algorithm: HmacAlgorithm,
    /// The header that carries the signature.
    pub header: Option<String>,
    /// Text before the signature.
    pub prefix: Option<String>,
    /// Whether the date is written as in RFC 2822 instead of ISO 8601.
    pub rfc2822_date: bool,
    /// Whether the host is signed.
    pub include_host: bool,
    /// Whether a hash of the body is signed.
    pub include_body_hash: bool,
    /// Whether the signature is the password of `Authorization: Basic` instead of having its own header.
    pub as_basic: bool,
    /// The user name of `Authorization: Basic`.
    pub username: Option<Template>,
}

/// The hash function of a keyed hash (FIPS 180-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HmacAlgorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

impl SchemeParameters for HmacSigning {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.extend(&self.username);
    }
}

impl HmacSigning {
    fn read(mapping: &Mapping<'_>) -> Self {
        let chosen = |key, choices: &[(&str, bool)]| mapping.get(key).and_then(|value| value.choice(choices));
        Self {
            algorithm: mapping.get("algorithm").and_then(|value| value.choice(&HMAC_ALGORITHMS)).unwrap_or_default(),
            header: mapping.text("headerName"),
            prefix: mapping.text("prefix"),
            rfc2822_date: chosen("dateFormat", &DATE_FORMATS).unwrap_or(false),
            include_host: mapping.flag("includeHost", false),
            include_body_hash: mapping.flag("includeBodyHash", false),
            as_basic: chosen("outputFormat", &OUTPUT_FORMATS).unwrap_or(false),
            username: mapping.template("username"),
        }
    }
}

fn schema() -> Value {
    object(
        &KEYS,
        &["strategy"],
        &[
            STRATEGY.strategy_schema(),
            ("algorithm", choice(&HMAC_ALGORITHMS)),
            ("dateFormat", choice(&DATE_FORMATS)),
            ("includeHost", boolean()),
            ("includeBodyHash", boolean()),
            ("outputFormat", choice(&OUTPUT_FORMATS)),
        ],
    )
}

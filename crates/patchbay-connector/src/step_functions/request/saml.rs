//! `saml`: a SAML 2.0 bearer assertion (RFC 7522) that a request exchanges for a token.

use serde_json::Value;

use crate::{
    expr::Template,
    json_schema::{choice, map_of, object, text, whole},
    syntax::Reader,
};

const KEYS: [&str; 12] = [
    "objectKey",
    "key",
    "clientId",
    "cert",
    "issuer",
    "lifetime",
    "nameId",
    "audience",
    "nameIdentifierFormat",
    "tokenEndpoint",
    "attributes",
    "encoding",
];
/// Whether the assertion is encoded as base64url.
const ENCODINGS: [(&str, bool); 2] = [("base64", false), ("base64url", true)];

/// A SAML 2.0 bearer assertion (RFC 7522) in the body of the request that exchanges it for a token.
#[derive(Debug)]
pub struct Saml {
    /// The member of the body that carries it; `assertion` in RFC 7522.
    pub object_key: Template,
    /// PEM of the private key.
    pub key: Template,
    /// The client ID at the token endpoint; it is also the attribute `api_key`.
    pub client_id: Template,
    /// PEM of the certificate, for `KeyInfo`.
    pub cert: Option<Template>,
    /// The issuer; by default the client ID.
    pub issuer: Option<Template>,
    /// Seconds until the assertion expires; by default 600.
    pub lifetime: Option<u64>,
    /// The subject; by default the client ID.
    pub name_id: Option<Template>,
    /// The audience.
    pub audience: Option<Template>,
    /// The format of `name_id`, a URN.
    pub name_id_format: Option<Template>,
    /// The recipient: the token endpoint; by default the request's own URL.
    pub token_endpoint: Option<Template>,
    /// Further attributes, such as `use_username` (Patchbay extension).
    pub attributes: Vec<(String, Template)>,
    /// Whether it is encoded as base64url, as RFC 7522 section 2.1 requires (`encoding: base64url`, Patchbay
    /// extension). The default is base64, which SuccessFactors documents.
    pub base64url: bool,
}

impl Saml {
    pub(super) fn read(reader: Reader<'_>) -> Option<Self> {
        let mapping = reader.mapping("`saml`", &KEYS)?;
        let (object_key, key, client_id) =
            (mapping.require("objectKey"), mapping.require("key"), mapping.require("clientId"));
        Some(Self {
            object_key: object_key?.template()?,
            key: key?.template()?,
            client_id: client_id?.template()?,
            cert: mapping.template("cert"),
            issuer: mapping.template("issuer"),
            lifetime: mapping.get("lifetime").and_then(|lifetime| lifetime.whole()),
            name_id: mapping.template("nameId"),
            audience: mapping.template("audience"),
            name_id_format: mapping.template("nameIdentifierFormat"),
            token_endpoint: mapping.template("tokenEndpoint"),
            attributes: mapping.named_templates("attributes"),
            base64url: mapping.get("encoding").and_then(|encoding| encoding.choice(&ENCODINGS)).unwrap_or(false),
        })
    }

    pub(super) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.extend([&self.object_key, &self.key, &self.client_id]);
        let optional =
            [&self.cert, &self.issuer, &self.name_id, &self.audience, &self.name_id_format, &self.token_endpoint];
        found.extend(optional.into_iter().flatten().chain(self.attributes.iter().map(|(_, value)| value)));
    }
}

pub(super) fn schema() -> Value {
    object(
        &KEYS,
        &["objectKey", "key", "clientId"],
        &[("lifetime", whole()), ("attributes", map_of(&text())), ("encoding", choice(&ENCODINGS))],
    )
}

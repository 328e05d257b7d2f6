//! `type: oauth1`: OAuth 1.0a (RFC 5849); Patchbay extension. Also the signing strategy `oauth1`.

use serde_json::Value;

use super::{
    AuthKind, AuthType, Authorization, MethodParts, Scheme, SchemeParameters,
    signing::{Signing, Strategy},
};
use crate::{
    diagnostic::code,
    expr::Template,
    http::HttpMethod,
    json_schema::{choice, map_of, object, text, whole},
    syntax::{Mapping, NameSet, Reader},
};

/// The keys of `signing`.
const SIGNING_KEYS: [&str; 8] =
    ["strategy", "signatureMethod", "realm", "consumerKey", "consumerSecret", "privateKey", "token", "tokenSecret"];
/// The keys of `authorization`: those of the flow, and those of `signing`.
const KEYS: [&str; 18] = [
    "type",
    "requestTokenUrl",
    "requestTokenParams",
    "authorizationUrl",
    "authorizationParams",
    "tokenUrl",
    "tokenParams",
    "tokenMethod",
    "tokenExpiresIn",
    "additionalTokenFields",
    "callbackParams",
    "signatureMethod",
    "realm",
    "consumerKey",
    "consumerSecret",
    "privateKey",
    "token",
    "tokenSecret",
];
const REQUIRED_KEYS: [&str; 4] = ["type", "requestTokenUrl", "authorizationUrl", "tokenUrl"];
const TOKEN_METHODS: [(&str, HttpMethod); 2] = [("post", HttpMethod::Post), ("get", HttpMethod::Get)];
/// The parameters that a connector adds.
const PARAMETER_KEYS: [&str; 3] = ["requestTokenParams", "authorizationParams", "tokenParams"];
/// The prefix of the protocol's own parameters (RFC 5849 section 3.1).
const PROTOCOL_PREFIX: &str = "oauth_";
/// The names of credentials that a token response sets.
const TOKEN_CREDENTIALS: [&str; 2] = ["accessToken", "tokenSecret"];

pub(super) const SCHEME: Scheme = Scheme { name: "oauth1", keys: &KEYS, read, schema };

pub(super) const STRATEGY: Strategy = Strategy {
    name: "oauth1",
    keys: &SIGNING_KEYS,
    read: |mapping| Some(Signing::OAuth1(Box::new(OAuth1::read(mapping)?))),
    schema: signing_schema,
};

/// Authentication with a token of OAuth 1.0a.
pub(super) const AUTH_TYPE: AuthType = AuthType { name: "oauth1", kind: |_| Some(AuthKind::OAuth1), check };

/// How requests are signed (RFC 5849 section 3.4). What the file does not set is the credential with the same name.
#[derive(Debug)]
pub struct OAuth1 {
    /// The signature method.
    pub method: OAuth1Method,
    /// The realm of the header, if the provider requires one.
    pub realm: Option<Template>,
    /// The consumer key.
    pub consumer_key: Option<Template>,
    /// The consumer secret, for the HMAC methods.
    pub consumer_secret: Option<Template>,
    /// The consumer's private key (PEM), for the RSA methods.
    pub private_key: Option<Template>,
    /// The token; by default `credentials.token`, otherwise `credentials.accessToken`.
    pub token: Option<Template>,
    /// The token secret.
    pub token_secret: Option<Template>,
}

/// The signature method of OAuth 1.0a. `PLAINTEXT` sends the secrets and is rejected; the cryptographic library no
/// longer supports `RSA-SHA1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OAuth1Method {
    /// HMAC-SHA1 (RFC 5849 section 3.4.2).
    #[default]
    HmacSha1,
    /// HMAC-SHA256, which NetSuite requires.
    HmacSha256,
    /// HMAC-SHA512.
    HmacSha512,
    /// RSA (RFC 5849 section 3.4.3) with SHA-256.
    RsaSha256,
}

impl OAuth1Method {
    /// Every method by its name.
    pub const ALL: [(&'static str, Self); 4] = [
        ("HMAC-SHA1", Self::HmacSha1),
        ("HMAC-SHA256", Self::HmacSha256),
        ("HMAC-SHA512", Self::HmacSha512),
        ("RSA-SHA256", Self::RsaSha256),
    ];

    /// Returns the method's name in the file and in `oauth_signature_method`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::HmacSha512 => "HMAC-SHA512",
            Self::RsaSha256 => "RSA-SHA256",
        }
    }

    /// Returns true if the method signs with a private key instead of secrets.
    pub const fn is_by_key(self) -> bool {
        matches!(self, Self::RsaSha256)
    }
}

/// The redirection-based authorization of OAuth 1.0a (RFC 5849 section 2), and how requests are signed.
#[derive(Debug)]
pub struct OAuth1Flow {
    /// How requests are signed, those for tokens among them.
    pub signing: OAuth1,
    /// The endpoint for temporary credentials (section 2.1): the request token.
    pub request_token_url: Template,
    /// Further parameters of that request.
    pub request_token_params: Vec<(String, Template)>,
    /// The endpoint for the customer's authorization (section 2.2).
    pub authorization_url: Template,
    /// Further parameters of that request.
    pub authorization_params: Vec<(String, Template)>,
    /// The endpoint for token credentials (section 2.3): the access token.
    pub token_url: Template,
    /// Further parameters of that request.
    pub token_params: Vec<(String, Template)>,
    /// The method of both token requests: POST as in the RFC, or GET.
    pub token_method: HttpMethod,
    /// Seconds until a token expires, if the token response has no `oauth_expires_in`; `None` if it never expires.
    pub token_expires_in: Option<u64>,
    /// Fields of the token response that become credentials: name and path.
    pub additional_token_fields: Vec<(String, String)>,
    /// Parameters of the callback that become credentials: name and parameter.
    pub callback_params: Vec<(String, String)>,
}

impl OAuth1 {
    fn read(mapping: &Mapping<'_>) -> Option<Self> {
        let method = match mapping.get("signatureMethod") {
            None => Some(OAuth1Method::default()),
            Some(place) if place.text().as_deref() == Some("PLAINTEXT") => {
                let hint = "use `HMAC-SHA256`, or `HMAC-SHA1` if the provider does not support it";
                place.error_with_hint(code::UNSUPPORTED, "`PLAINTEXT` sends the secrets without a signature", hint);
                None
            }
            Some(place) => place.choice(&OAuth1Method::ALL),
        };
        Some(Self {
            realm: mapping.template("realm"),
            consumer_key: mapping.template("consumerKey"),
            consumer_secret: mapping.template("consumerSecret"),
            private_key: mapping.template("privateKey"),
            token: mapping.template("token"),
            token_secret: mapping.template("tokenSecret"),
            method: method?,
        })
    }
}

impl SchemeParameters for OAuth1 {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        let Self { method: _, realm, consumer_key, consumer_secret, private_key, token, token_secret } = self;
        found.extend([realm, consumer_key, consumer_secret, private_key, token, token_secret].into_iter().flatten());
    }
}

impl SchemeParameters for OAuth1Flow {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        self.signing.templates(found);
        found.extend([&self.request_token_url, &self.authorization_url, &self.token_url]);
        let named = self.request_token_params.iter().chain(&self.authorization_params).chain(&self.token_params);
        found.extend(named.map(|(_, value)| value));
    }

    fn credentials<'a>(&'a self, names: &mut NameSet<'a>) {
        TOKEN_CREDENTIALS.into_iter().for_each(|name| names.add(name));
        let stored = self.additional_token_fields.iter().chain(&self.callback_params);
        stored.for_each(|(name, _)| names.add(name));
    }
}

fn read(mapping: &Mapping<'_>) -> Option<Authorization> {
    for key in PARAMETER_KEYS {
        for (name, place) in mapping.get(key).into_iter().flat_map(|params| params.entries(key)) {
            if name.starts_with(PROTOCOL_PREFIX) {
                let message = format!("`{name}` is a parameter of the protocol; a connector cannot set it");
                place.error(code::INVALID, message);
            }
        }
    }
    let [request_token_url, authorization_url, token_url] =
        ["requestTokenUrl", "authorizationUrl", "tokenUrl"].map(|key| mapping.require(key)?.template());
    let token_method = mapping.get("tokenMethod").map_or(Some(HttpMethod::Post), |place| place.choice(&TOKEN_METHODS));
    let signing = OAuth1::read(mapping);
    Some(Authorization::OAuth1(Box::new(OAuth1Flow {
        request_token_params: mapping.named_templates("requestTokenParams"),
        authorization_params: mapping.named_templates("authorizationParams"),
        token_params: mapping.named_templates("tokenParams"),
        token_expires_in: mapping.get("tokenExpiresIn").and_then(|value| value.whole()),
        additional_token_fields: mapping.named_texts("additionalTokenFields"),
        callback_params: mapping.named_texts("callbackParams"),
        signing: signing?,
        request_token_url: request_token_url?,
        authorization_url: authorization_url?,
        token_url: token_url?,
        token_method: token_method?,
    })))
}

fn schema() -> Value {
    let pairs = || map_of(&text());
    object(
        &KEYS,
        &REQUIRED_KEYS,
        &[
            SCHEME.type_schema(),
            ("requestTokenParams", pairs()),
            ("authorizationParams", pairs()),
            ("tokenParams", pairs()),
            ("tokenMethod", choice(&TOKEN_METHODS)),
            ("tokenExpiresIn", whole()),
            ("additionalTokenFields", pairs()),
            ("callbackParams", pairs()),
            ("signatureMethod", choice(&OAuth1Method::ALL)),
        ],
    )
}

fn signing_schema() -> Value {
    let method = ("signatureMethod", choice(&OAuth1Method::ALL));
    object(&SIGNING_KEYS, &["strategy"], &[STRATEGY.strategy_schema(), method])
}

/// Checks that methods of this type, and no others, have an `authorization` of this type with a consumer.
fn check(method: &MethodParts<'_>, mapping: &Mapping<'_>, place: &Reader<'_>) {
    // An `authorization` of this type that cannot be read has been reported.
    let is_declared = || {
        let kind = mapping.get("authorization").and_then(|authorization| authorization.peek("type")?.text());
        kind.as_deref() == Some("oauth1")
    };
    match method.authorization {
        Authorization::OAuth1(flow) if method.kind == AuthKind::OAuth1 => {
            check_consumer(method, &flow.signing, place);
        }
        Authorization::OAuth1(_) => {
            let hint = "set `type: oauth1` on the method; for tokens that the customer enters, use `type: none` with \
                        `signing`";
            let message = "`authorization` of type `oauth1` requires an authentication method of that type";
            place.error_with_hint(code::INVALID, message, hint);
        }
        _ if method.kind == AuthKind::OAuth1 && !is_declared() => {
            place.error(code::MISSING_KEY, "authentication of type `oauth1` needs `authorization` of type `oauth1`");
        }
        _ => {}
    }
}

/// Checks that the file sets the consumer's key and secret, or that fields with these names exist.
fn check_consumer(method: &MethodParts<'_>, signing: &OAuth1, place: &Reader<'_>) {
    let has_field = |key: &str| method.field_keys.contains(&key);
    let secret = if signing.method.is_by_key() {
        ("privateKey", &signing.private_key)
    } else {
        ("consumerSecret", &signing.consumer_secret)
    };
    let needed: [(&str, &Option<Template>); 2] = [("consumerKey", &signing.consumer_key), secret];
    for (key, _) in needed.iter().filter(|(key, named)| named.is_none() && !has_field(key)) {
        let hint = format!("add the field `{key}` to `setupFields`, or set `{key}` in `authorization`");
        place.error_with_hint(code::MISSING_KEY, format!("`{key}`, which signs requests, is missing"), hint);
    }
}

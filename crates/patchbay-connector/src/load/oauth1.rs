//! OAuth 1.0a: how requests are signed, and how a customer signs in.

use super::authorization::{templates, texts};
use crate::{
    definition::{AuthMethod, HttpMethod, OAuth1, OAuth1Method, OAuth1SignIn},
    diagnostic::code,
    expr::Template,
    syntax::{Mapping, Reader},
};

/// The keys of `signing`.
pub(crate) const SIGNING: [&str; 8] =
    ["strategy", "signatureMethod", "realm", "consumerKey", "consumerSecret", "privateKey", "token", "tokenSecret"];
/// The keys of an `authorization`: where one signs in, and those of `signing`.
pub(crate) const SIGN_IN: [&str; 18] = [
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
/// Those that must be there.
pub(crate) const REQUIRED: [&str; 4] = ["type", "requestTokenUrl", "authorizationUrl", "tokenUrl"];
pub(crate) const TOKEN_METHODS: [(&str, HttpMethod); 2] = [("post", HttpMethod::Post), ("get", HttpMethod::Get)];
/// The parameters that a connector adds.
pub(crate) const PARAMS: [&str; 3] = ["requestTokenParams", "authorizationParams", "tokenParams"];
/// What the names of the protocol's own parameters begin with (RFC 5849, section 3.1).
const PROTOCOL: &str = "oauth_";

/// How requests are signed, of a `signing` or an `authorization`.
pub(super) fn signing(mapping: &Mapping<'_>) -> Option<OAuth1> {
    let method = match mapping.get("signatureMethod") {
        None => Some(OAuth1Method::default()),
        Some(place) if place.text().as_deref() == Some("PLAINTEXT") => {
            let hint = "say `HMAC-SHA256`, or `HMAC-SHA1` where the provider knows no other";
            place.error_with_hint(code::UNSUPPORTED, "`PLAINTEXT` sends the secrets themselves, unsigned", hint);
            None
        }
        Some(place) => place.choice(&OAuth1Method::ALL),
    };
    Some(OAuth1 {
        realm: mapping.template("realm"),
        consumer_key: mapping.template("consumerKey"),
        consumer_secret: mapping.template("consumerSecret"),
        private_key: mapping.template("privateKey"),
        token: mapping.template("token"),
        token_secret: mapping.template("tokenSecret"),
        method: method?,
    })
}

/// An `authorization` of type `oauth1`.
pub(super) fn sign_in(mapping: &Mapping<'_>) -> Option<OAuth1SignIn> {
    for key in PARAMS {
        for (name, place) in mapping.get(key).into_iter().flat_map(|params| params.entries(key)) {
            if name.starts_with(PROTOCOL) {
                place.error(code::INVALID, format!("`{name}` belongs to the protocol; a connector cannot set it"));
            }
        }
    }
    let [request_token_url, authorization_url, token_url] =
        ["requestTokenUrl", "authorizationUrl", "tokenUrl"].map(|key| mapping.require(key)?.template());
    let token_method = mapping.get("tokenMethod").map_or(Some(HttpMethod::Post), |place| place.choice(&TOKEN_METHODS));
    let signing = signing(mapping);
    Some(OAuth1SignIn {
        request_token_params: templates(mapping, "requestTokenParams"),
        authorization_params: templates(mapping, "authorizationParams"),
        token_params: templates(mapping, "tokenParams"),
        token_expires_in: mapping.get("tokenExpiresIn").and_then(|value| value.whole()),
        additional_token_fields: texts(mapping, "additionalTokenFields"),
        callback_params: texts(mapping, "callbackParams"),
        signing: signing?,
        request_token_url: request_token_url?,
        authorization_url: authorization_url?,
        token_url: token_url?,
        token_method: token_method?,
    })
}

/// Whoever signs has a key and a secret: named in the file, or fields of these names.
pub(super) fn check_consumer(method: &AuthMethod, signing: &OAuth1, place: &Reader<'_>) {
    let has_field = |key: &str| method.setup_fields.iter().chain(&method.config_fields).any(|field| field.key == key);
    let secret = if signing.method.is_by_key() {
        ("privateKey", &signing.private_key)
    } else {
        ("consumerSecret", &signing.consumer_secret)
    };
    let needed: [(&str, &Option<Template>); 2] = [("consumerKey", &signing.consumer_key), secret];
    for (key, _) in needed.iter().filter(|(key, named)| named.is_none() && !has_field(key)) {
        let hint = format!("add the field `{key}` to `setupFields`, or name another one in `authorization`");
        place.error_with_hint(code::MISSING_KEY, format!("requests are signed with `{key}`, and there is none"), hint);
    }
}

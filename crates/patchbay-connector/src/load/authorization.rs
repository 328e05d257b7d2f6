//! What is added to requests to prove who asks: a method's own, or a step's.

use super::{action::value, oauth1, step};
use crate::{
    definition::{Arg, ArgLocation, ArrayFormat, Authorization, HmacAlgorithm, OAuth2, Signing, TokenResponse},
    diagnostic::code,
    expr::Template,
    syntax::{Mapping, Reader},
};

pub(crate) const NONE: [&str; 3] = ["type", "signing", "redirectUri"];
pub(crate) const BASIC: [&str; 5] = ["type", "username", "password", "encoding", "redirectUri"];
pub(crate) const BEARER: [&str; 4] = ["type", "token", "includeBearer", "redirectUri"];
pub(crate) const CUSTOM: [&str; 2] = ["type", "args"];
pub(crate) const WS_SECURITY: [&str; 4] = ["type", "username", "password", "passwordType"];
pub(crate) const PASSWORD_TYPES: [(&str, bool); 2] = [("text", false), ("digest", true)];
pub(crate) const API_KEY: [&str; 4] = ["type", "key", "value", "in"];
pub(crate) const API_KEY_PLACES: [(&str, ArgLocation); 3] =
    [("header", ArgLocation::Headers), ("headers", ArgLocation::Headers), ("query", ArgLocation::Query)];
pub(crate) const OAUTH2: [&str; 20] = [
    "type",
    "authorizationUrl",
    "redirectUri",
    "authorizationParams",
    "tokenUrl",
    "tokenParams",
    "revocationUrl",
    "revocationParams",
    "tokenExpiresIn",
    "tokenRefreshExpiresIn",
    "token",
    "includeBearer",
    "scopes",
    "scopeDelimiter",
    "customHeaders",
    "pkce",
    "additionalTokenFields",
    "callbackParams",
    "issuer",
    "tokenResponse",
];
pub(crate) const HMAC: [&str; 9] = [
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

pub(crate) const AWS4: [&str; 3] = ["strategy", "service", "region"];

#[derive(Clone, Copy)]
enum AuthorizationType {
    None,
    Basic,
    Bearer,
    Custom,
    WsSecurity,
    ApiKey,
    OAuth2,
    OAuth1,
}

const AUTHORIZATION_TYPES: [(&str, AuthorizationType, &[&str]); 8] = [
    ("none", AuthorizationType::None, &NONE),
    ("basic", AuthorizationType::Basic, &BASIC),
    ("bearer", AuthorizationType::Bearer, &BEARER),
    ("custom", AuthorizationType::Custom, &CUSTOM),
    ("ws_security", AuthorizationType::WsSecurity, &WS_SECURITY),
    ("apiKey", AuthorizationType::ApiKey, &API_KEY),
    ("oauth2", AuthorizationType::OAuth2, &OAUTH2),
    ("oauth1", AuthorizationType::OAuth1, &oauth1::SIGN_IN),
];

/// What is sent to an MCP server: the token that one got by signing in there.
pub(super) fn of_mcp() -> Option<Authorization> {
    Some(Authorization::OAuth2(Box::new(OAuth2 {
        authorization_url: None,
        authorization_params: Vec::new(),
        redirect_uri: None,
        token_url: None,
        token_params: Vec::new(),
        revocation_url: None,
        revocation_params: Vec::new(),
        token_expires_in: None,
        refresh_expires_in: None,
        token: Template::parse("${credentials.accessToken}").ok()?,
        include_bearer: true,
        scopes: None,
        scope_delimiter: None,
        custom_headers: Vec::new(),
        pkce: true,
        additional_token_fields: Vec::new(),
        callback_params: Vec::new(),
        issuer: None,
        token_response: TokenResponse::default(),
    })))
}

pub(super) fn read(reader: Reader<'_>) -> Option<Authorization> {
    // Which keys there are depends on the type, so that is looked at first.
    let kind_place = reader.peek("type");
    let kind = kind_place.and_then(|place| place.text()).and_then(|text| {
        AUTHORIZATION_TYPES.iter().find(|(name, ..)| *name == text).map(|(_, kind, keys)| (*kind, *keys))
    });
    let Some((kind, keys)) = kind else {
        let all = AUTHORIZATION_TYPES.iter().flat_map(|(_, _, keys)| keys.iter().copied()).collect::<Vec<_>>();
        let mapping = reader.mapping("`authorization`", &all)?;
        mapping.require("type")?.choice(&AUTHORIZATION_TYPES.map(|(name, kind, _)| (name, kind)));
        return None;
    };
    let mapping = reader.mapping("this `authorization`", keys)?;
    match kind {
        AuthorizationType::None => match mapping.get("signing") {
            None => Some(Authorization::None),
            Some(place) => signing(place).map(Authorization::Signed),
        },
        AuthorizationType::Basic => {
            mapping.get("encoding").and_then(|encoding| encoding.choice(&[("base64", ())]));
            Some(Authorization::Basic {
                username: mapping.template("username"),
                password: mapping.template("password"),
            })
        }
        AuthorizationType::Bearer => Some(Authorization::Bearer {
            token: mapping.require("token")?.template()?,
            include_bearer: mapping.flag("includeBearer", true),
        }),
        AuthorizationType::Custom => {
            let args = mapping.require("args")?;
            Some(Authorization::Custom { args: args.items().filter_map(|arg| step::credential_arg(&arg)).collect() })
        }
        AuthorizationType::WsSecurity => {
            let (username, password) = (mapping.require("username"), mapping.require("password"));
            Some(Authorization::WsSecurity {
                digested: mapping.get("passwordType").and_then(|kind| kind.choice(&PASSWORD_TYPES)).unwrap_or(false),
                username: username?.template()?,
                password: password?.template()?,
            })
        }
        AuthorizationType::ApiKey => api_key(&mapping),
        AuthorizationType::OAuth2 => oauth2(&mapping).map(|oauth2| Authorization::OAuth2(Box::new(oauth2))),
        AuthorizationType::OAuth1 => oauth1::sign_in(&mapping).map(|flow| Authorization::OAuth1(Box::new(flow))),
    }
}

/// One header or query parameter: `custom` with a single argument.
fn api_key(mapping: &Mapping<'_>) -> Option<Authorization> {
    let name = mapping.require("key").and_then(|key| key.template());
    let value = mapping.require("value").and_then(|place| value(&place));
    let location = mapping.get("in").map_or(Some(ArgLocation::Headers), |place| place.choice(&API_KEY_PLACES));
    let arg = Arg {
        name: name?,
        value: value?,
        location: location?,
        condition: None,
        spread: false,
        inline: false,
        array_format: ArrayFormat::default(),
    };
    Some(Authorization::Custom { args: vec![arg] })
}

fn signing(reader: Reader<'_>) -> Option<Signing> {
    let strategy = reader.peek("strategy").and_then(|strategy| strategy.text());
    if strategy.as_deref() == Some("oauth1") {
        let mapping = reader.mapping("`signing`", &oauth1::SIGNING)?;
        return oauth1::signing(&mapping).map(|signing| Signing::OAuth1(Box::new(signing)));
    }
    if strategy.as_deref() == Some("aws4") {
        let mapping = reader.mapping("`signing`", &AWS4)?;
        return Some(Signing::Aws4 {
            service: mapping.require("service")?.template()?,
            region: mapping.template("region"),
        });
    }
    let mapping = reader.mapping("`signing`", &HMAC)?;
    mapping.require("strategy")?.choice(&[("aws4", ()), ("hmac", ()), ("oauth1", ())])?;
    let algorithms =
        [("sha1", HmacAlgorithm::Sha1), ("sha256", HmacAlgorithm::Sha256), ("sha512", HmacAlgorithm::Sha512)];
    let chosen = |key, choices: &[(&str, bool)]| mapping.get(key).and_then(|value| value.choice(choices));
    Some(Signing::Hmac {
        algorithm: mapping.get("algorithm").and_then(|value| value.choice(&algorithms)).unwrap_or_default(),
        header: mapping.text("headerName"),
        prefix: mapping.text("prefix"),
        rfc2822_date: chosen("dateFormat", &[("iso8601", false), ("rfc2822", true)]).unwrap_or(false),
        include_host: mapping.flag("includeHost", false),
        include_body_hash: mapping.flag("includeBodyHash", false),
        as_basic: chosen("outputFormat", &[("header", false), ("basic", true)]).unwrap_or(false),
        username: mapping.template("username"),
    })
}

fn oauth2(mapping: &Mapping<'_>) -> Option<OAuth2> {
    let token_response = mapping.get("tokenResponse").and_then(|place| {
        let mapping = place.mapping("`tokenResponse`", &["acceptTokenTypes", "accessToken", "refreshToken"])?;
        Some(TokenResponse {
            accept_token_types: mapping.texts("acceptTokenTypes"),
            access_token: mapping.text("accessToken"),
            refresh_token: mapping.text("refreshToken"),
        })
    });
    let seconds = |key| mapping.get(key).and_then(|value| value.whole());
    let token = mapping.require("token").and_then(|token| token.template());
    let oauth2 = OAuth2 {
        authorization_url: mapping.template("authorizationUrl"),
        authorization_params: templates(mapping, "authorizationParams"),
        redirect_uri: mapping.template("redirectUri"),
        token_url: mapping.template("tokenUrl"),
        token_params: templates(mapping, "tokenParams"),
        revocation_url: mapping.template("revocationUrl"),
        revocation_params: templates(mapping, "revocationParams"),
        token_expires_in: seconds("tokenExpiresIn"),
        refresh_expires_in: seconds("tokenRefreshExpiresIn"),
        token: token?,
        include_bearer: mapping.flag("includeBearer", true),
        scopes: mapping.template("scopes"),
        scope_delimiter: mapping.text("scopeDelimiter"),
        custom_headers: templates(mapping, "customHeaders"),
        pkce: mapping.flag("pkce", false),
        additional_token_fields: texts(mapping, "additionalTokenFields"),
        callback_params: texts(mapping, "callbackParams"),
        issuer: mapping.template("issuer"),
        token_response: token_response.unwrap_or_default(),
    };
    for (name, parameter) in &oauth2.callback_params {
        if parameter.is_empty()
            && let Some(place) = mapping.get("callbackParams")
        {
            place.error(code::INVALID, format!("`{name}` names no parameter"));
        }
    }
    Some(oauth2)
}

/// The templates of a mapping with free keys.
pub(super) fn templates(mapping: &Mapping<'_>, key: &str) -> Vec<(String, Template)> {
    let Some(reader) = mapping.get(key) else { return Vec::new() };
    reader.entries(key).filter_map(|(name, value)| Some((name.to_owned(), value.template()?))).collect()
}

/// The texts of a mapping with free keys.
pub(super) fn texts(mapping: &Mapping<'_>, key: &str) -> Vec<(String, String)> {
    let Some(reader) = mapping.get(key) else { return Vec::new() };
    reader.entries(key).filter_map(|(name, value)| Some((name.to_owned(), value.text()?))).collect()
}
